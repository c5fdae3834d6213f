import { ArgumentError } from "../base/errors.ts";
import { escapeText } from "../../sdk/wire/escape-text.ts";
import type { StackMessage, StackUnit } from "../../sdk/wire/stack-message.ts";

/** A stack with the sum of its values. Its names have no control characters. */
export interface SummedStack {
  /** The process, if there is one, then the functions, the outermost first. */
  readonly names: readonly string[];
  readonly value: bigint;
  /** What it was in the recording that this one is compared with. */
  readonly before?: bigint;
}

/** All stacks of a run. */
export interface StackSums {
  readonly unit: StackUnit;
  /** How many of the values are one of the unit. @default 1 */
  readonly parts?: number;
  /** In the order of their names. */
  readonly stacks: readonly SummedStack[];
}

/** The kernel keeps at most 127 addresses of a stack unless its administrator raises it; a tool may put several stacks together. */
const MAX_FRAMES = 4096;

/** What a script may make the host keep. Units: characters of names, and one or two for each name in a stack. */
const MAX_CHARACTERS = 128 * 1024 * 1024;

const units: readonly string[] = ["count", "us", "bytes"] satisfies StackUnit[];

/**
 * Adds up the stacks that a script records. Names are kept once and stacks are made of their numbers: measured for 100,000 stacks of 26 names, texts of whole stacks take
 * more than twice the time, most of it spent collecting garbage.
 */
export class StackStore {
  /** By the packed numbers of their names. */
  private readonly sums = new Map<string, bigint>();
  /** The numbers of names as they come. */
  private readonly ids = new Map<string, number>();
  /** Clean names by their numbers. */
  private readonly names: string[] = [];
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
    const ids = this.numberAll(process === null ? frames : [process, ...frames]);
    if (ids === undefined) return void this.dropped++;
    const key = packNumbers(ids);
    const sum = this.sums.get(key);
    if (sum === undefined && !this.takeRoom(key.length)) this.dropped++;
    else this.sums.set(key, (sum ?? 0n) + BigInt(value));
  }

  /** What was recorded and weighs something; undefined when nothing was. */
  read(): StackSums | undefined {
    const { names } = this;
    const order = [...new Set(names)].sort();
    const places = new Map(order.map((name, place) => [name, place]));
    const ranks = names.map((name) => places.get(name)!);
    // Names that differ only in what was cleaned are one.
    const sums = new Map<string, { readonly names: readonly string[]; value: bigint }>();
    for (const [packed, value] of this.sums) {
      if (value === 0n) continue;
      const numbers = unpackNumbers(packed).map((id) => ranks[id]!);
      const key = packNumbers(numbers);
      const sum = sums.get(key);
      if (sum === undefined) sums.set(key, { names: numbers.map((rank) => order[rank]!), value });
      else sum.value += value;
    }
    // By code units, as names are compared one by one.
    const stacks = [...sums.keys()].sort().map((key) => sums.get(key)!);
    return this.unit === undefined || stacks.length === 0 ? undefined : { unit: this.unit, stacks };
  }

  /** Undefined when there is no room for a name that is new. */
  private numberAll(names: readonly string[]): readonly number[] | undefined {
    const ids: number[] = [];
    for (const name of names) {
      const id = this.ids.get(name) ?? this.number(name);
      if (id === undefined) return undefined;
      ids.push(id);
    }
    return ids;
  }

  private number(name: string): number | undefined {
    if (!this.takeRoom(name.length)) return undefined;
    const id = this.names.length;
    // The last two characters of each plane are none, and XML has no place for the first two of them.
    this.names.push(escapeText(name).replace(/[\ufffe\uffff]/g, "\ufffd") || "[unknown]");
    this.ids.set(name, id);
    return id;
  }

  private takeRoom(length: number): boolean {
    if (this.characters + length > this.maxCharacters) return false;
    this.characters += length;
    return true;
  }
}

/** A text by which lists of numbers below 2^30 are told apart and put in order, number by number, a list before those that begin with it. */
function packNumbers(numbers: readonly number[]): string {
  const units: number[] = [];
  for (const number of numbers) {
    if (number < 0x8000) units.push(number);
    else units.push(0x8000 | (number >>> 15), number & 0x7fff);
  }
  return String.fromCharCode(...units);
}

function unpackNumbers(text: string): number[] {
  const numbers: number[] = [];
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    numbers.push(unit < 0x8000 ? unit : ((unit & 0x7fff) << 15) | text.charCodeAt(++at));
  }
  return numbers;
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
  if (typeof value !== "string" || !/^\d{1,40}$/.test(value))
    throw new ArgumentError(`Cannot record a stack that weighs ${String(value)}: its value is a whole number from 0`);
}
