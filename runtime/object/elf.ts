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

export interface ElfFile extends ElfParts {
  /** Global functions, in the order of the symbol table. */
  readonly functions: readonly ElfFunction[];
}

/** Source: SHT_SYMTAB, SHT_NOBITS, SHT_REL; STT_OBJECT, STT_FUNC; STB_GLOBAL. */
const sectionType = { symbols: 2, noBits: 8, relocations: 9 } as const;
export const symbolType = { object: 1, function: 2 } as const;
const symbolBindGlobal = 1;
/** Source: Elf64_Sym, Elf64_Rel. Units: bytes. */
const symbolBytes = 24;
const relocationBytes = 16;

/** The parts of an ELF object that the others are found by. */
export interface ElfParts {
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
    if (header === undefined || header.type === sectionType.noBits) return new Uint8Array();
    return bytes.subarray(header.offset, header.offset + header.size);
  };
  const names = readSection(view.getUint16(0x3e, true));
  const sections = headers.map((header, index) => ({ name: readString(names, header.name), data: readSection(index) }));
  return { view, headers, sections };
}

/** A symbol of an object file. */
export interface ElfSymbol {
  readonly name: string;
  readonly type: number;
  readonly isGlobal: boolean;
  /** The number of the section that it stands in; 0 for one that the object does not define. */
  readonly section: number;
  /** Units: bytes from the start of the section. */
  readonly offset: number;
  /** Units: bytes. */
  readonly size: number;
}

/** Lists the symbols of an object, in the order of their table. */
export function listSymbols(parts: ElfParts): ElfSymbol[] {
  const table = parts.headers.findIndex(({ type }) => type === sectionType.symbols);
  if (table < 0) return [];
  const count = Math.floor(parts.headers[table]!.size / symbolBytes);
  return Array.from({ length: count }, (_, index) => readSymbol(parts, table, index));
}

function readSymbol({ view, headers, sections }: ElfParts, table: number, index: number): ElfSymbol {
  const header = headers[table]!;
  const at = header.offset + index * symbolBytes;
  const info = view.getUint8(at + 4);
  return {
    name: readString(sections[header.link]!.data, view.getUint32(at, true)),
    type: info & 0xf,
    isGlobal: info >> 4 === symbolBindGlobal,
    section: view.getUint16(at + 6, true),
    offset: Number(view.getBigUint64(at + 8, true)),
    size: Number(view.getBigUint64(at + 16, true)),
  };
}

/** A place of a section that refers to a symbol. */
export interface ElfRelocation {
  /** Units: bytes from the start of the section. */
  readonly offset: number;
  readonly symbol: ElfSymbol;
}

/** Lists what a section refers to, by the section's number. */
export function listRelocations(parts: ElfParts, section: number): ElfRelocation[] {
  const { view, headers } = parts;
  return headers.flatMap(({ type, info, link, offset, size }) => {
    if (type !== sectionType.relocations || info !== section) return [];
    return Array.from({ length: Math.floor(size / relocationBytes) }, (_, index) => {
      const at = offset + index * relocationBytes;
      return {
        offset: Number(view.getBigUint64(at, true)),
        symbol: readSymbol(parts, link, view.getUint32(at + 12, true)),
      };
    });
  });
}

/**
 * Reads sections and function symbols of a little-endian 64-bit ELF object, as
 * clang writes it for the bpf target.
 */
export function parseElf(bytes: Uint8Array): ElfFile {
  const parts = openElf(bytes);
  const functions = listSymbols(parts).flatMap(({ name, type, isGlobal, section, offset, size }): ElfFunction[] => {
    const place = parts.sections[section];
    if (type !== symbolType.function || !isGlobal || place === undefined) return [];
    return [{ name, section: place.name, offset, size }];
  });
  return { ...parts, functions };
}

/** Reads a string up to its NUL. */
export function readString(bytes: Uint8Array, offset: number): string {
  const end = bytes.indexOf(0, offset);
  return Buffer.from(bytes.buffer, bytes.byteOffset + offset, (end < 0 ? bytes.length : end) - offset).toString(
    "latin1",
  );
}
