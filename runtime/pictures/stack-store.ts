import { ArgumentError } from "../base/errors.ts";
import { escapeText } from "../../sdk/wire/escape-text.ts";
import type { StackMessage, StackUnit } from "../../sdk/wire/stack-message.ts";

/** A stack with the sum of its values. Its names have no control characters. */
export interface SummedStack {
  /** The process, if there is one, then the functions, the outermost first. */
  readonly names: readonly string[];
  readonly value: bigint;
}

/** All stacks of a run. */
export interface StackSums {
  readonly unit: StackUnit;
  /** In the order of their names. */
  readonly stacks: readonly SummedStack[];
}

/** The kernel keeps at most 127 addresses of a stack unless its administrator raises it; a tool may put several stacks together. */
const MAX_FRAMES = 4096;

/** What a script may make the host keep. Units: characters of names. */
const MAX_CHARACTERS = 128 * 1024 * 1024;

const units: readonly string[] = ["count", "us", "bytes"] satisfies StackUnit[];

/** Adds up the stacks that a script records. */
export class StackStore {
  private readonly sums = new Map<string, bigint>();
  private readonly cleaned = new Map<string, string>();
  private unit: StackUnit | undefined;
  private characters = 0;
  /** How many stacks there was no room for. */
  dropped = 0;

  constructor(private readonly maxCharacters = MAX_CHARACTERS) {}

  /** @throws ArgumentError for what is no stack, and for a unit that the stacks before do not have */
  add({ process, frames, value, unit }: StackMessage): void {
    requireStack(process, frames, value, unit);
    if (this.unit !== undefined && this.unit !== unit)
      throw new ArgumentError(`A stack in "${unit}" cannot be added to stacks in "${this.unit}"`, {
        hint: "the stacks of a run are one picture: record those of one unit",
      });
    this.unit = unit;
    const names = process === null ? frames : [process, ...frames];
    // Clean names have no newline in them.
    const key = this.cleanAll(names)?.join("\n");
    const sum = key === undefined ? undefined : this.sums.get(key);
    if (key === undefined || (sum === undefined && !this.takeRoom(key.length))) this.dropped++;
    else this.sums.set(key, (sum ?? 0n) + BigInt(value));
  }

  /** What was recorded and weighs something; undefined when nothing was. */
  read(): StackSums | undefined {
    const stacks = [...this.sums]
      .filter(([, value]) => value > 0n)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, value]) => ({ names: key.split("\n"), value }));
    return this.unit === undefined || stacks.length === 0 ? undefined : { unit: this.unit, stacks };
  }

  /** Undefined when there is no room for a name that is new. */
  private cleanAll(names: readonly string[]): readonly string[] | undefined {
    const clean: string[] = [];
    for (const name of names) {
      const one = this.clean(name);
      if (one === undefined) return undefined;
      clean.push(one);
    }
    return clean;
  }

  private clean(name: string): string | undefined {
    let clean = this.cleaned.get(name);
    if (clean === undefined) {
      if (!this.takeRoom(name.length)) return undefined;
      // The last two characters of each plane are none, and XML has no place for the first two of them.
      clean = escapeText(name).replace(/[\ufffe\uffff]/g, "\ufffd") || "[unknown]";
      this.cleaned.set(name, clean);
    }
    return clean;
  }

  private takeRoom(length: number): boolean {
    if (this.characters + length > this.maxCharacters) return false;
    this.characters += length;
    return true;
  }
}

function requireStack(process: unknown, frames: unknown, value: unknown, unit: unknown): void {
  const isStack =
    (process === null || typeof process === "string") &&
    Array.isArray(frames) &&
    frames.every((frame) => typeof frame === "string") &&
    frames.length + (process === null ? 0 : 1) > 0 &&
    units.includes(unit as string);
  if (!isStack)
    throw new ArgumentError("Cannot record a stack: its frames are texts, at least one", {
      hint: `units are ${units.join(", ")}`,
    });
  if (frames.length > MAX_FRAMES)
    throw new ArgumentError(`Cannot record a stack of ${frames.length} frames: ${MAX_FRAMES} are the most`);
  if (typeof value !== "string" || !/^\d{1,20}$/.test(value))
    throw new ArgumentError(`Cannot record a stack that weighs ${String(value)}: its value is a whole number from 0`);
}
