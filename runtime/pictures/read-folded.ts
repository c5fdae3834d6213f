import { UsageError } from "../base/errors.ts";
import { weighStack } from "./weigh-stack.ts";
import type { FileStack } from "./weigh-stack.ts";

/** Names and a number; the last name may end in a number of its own. */
const stackLine = /^(.+?)[ \t]+(-?\d+(?:\.\d*)?)\s*$/;

/** A stack whose name ends in a second number. Source: difffolded.pl of github.com/brendangregg/FlameGraph, which writes the numbers of two recordings */
const differenceLine = /[ \t]\d+(?:\.\d*)?[ \t]+\d+(?:\.\d*)?\s*$/;

/** Reads lines of folded stacks. What begins with `#` is a stack as well when it ends in a number: a process may be called so. @throws UsageError for other lines */
export function readFolded(text: string): FileStack[] {
  const lines = text.split("\n").map((line, index) => ({ line, number: index + 1, parts: stackLine.exec(line) }));
  const stacks = lines.filter(({ line, parts }) => parts !== null || !/^\s*(?:#|$)/.test(line));
  if (stacks.length > 0 && stacks.every(({ line }) => differenceLine.test(line)))
    throw new UsageError(
      `each line ends in two numbers, as difffolded.pl writes them: ${JSON.stringify(stacks[0]!.line.slice(0, 60))}`,
      { hint: "draw the difference from both recordings: bpfts flame --before OLD NEW -o change.html" },
    );
  return stacks.map(({ line, number, parts }) => {
    const [, names, value] = parts ?? [];
    if (names === undefined || value === undefined)
      throw new UsageError(`line ${number} is no folded stack: ${JSON.stringify(line.slice(0, 60))}`);
    return weighStack(names.split(";"), /^-?\d+$/.test(value) ? BigInt(value) : Number(value), "count");
  });
}
