import { escapeText } from "../../../sdk/wire/escape-text.ts";
import { readBtfText } from "../../object/btf.ts";
import type { ProgramCode, ProgramInfo, ProgramLine } from "../../kernel/live/program-info.ts";
import type { LiveObjects } from "../objects/live-objects.ts";

/** A source line with its text, as clang read it. */
export interface SourceLine {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly text: string;
}

/** One function of a program. */
export interface ProgramFunction {
  readonly name: string;
  /** Units: instructions from the program's start. */
  readonly instruction: number;
  readonly address: bigint;
  /** Units: bytes of machine code. */
  readonly size: number;
}

/** What the type information says of a program's code. */
export interface ProgramSource {
  readonly functions: readonly ProgramFunction[];
  /** Reads a line; undefined where there is no type information. */
  find(line: ProgramLine): SourceLine | undefined;
}

/** Opens what is known of the source of a program: names of functions and lines. */
export function openProgramSource(objects: LiveObjects, program: ProgramInfo, code: ProgramCode): ProgramSource {
  const found = objects.findTypes(program.btfId);
  return {
    functions: code.functions.map(({ type, instruction, address, size }, index) => ({
      name:
        found !== undefined && type > 0 && type < found.types.count
          ? found.types.require(type).name
          : `${program.name || "program"}${index === 0 ? "" : `_${index}`}`,
      instruction,
      address,
      size,
    })),
    find: ({ fileOffset, textOffset, line, column }) =>
      found && {
        file: readBtfText(found.bytes, fileOffset),
        line,
        column,
        text: readBtfText(found.bytes, textOffset).trim(),
      },
  };
}

/** Renders the lines above their instructions: an object has no text of a line that clang could not read from a file. A line that goes on is not told again. */
export function openLineRenderer(): (line: SourceLine | undefined) => readonly string[] {
  let last = "";
  return (line) => {
    // Clang gives line 0 to what it made without a line of the text.
    if (line === undefined || line.line === 0) return [];
    const place = `${line.file}:${line.line}`;
    if (place === last) return [];
    last = place;
    return [escapeText(line.text === "" ? `; ${place}` : `; ${line.text}  (${place})`)];
  };
}
