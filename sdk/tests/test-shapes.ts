/**
 * When a test runs.
 *
 * @example
 * import { test, type TestOptions } from "bpfts";
 * const options: TestOptions = { root: true };
 * test("loads", options, () => {});
 */
export interface TestOptions {
  /** Leaves the test out; a text says why. The results name it. */
  readonly skip?: boolean | string;
  /** The test loads programs into the kernel: it is left out, and named, where the user is not root. */
  readonly root?: boolean;
}

/**
 * What `replay` takes besides the recording.
 *
 * @example
 * import { replay, test, type ReplayOptions } from "bpfts";
 * const options: ReplayOptions = { script: "counts.ts", args: ["--top", "2"] };
 * test("shows two rows", () => void replay("counts.bpfrec", options));
 */
export interface ReplayOptions {
  /** The script's path, from the folder of the test. @default `NAME.ts` for `NAME.test.ts` */
  readonly script?: string;
  /** The script's arguments. @default those of the recorded run */
  readonly args?: readonly string[];
}

/**
 * What a script did on a recording.
 *
 * @example
 * import { expect, replay, test, type ReplayedRun } from "bpfts";
 * const run = (): ReplayedRun => replay("counts.bpfrec");
 * test("ends well", () => expect(run().status).toBe(0));
 */
export interface ReplayedRun {
  /** The exit status. */
  readonly status: number;
  /** What it printed to standard output. */
  readonly output: string;
  /** What stands on standard error: what the script printed there, warnings, and the error that ended it. */
  readonly errors: string;
  /** The fields of the rows and events that it showed, in their order, by their names. A number of 64 bits is a number where that is exact, else a text. */
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  /** All that it showed as data: `{ type: "row" | "event" | "table" | "top" | "hist" | "stack", … }`. */
  readonly records: readonly Readonly<Record<string, unknown>>[];
}

/**
 * What `expect` says of a value. Each call throws when it does not hold, and the test fails at its line.
 *
 * @example
 * import { expect, type Expectation } from "bpfts";
 * const status: Expectation = expect(0);
 * status.toBe(0);
 * status.not.toBe(1);
 */
export interface Expectation {
  /** The contrary: `expect(run.output).not.toContain("error")`. */
  readonly not: Expectation;
  /** It is this value, as `Object.is` has it. */
  toBe(expected: unknown): void;
  /** It has the same contents, members and items in depth; a member that is undefined is as good as none. A bigint is no number: `1n` does not equal `1`. */
  toEqual(expected: unknown): void;
  /** It has the members that `expected` has, in depth, and may have more; lists have as many items. */
  toMatchObject(expected: object): void;
  /** A text has this text in it, a list an item of the same contents. */
  toContain(item: unknown): void;
  /** A text meets a regular expression. */
  toMatch(pattern: RegExp): void;
  /** A function throws when it is called, with this in its message. */
  toThrow(message?: string | RegExp): void;
}
