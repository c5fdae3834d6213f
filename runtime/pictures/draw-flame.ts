import { statSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { UsageError } from "../base/errors.ts";
import { compareStacks } from "./compare-stacks.ts";
import { refuseFile } from "../base/refuse-file.ts";
import { chooseFlame } from "./open-pictures.ts";
import { readStacks } from "./read-stacks.ts";
import { StackStore } from "./stack-store.ts";
import type { StackSums } from "./stack-store.ts";
import { PARTS } from "./weigh-stack.ts";

/** A flame graph of stacks that were recorded before. */
export interface FlameRequest {
  /** Their stacks are added up. */
  readonly files: readonly string[];
  /** What they are compared with. */
  readonly before?: string;
  /** The name of the picture, which ends in .svg or .html. */
  readonly output: string;
  readonly title?: string;
}

/** Draws it. Answers how many stacks it has. @throws UsageError for files that cannot be read or written */
export function drawFlame({ files, before, output, title }: FlameRequest): number {
  const render = chooseFlame(output, "--output");
  for (const path of [...files, ...(before === undefined ? [] : [before])])
    if (isSameFile(path, output))
      throw new UsageError(`"${path}" is to be read and to be written`, { hint: "give the picture a name of its own" });
  const now = sumStacks(files);
  const sums = coarsen(before === undefined ? now : compareStacks(now, sumStacks([before])));
  const name = files.map((path) => basename(path)).join(", ");
  const text = render(sums, title ?? (before === undefined ? name : `${name} since ${basename(before)}`));
  try {
    writeFileSync(output, text);
  } catch (cause) {
    throw refuseFile("output", output, cause);
  }
  return sums.stacks.length;
}

function sumStacks(files: readonly string[]): StackSums {
  const store = new StackStore();
  for (const path of files)
    for (const { frames, weight, unit } of readStacks(path))
      store.add({ process: null, frames, value: String(weight), unit });
  const sums = store.read();
  if (sums === undefined) throw new UsageError(`There are no stacks in ${files.map((path) => `"${path}"`).join(", ")}`);
  if (store.dropped > 0) throw new UsageError(`There is no room for ${store.dropped} of the stacks`);
  return { ...sums, parts: PARTS };
}

/** The same in the fewest parts of a unit that say what they weigh, and in so few that a browser adds them up without an error. */
function coarsen(sums: StackSums): StackSums {
  const { stacks } = sums;
  let { parts = 1 } = sums;
  let divisor = 1n;
  const sum = stacks.reduce((all, { value, before = 0n }) => all + value + before, 0n);
  const canBeLess = (by: bigint): boolean =>
    stacks.every(({ value, before = 0n }) => value % by === 0n && before % by === 0n);
  while (parts > 1 && (canBeLess(divisor * 10n) || sum / divisor > BigInt(Number.MAX_SAFE_INTEGER))) {
    parts /= 10;
    divisor *= 10n;
  }
  const divide = (value: bigint): bigint => (value + divisor / 2n) / divisor;
  return {
    ...sums,
    parts,
    stacks: stacks.map(({ names, value, before }) => ({
      names,
      value: divide(value),
      ...(before !== undefined && { before: divide(before) }),
    })),
  };
}

function isSameFile(a: string, b: string): boolean {
  const [one, other] = [a, b].map((path) => statSync(path, { throwIfNoEntry: false }));
  return one !== undefined && other !== undefined && one.dev === other.dev && one.ino === other.ino;
}
