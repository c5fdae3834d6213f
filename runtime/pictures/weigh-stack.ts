import { UsageError } from "../base/errors.ts";
import type { StackUnit } from "../../sdk/wire/stack-message.ts";

/** A stack of a file. */
export interface FileStack {
  /** The outermost function first. */
  readonly frames: readonly string[];
  /** Units: PARTS to one of `unit`. */
  readonly weight: bigint;
  readonly unit: StackUnit;
}

/** How many parts of a unit a weight is counted in, so that weights below one add up. */
export const PARTS = 1_000_000;

/** Units of other programs as ours: the unit, and how many of our parts one is. */
const units: Readonly<Record<string, readonly [unit: StackUnit, parts: number]>> = {
  nanoseconds: ["us", PARTS / 1e3],
  microseconds: ["us", PARTS],
  milliseconds: ["us", PARTS * 1e3],
  seconds: ["us", PARTS * 1e6],
  bytes: ["bytes", PARTS],
};

/** What a stack of a file weighs. @throws UsageError for what is no number from 0 */
export function weighStack(frames: readonly string[], weight: number | bigint, unit: string): FileStack {
  const [ours, parts] = units[unit] ?? (["count", PARTS] as const);
  if (weight < 0)
    throw new UsageError(`a stack weighs ${weight}, as in the difference of two recordings: ${nameStack(frames)}`, {
      hint: "draw the difference from both: bpfts flame --before OLD NEW -o change.html",
    });
  if (typeof weight === "bigint") return { frames, weight: weight * BigInt(parts), unit: ours };
  if (!Number.isFinite(weight * parts))
    throw new UsageError(`a stack weighs ${weight}, and there is no such number: ${nameStack(frames)}`);
  // What is whole stays exact: a product of floating point numbers does not.
  const exact = Number.isInteger(weight) ? BigInt(weight) * BigInt(parts) : BigInt(Math.round(weight * parts));
  return { frames, weight: exact, unit: ours };
}

function nameStack(frames: readonly string[]): string {
  return JSON.stringify(frames.join(";").slice(0, 60));
}
