import { disassemble } from "./disassemble.ts";
import { listRelocations, listSymbols, openElf, symbolType } from "./elf.ts";
import type { ElfParts, ElfRelocation, ElfSymbol } from "./elf.ts";
import { readLineInfo } from "./line-info.ts";
import type { LineInfo } from "./line-info.ts";

/** Source: SHT_PROGBITS, SHF_EXECINSTR, STT_SECTION of elf.h. */
const CONTENTS = 1;
const EXECUTABLE = 4;
const SECTION_SYMBOL = 3;
const INSTRUCTION_BYTES = 8;

/** What the numbers in an object stand for. */
export interface AssemblyNames {
  /** The name of a helper. */
  nameHelper(number: number): string | undefined;
  /** A line of a file that clang compiled. Units: `line` from 1. */
  readLine(file: string, line: number): string | undefined;
}

/**
 * Renders the instructions of a compiled object as clang wrote them, before libbpf and the verifier change them: each function under its
 * section, each source line above its instructions, in the notation of the kernel's log.
 */
export function renderAssembly(object: Uint8Array, names: AssemblyNames): string {
  const elf = openElf(object);
  const symbols = listSymbols(elf);
  return elf.sections
    .flatMap(({ name, data }, index) => {
      const { type, flags } = elf.headers[index]!;
      if (type !== CONTENTS || (flags & EXECUTABLE) === 0 || data.length === 0) return [];
      return renderSection({ elf, symbols, index, lines: readLineInfo(object, name), names });
    })
    .join("\n");
}

interface CodeSection {
  readonly elf: ElfParts;
  readonly symbols: readonly ElfSymbol[];
  readonly index: number;
  readonly lines: readonly LineInfo[];
  readonly names: AssemblyNames;
}

function renderSection(section: CodeSection): string {
  const { elf, symbols, index, lines, names } = section;
  const { name, data } = elf.sections[index]!;
  const functions = new Map(
    symbols
      .filter((symbol) => symbol.section === index && symbol.type === symbolType.function)
      .map((symbol) => [symbol.offset / INSTRUCTION_BYTES, symbol.name]),
  );
  const relocations = new Map(listRelocations(elf, index).map((found) => [found.offset / INSTRUCTION_BYTES, found]));
  const lineAt = new Map(lines.filter(({ line }) => line > 0).map((line) => [line.instruction, line]));
  let place = "";
  const instructions = disassemble(data, {
    nameFunction: (at) => functions.get(at),
    nameCall: (number) => {
      const helper = names.nameHelper(number);
      return helper && `${helper}#${number}`;
    },
  });
  const width = String(instructions.at(-1)?.at ?? 0).length;
  return instructions
    .map(({ at, opcode, text }) => {
      const line = lineAt.get(at);
      // A line that goes on is not shown again.
      const isNew = line !== undefined && line.line > 0 && place !== (place = `${line.file}:${line.line}`);
      const relocation = relocations.get(at);
      const target = relocation && nameTarget(section, relocation);
      const code = `  ${String(at).padStart(width)}: (${opcode.toString(16).padStart(2, "0")}) ${text}`;
      return [
        ...(functions.has(at) ? [`${at === 0 ? "" : "\n"}${functions.get(at)!}: SEC("${name}")`] : []),
        ...(isNew ? [renderLine(line, names)] : []),
        target === undefined ? code : `${code} <${target}>`,
      ]
        .map((line) => `${line}\n`)
        .join("");
    })
    .join("");
}

function renderLine({ file, line }: LineInfo, { readLine }: AssemblyNames): string {
  const text = readLine(file, line)?.trim() ?? "";
  return text === "" ? `; ${file}:${line}` : `; ${text}  (${file}:${line})`;
}

/** What an instruction refers to before libbpf writes it in: a map, a variable, a kernel function, a function in another section. */
function nameTarget({ elf, symbols, index }: CodeSection, { offset, symbol }: ElfRelocation): string | undefined {
  if (symbol.type !== SECTION_SYMBOL) return symbol.name === "" ? undefined : symbol.name;
  const { data } = elf.sections[index]!;
  const immediate = new DataView(data.buffer, data.byteOffset + offset + 4, 4).getInt32(0, true);
  const isCall = data[offset] === 0x85;
  // A call counts in instructions from the next one, everything else in bytes.
  const place = isCall ? (immediate + 1) * INSTRUCTION_BYTES : immediate;
  const named = symbols.find(
    (other) =>
      other.section === symbol.section && other.type !== SECTION_SYMBOL && other.offset === place && other.name !== "",
  );
  const section = elf.sections[symbol.section]?.name ?? "";
  return named?.name ?? (place === 0 ? section : `${section}+${place}`);
}
