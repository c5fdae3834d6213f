import { findKernelAddress } from "../../kernel/machine/kallsyms.ts";
import { disassemble } from "../../object/disassemble.ts";
import type { Instruction } from "../../object/disassemble.ts";
import type { ProgramCode } from "../../kernel/live/program-info.ts";
import type { LiveObjects } from "../objects/live-objects.ts";
import { openLineRenderer } from "./program-lines.ts";
import type { ProgramFunction, ProgramSource, SourceLine } from "./program-lines.ts";

/** An instruction with the source line and the function that begin with it. */
export interface XlatedRow extends Instruction {
  readonly function?: string;
  readonly source?: SourceLine;
}

/** Disassembles a program as the verifier left it. */
export function dumpXlated(objects: LiveObjects, code: ProgramCode, source: ProgramSource): readonly XlatedRow[] {
  const functions = new Map(source.functions.map((found: ProgramFunction) => [found.instruction, found.name]));
  // Calls are relative to this symbol.
  const base = findKernelAddress("__bpf_call_base");
  const instructions = disassemble(code.xlated, {
    nameFunction: (at) => functions.get(at),
    nameCall(number) {
      if (base === undefined) return undefined;
      const address = base + BigInt(number);
      const name = objects.nameAddress(address);
      return name.startsWith("0x") ? undefined : name;
    },
  });
  const lines = new Map(code.lines.map((line) => [line.instruction, line]));
  return instructions.map((instruction) => {
    const line = lines.get(instruction.at);
    const text = line && source.find(line);
    const name = functions.get(instruction.at);
    return {
      ...instruction,
      ...(name !== undefined && { function: name }),
      ...(text !== undefined && { source: text }),
    };
  });
}

/** Renders them in the notation of the kernel's log. */
export function renderXlated(rows: readonly XlatedRow[]): string {
  const renderLine = openLineRenderer();
  const width = String(rows.at(-1)?.at ?? 0).length;
  return rows
    .map(({ at, opcode, text, function: name, source }) =>
      [
        ...(name === undefined ? [] : [`${at === 0 ? "" : "\n"}${name}:`]),
        ...renderLine(source),
        `  ${String(at).padStart(width)}: (${opcode.toString(16).padStart(2, "0")}) ${text}`,
      ]
        .map((line) => `${line}\n`)
        .join(""),
    )
    .join("");
}
