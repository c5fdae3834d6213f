import type { SummedStack } from "./stack-store.ts";

/** One box of a flame graph. */
export interface FlameFrame {
  readonly name: string;
  /** 0 for the box of all stacks. */
  readonly depth: number;
  /** What stands left of it. Units: those of the stacks' values. */
  readonly start: number;
  readonly value: number;
  /** What it was in the recording that this one is compared with; 0 where there is none. */
  readonly before: number;
}

/** The boxes of a flame graph. */
export interface FrameLayout {
  /** Parents before their children. */
  readonly frames: readonly FlameFrame[];
  /** How many are too narrow to be drawn. */
  readonly hidden: number;
}

/** Boxes that are narrower would not be seen, and there may be very many. Units: parts of the whole. */
const NARROWEST = 1 / 20_000;

/** Puts stacks beside each other, in the order of their names, so that those that begin alike share boxes. */
export function layOutFrames(stacks: readonly SummedStack[]): FrameLayout {
  const total = stacks.reduce((sum, { value }) => sum + Number(value), 0);
  const frames: FlameFrame[] = [];
  let hidden = 0;
  /** The open boxes, and where they began; their number, since both lists keep what was there before. */
  const path: string[] = [];
  const starts: number[] = [];
  const startsBefore: number[] = [];
  let open = 0;
  let at = 0;
  let atBefore = 0;
  const close = (depth: number): void => {
    while (open > depth) {
      const start = starts[--open]!;
      // What was there in the other recording only has no width at all.
      if (at === start) continue;
      if (at - start < total * NARROWEST) hidden++;
      else
        frames.push({
          name: path[open]!,
          depth: open,
          start,
          value: at - start,
          before: atBefore - startsBefore[open]!,
        });
    }
  };
  const push = (name: string): void => {
    path[open] = name;
    startsBefore[open] = atBefore;
    starts[open++] = at;
  };
  push("all");
  for (const { names, value, before } of stacks) {
    let same = 0;
    while (same + 1 < open && same < names.length && path[same + 1] === names[same]) same++;
    close(same + 1);
    for (let index = same; index < names.length; index++) push(names[index]!);
    at += Number(value);
    if (before !== undefined) atBefore += Number(before);
  }
  close(0);
  return { frames: frames.sort((a, b) => a.depth - b.depth || a.start - b.start), hidden };
}
