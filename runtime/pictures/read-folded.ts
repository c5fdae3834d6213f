import { UsageError } from "../base/errors.ts";
import { weighStack } from "./weigh-stack.ts";
import type { FileStack } from "./weigh-stack.ts";

/** What stands behind the names: a number; the last name may end in a number of its own. */
const lineEnd = /(?<=.)[ \t]+(-?\d+(?:\.\d*)?)\s*$/;

/** A stack whose name ends in a second number. Source: difffolded.pl of github.com/brendangregg/FlameGraph, which writes the numbers of two recordings */
const differenceLine = /[ \t]\d+(?:\.\d*)?[ \t]+\d+(?:\.\d*)?\s*$/;

/**
 * Reads lines of folded stacks, one when it is asked for the next: the names of a hundred thousand stacks at once take longer to collect than to read.
 * What begins with `#` is a stack as well when it ends in a number: a process may be called so. @throws UsageError for other lines
 */
export function* readFolded(text: string): Generator<FileStack, void> {
  refuseDifference(text);
  for (const { line, number, end } of listStackLines(text)) {
    if (end === null) throw new UsageError(`line ${number} is no folded stack: ${JSON.stringify(line.slice(0, 60))}`);
    const value = end[1]!;
    const names = line.slice(0, end.index).split(";");
    yield weighStack(names, value.includes(".") ? Number(value) : BigInt(value), "count");
  }
}

/** @throws UsageError for a text each line of which ends in two numbers */
function refuseDifference(text: string): void {
  let first: string | undefined;
  for (const { line } of listStackLines(text)) {
    if (!differenceLine.test(line)) return;
    first ??= line;
  }
  if (first === undefined) return;
  throw new UsageError(
    `each line ends in two numbers, as difffolded.pl writes them: ${JSON.stringify(first.slice(0, 60))}`,
    { hint: "draw the difference from both recordings: bpfts flame --before OLD NEW -o change.html" },
  );
}

interface StackLine {
  readonly line: string;
  /** From 1. */
  readonly number: number;
  /** Its number and where that begins; null where there is none. */
  readonly end: RegExpExecArray | null;
}

/** The lines but comments and empty ones. */
function* listStackLines(text: string): Generator<StackLine, void> {
  for (let number = 1, start = 0; start <= text.length; number++) {
    const newline = text.indexOf("\n", start);
    const line = text.slice(start, newline < 0 ? undefined : newline);
    start = newline < 0 ? text.length + 1 : newline + 1;
    const end = lineEnd.exec(line);
    if (end !== null || !/^\s*(?:#|$)/.test(line)) yield { line, number, end };
  }
}
