import { parseElf, readString } from "./elf.ts";

/** The source line of one instruction, as clang wrote it into the object. */
export interface LineInfo {
  /** Units: instructions from the start of the section. */
  readonly instruction: number;
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/**
 * Reads the source lines of a section's instructions, in order.
 *
 * Source: struct btf_ext_header and struct bpf_line_info (Documentation/bpf/btf.rst).
 */
export function readLineInfo(object: Uint8Array, section: string): LineInfo[] {
  const elf = parseElf(object);
  const find = (name: string): Uint8Array =>
    elf.sections.find((candidate) => candidate.name === name)?.data ?? new Uint8Array();
  const extension = find(".BTF.ext");
  const btf = find(".BTF");
  if (extension.length < 24 || btf.length < 24) return [];
  const btfView = new DataView(btf.buffer, btf.byteOffset, btf.byteLength);
  const strings = btf.subarray(btfView.getUint32(4, true) + btfView.getUint32(16, true));
  const view = new DataView(extension.buffer, extension.byteOffset, extension.byteLength);
  const start = view.getUint32(4, true) + view.getUint32(16, true);
  const end = start + view.getUint32(20, true);
  const recordSize = view.getUint32(start, true);
  const lines: LineInfo[] = [];
  for (let at = start + 4; at < end; ) {
    const name = readString(strings, view.getUint32(at, true));
    const count = view.getUint32(at + 4, true);
    at += 8;
    if (name === section) {
      for (let record = at; record < at + count * recordSize; record += recordSize) {
        const position = view.getUint32(record + 12, true);
        lines.push({
          instruction: view.getUint32(record, true) / 8,
          file: readString(strings, view.getUint32(record + 4, true)),
          line: position >>> 10,
          column: position & 0x3ff,
        });
      }
    }
    at += count * recordSize;
  }
  return lines;
}

/** Finds the last line of a file, or of a text in angle brackets, that an instruction or one before it stands for. */
export function findSourceLine(object: Uint8Array, section: string, instruction: number): LineInfo | undefined {
  const lines = readLineInfo(object, section).filter((line) => line.instruction <= instruction);
  // Generated text names no file of the user's: the line before it does.
  return lines.findLast((line) => line.line > 0 && line.file.startsWith("/"));
}
