import type { SummedStack } from "./stack-store.ts";

/** One box of a flame graph. */
export interface FlameFrame {
  readonly name: string;
  /** 0 for the box of all stacks. */
  readonly depth: number;
  /** What stands left of it. Units: those of the stacks' values. */
  readonly start: number;
  readonly value: number;
}

/** The boxes of a flame graph. */
export interface FrameLayout {
  /** Parents before their children. */
  readonly frames: readonly FlameFrame[];
  /** How many are too narrow to be drawn. */
  readonly hidden: number;
}

interface OpenFrame {
  readonly name: string;
  readonly start: number;
  value: number;
}

/** Boxes that are narrower would not be seen, and there may be very many. Units: parts of the whole. */
const NARROWEST = 1 / 20_000;

/** Puts stacks beside each other, in the order of their names, so that those that begin alike share boxes. */
export function layOutFrames(stacks: readonly SummedStack[]): FrameLayout {
  const total = stacks.reduce((sum, { value }) => sum + Number(value), 0);
  const frames: FlameFrame[] = [];
  let hidden = 0;
  let path: OpenFrame[] = [];
  let at = 0;
  const close = (depth: number): void => {
    for (const [index, frame] of path.slice(depth).entries()) {
      if (frame.value < total * NARROWEST) hidden++;
      else frames.push({ ...frame, depth: depth + index });
    }
    path = path.slice(0, depth);
  };
  for (const { names, value } of stacks) {
    const all = ["all", ...names];
    let same = 0;
    while (same < path.length && same < all.length && path[same]!.name === all[same]) same++;
    close(same);
    for (const name of all.slice(same)) path.push({ name, start: at, value: 0 });
    for (const frame of path) frame.value += Number(value);
    at += Number(value);
  }
  close(0);
  return { frames: frames.sort((a, b) => a.depth - b.depth || a.start - b.start), hidden };
}
