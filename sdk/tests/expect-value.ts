import { renderValue } from "../print/render-value.ts";
import { makeArgumentError } from "../wire/errors.ts";
import type { Expectation } from "./test-shapes.ts";
import { diffValues, listLines } from "./diff-lines.ts";

/** What a comparison failed with: `diff` has the lines of both values. */
class ExpectationError extends Error {
  readonly diff: readonly string[];

  constructor(message: string, diff: readonly string[]) {
    super(message);
    this.name = "ExpectationError";
    this.diff = diff;
  }
}

const names = ["not", "toBe", "toContain", "toEqual", "toMatch", "toMatchObject", "toThrow"];

/** Makes the expectations of a value; a name that they do not have is an error that lists those that they have. */
export function expectValue(value: unknown, count: number): Expectation {
  if (count !== 1) throw makeArgumentError("expect() takes one value", "for example: expect(run.status).toBe(0)");
  return refuseOthers(makeExpectation(value, false, () => refuseOthers(makeExpectation(value, true))));
}

function refuseOthers(expectation: Expectation): Expectation {
  return new Proxy(expectation, {
    get(target, name) {
      if (typeof name === "string" && !Object.hasOwn(target, name))
        throw makeArgumentError(`expect(…) has no "${name}"`, `it has: ${names.join(", ")}`);
      return Reflect.get(target, name) as unknown;
    },
  });
}

function makeExpectation(value: unknown, isNot: boolean, makeNot?: () => Expectation): Expectation {
  const check = (holds: boolean, wanted: string, diff: () => readonly string[] = () => []): void => {
    if (holds !== isNot) return;
    throw new ExpectationError(`expected ${show(value)} ${isNot ? "not " : ""}${wanted}`, isNot ? [] : diff());
  };
  const compare = (expected: unknown) => (): readonly string[] => diffValues(expected, value);
  const expectation: Omit<Expectation, "not"> = {
    toBe(expected) {
      check(Object.is(value, expected), `to be ${show(expected)}${adviseTypes(value, expected)}`, compare(expected));
    },
    toEqual(expected) {
      const holds = areEqual(value, expected, false);
      check(holds, `to equal ${show(expected)}${adviseTypes(value, expected)}`, compare(expected));
    },
    toMatchObject(expected) {
      if (typeof expected !== "object" || expected === null)
        throw makeArgumentError(`toMatchObject() takes an object or a list, got ${show(expected)}`);
      check(areEqual(value, expected, true), `to match ${show(expected)}`, compare(expected));
    },
    toContain(item) {
      if (typeof value === "string") {
        if (typeof item !== "string") throw makeArgumentError(`A text contains texts, not ${show(item)}`);
        return check(value.includes(item), `to contain ${show(item)}`, () => [...mark("-", item), ...mark("+", value)]);
      }
      const items = listItems(value);
      if (items === undefined)
        throw makeArgumentError(`toContain() looks into a text or a list, not into ${show(value)}`);
      check(
        items.some((one) => areEqual(one, item, false)),
        `to contain ${show(item)}`,
        () => [...mark("-", item), ...mark("+", value)],
      );
    },
    toMatch(pattern) {
      if (!(pattern instanceof RegExp))
        throw makeArgumentError(
          `toMatch() takes a regular expression, got ${show(pattern)}`,
          "toContain() looks for a text",
        );
      if (typeof value !== "string") throw makeArgumentError(`toMatch() looks into a text, not into ${show(value)}`);
      pattern.lastIndex = 0;
      check(pattern.test(value), `to match ${String(pattern)}`, () => mark("+", value));
    },
    toThrow(expected) {
      if (typeof value !== "function")
        throw makeArgumentError(
          `toThrow() calls a function, and this is ${show(value)}`,
          "for example: expect(() => b.table(name)).toThrow()",
        );
      if (expected !== undefined && typeof expected !== "string" && !(expected instanceof RegExp))
        throw makeArgumentError(`toThrow() takes a text or a regular expression, got ${show(expected)}`);
      const thrown = catchThrown(value as () => unknown);
      const what = expected === undefined ? "" : ` ${show(expected)}`;
      const message = thrown === undefined ? "" : readMessage(thrown.error);
      const fits =
        typeof expected === "string" ? message.includes(expected) : expected === undefined || expected.test(message);
      check(
        thrown !== undefined && fits,
        `to throw${what}${thrown === undefined ? "" : `; it threw ${show(message)}`}`,
      );
    },
  };
  return Object.defineProperty(expectation, "not", {
    get() {
      if (makeNot === undefined) throw makeArgumentError("expect(…).not has no second not");
      return makeNot();
    },
  }) as Expectation;
}

function catchThrown(call: () => unknown): { readonly error: unknown } | undefined {
  let answer: unknown;
  try {
    answer = call();
  } catch (error) {
    return { error };
  }
  if (typeof (answer as PromiseLike<unknown> | undefined)?.then === "function")
    throw makeArgumentError(
      "toThrow() calls no async function",
      "await it in try and catch: a promise that is rejected throws at await",
    );
  return undefined;
}

function readMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

const mark = (sign: string, value: unknown): string[] => listLines(value).map((line) => `${sign} ${line}`);

const SHOWN = 60;

/** A value in the sentence of an error; long ones stand in the lines below it. */
function show(value: unknown): string {
  const text = value instanceof RegExp ? String(value) : renderValue(value, { bigints: "n", depth: 1 });
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
}

/** A bigint and a number look the same but for the letter. */
function adviseTypes(value: unknown, expected: unknown): string {
  const types = [typeof value, typeof expected];
  if (!types.includes("bigint") || !types.includes("number")) return "";
  return `: a ${types[0]} is no ${types[1]}`;
}

/** An iterable's items; undefined for what is none. */
function listItems(value: unknown): readonly unknown[] | undefined {
  if (typeof value !== "object" || value === null || !(Symbol.iterator in value)) return undefined;
  return [...(value as Iterable<unknown>)];
}

/** Whether values have the same contents. What a member that is undefined says, one that is absent says, too; with `isPart` the first may have more members. */
function areEqual(value: unknown, expected: unknown, isPart: boolean, seen: readonly unknown[] = []): boolean {
  if (Object.is(value, expected)) return true;
  if (typeof value !== "object" || typeof expected !== "object" || value === null || expected === null) return false;
  if (seen.includes(value)) return true;
  const equal = (a: unknown, b: unknown): boolean => areEqual(a, b, isPart, [...seen, value]);
  if (value instanceof Date || expected instanceof Date)
    return value instanceof Date && expected instanceof Date && Object.is(value.getTime(), expected.getTime());
  if (value instanceof Error || expected instanceof Error)
    return (
      value instanceof Error &&
      expected instanceof Error &&
      value.name === expected.name &&
      value.message === expected.message
    );
  if (value instanceof RegExp || expected instanceof RegExp)
    return value instanceof RegExp && expected instanceof RegExp && String(value) === String(expected);
  const [items, wanted] = [listItems(value), listItems(expected)];
  if (items !== undefined || wanted !== undefined) {
    if (items === undefined || wanted === undefined || items.length !== wanted.length) return false;
    if (Array.isArray(value) !== Array.isArray(expected)) return false;
    if (value instanceof Set)
      return expected instanceof Set && wanted.every((one) => items.some((other) => equal(other, one)));
    if (isMapLike(value) && isMapLike(expected)) return wanted.every((one) => items.some((other) => equal(other, one)));
    return wanted.every((one, at) => equal(items[at], one));
  }
  const [have, want] = [value, expected] as readonly Readonly<Record<string, unknown>>[];
  const keys = isPart ? Object.keys(want!) : [...new Set([...Object.keys(have!), ...Object.keys(want!)])];
  return keys.every((key) => equal(have![key], want![key]));
}

/** A Map, and a table of a program, whose order is the kernel's. */
function isMapLike(value: object): boolean {
  return value instanceof Map || (!Array.isArray(value) && "entries" in value && !ArrayBuffer.isView(value));
}
