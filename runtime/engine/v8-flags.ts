import { setFlagsFromString } from "node:v8";
import type { EngineTrick } from "./tricks.ts";

/**
 * When V8 compiles a Wasm function anew with its optimising compiler. By default that happens while a script is still
 * being read: measured, it doubled the start-up on two CPUs and cost 25 MB, and a loop of a million turns was no quicker for it.
 * Units: bytes of a function's code that were executed. One turn of QuickJS's interpreter counts as 29,000, all of it: this is
 * 14,000 steps of a script, a millisecond. A short script takes 3,000.
 */
const TIERING_BUDGET = 400_000_000;

/**
 * The same for a run that has the interpreter's optimised code from an earlier one: what is left are small functions, each of which takes V8 a millisecond, and
 * the next run has them, too.
 */
const LATER_BUDGET = 4_000_000;

/** The newest version of Node whose V8 was tested with the flags. V8 cannot be asked for its flags, and writes to stderr about one that it does not know. */
const NEWEST_NODE = 26;

/**
 * Chooses what V8 is told for the sandbox's sake, before anything of ours is compiled. Unrolled and peeled loops make QuickJS's
 * interpreter, one function of a thousand cases, larger and no quicker: without them the compiler's peak is 1.5 MB lower.
 */
export function chooseV8Flags(nodeVersion: string): readonly string[] {
  if (Number.parseInt(nodeVersion, 10) > NEWEST_NODE) return [];
  return [nameBudget("first"), "--no-wasm-loop-unrolling", "--no-wasm-loop-peeling"];
}

function nameBudget(when: "first" | "later"): string {
  return `--wasm-tiering-budget=${when === "first" ? TIERING_BUDGET : LATER_BUDGET}`;
}

/** Tells V8 how soon to optimise the functions of modules that are made from now on. */
export function chooseBudget(when: "first" | "later"): void {
  setFlagsFromString(nameBudget(when));
}

/** Tells V8 so, unless the user runs bpfts without it. Saying it twice is fine. */
export function setV8Flags(without: ReadonlySet<EngineTrick>): void {
  if (without.has("flags")) return;
  for (const flag of chooseV8Flags(process.versions.node)) setFlagsFromString(flag);
}
