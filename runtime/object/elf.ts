import { InternalError } from "../base/errors.ts";

/** A section of an object file. */
export interface ElfSection {
  readonly name: string;
  readonly data: Uint8Array;
}

/** A function of an object file and the section that it stands in. */
export interface ElfFunction {
  readonly name: string;
  readonly section: string;
  /** Units: bytes from the start of the section. */
  readonly offset: number;
  /** Units: bytes. */
  readonly size: number;
}

export interface ElfFile {
  readonly sections: readonly ElfSection[];
  /** Global functions, in the order of the symbol table. */
  readonly functions: readonly ElfFunction[];
}

const sectionTypeSymbols = 2;
const sectionTypeNoBits = 8;
const symbolTypeFunction = 2;
const symbolBindGlobal = 1;

/** The parts of an ELF object that the others are found by. */
interface ElfParts {
  readonly view: DataView;
  readonly headers: readonly ElfHeader[];
  readonly sections: readonly ElfSection[];
}

interface ElfHeader {
  readonly name: number;
  readonly type: number;
  /** Units: bits, SHF_EXECINSTR among them. */
  readonly flags: number;
  readonly offset: number;
  readonly size: number;
  /** Another section: the names of symbols, the symbols of relocations. */
  readonly link: number;
  /** The section that relocations are for. */
  readonly info: number;
}

/** Opens a little-endian 64-bit ELF object. Source: elf(5). */
export function openElf(bytes: Uint8Array): ElfParts {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 64 || view.getUint32(0, false) !== 0x7f454c46 || bytes[4] !== 2 || bytes[5] !== 1) {
    throw new InternalError("The compiled object is not a little-endian 64-bit ELF file");
  }
  const tableOffset = Number(view.getBigUint64(0x28, true));
  const entrySize = view.getUint16(0x3a, true);
  const count = view.getUint16(0x3c, true);
  const headers = Array.from({ length: count }, (_, index) => {
    const at = tableOffset + index * entrySize;
    return {
      name: view.getUint32(at, true),
      type: view.getUint32(at + 4, true),
      flags: view.getUint32(at + 8, true),
      offset: Number(view.getBigUint64(at + 0x18, true)),
      size: Number(view.getBigUint64(at + 0x20, true)),
      link: view.getUint32(at + 0x28, true),
      info: view.getUint32(at + 0x2c, true),
    };
  });
  const readSection = (index: number): Uint8Array => {
    const header = headers[index];
    if (header === undefined || header.type === sectionTypeNoBits) return new Uint8Array();
    return bytes.subarray(header.offset, header.offset + header.size);
  };
  const names = readSection(view.getUint16(0x3e, true));
  const sections = headers.map((header, index) => ({ name: readString(names, header.name), data: readSection(index) }));
  return { view, headers, sections };
}

/**
 * Reads sections and function symbols of a little-endian 64-bit ELF object, as
 * clang writes it for the bpf target.
 */
export function parseElf(bytes: Uint8Array): ElfFile {
  const { view, headers, sections } = openElf(bytes);
  const symbols = headers.find((header) => header.type === sectionTypeSymbols);
  const functions: ElfFunction[] = [];
  if (symbols !== undefined) {
    const strings = sections[symbols.link]!.data;
    for (let at = symbols.offset; at < symbols.offset + symbols.size; at += 24) {
      const info = bytes[at + 4]!;
      const section = sections[view.getUint16(at + 6, true)];
      if ((info & 0xf) !== symbolTypeFunction || info >> 4 !== symbolBindGlobal || section === undefined) continue;
      functions.push({
        name: readString(strings, view.getUint32(at, true)),
        section: section.name,
        offset: Number(view.getBigUint64(at + 8, true)),
        size: Number(view.getBigUint64(at + 16, true)),
      });
    }
  }
  return { sections, functions };
}

/** Reads a string up to its NUL. */
export function readString(bytes: Uint8Array, offset: number): string {
  const end = bytes.indexOf(0, offset);
  return Buffer.from(bytes.buffer, bytes.byteOffset + offset, (end < 0 ? bytes.length : end) - offset).toString(
    "latin1",
  );
}
