import type { Expectation, ReplayOptions, ReplayedRun, TestOptions } from "../tests/test-shapes.ts";
import { loadModule } from "./load-module.ts";

/**
 * Declares a test of a file `NAME.test.ts`, which `bpfts test` runs. It fails when it throws. It may be async.
 *
 * @throws BpfError outside of `bpfts test`
 *
 * @example
 * import { expect, replay, test } from "bpfts";
 * test("counts what mkdir makes", () => {
 *   const run = replay("mkdir.bpfrec", { script: "counts.ts" });
 *   expect(run.status).toBe(0);
 * });
 */
export function test(name: string, run: () => unknown): void;
export function test(name: string, options: TestOptions, run: () => unknown): void;
export function test(name: string, ...rest: readonly unknown[]): void {
  const [options, run] = rest.length > 1 ? rest : [{}, rest[0]];
  loadModule("run-tests").declareTest(name, options, run);
}

/**
 * Runs a script on a recording (`bpfts run --record FILE`), as `bpfts replay` does, and answers what it did: without root, without waiting.
 * Paths are taken from the folder of the test.
 *
 * @throws BpfError when there is no such recording or script; a script that fails is no error here: look at `status`
 *
 * @example
 * import { expect, replay, test } from "bpfts";
 * test("names the process", () => {
 *   const { rows } = replay("opens.bpfrec", { script: "opens.ts" });
 *   expect(rows.filter(({ comm }) => comm === "cat")).toEqual([]);
 * });
 */
export function replay(recording: string, options: ReplayOptions = {}): ReplayedRun {
  return loadModule("run-tests").replayScript(recording, options);
}

/**
 * Says what a value has to be. Tests fail by it; it works in any script.
 *
 * @example
 * import { expect, print } from "bpfts";
 * expect([1, 2]).toContain(2);
 * expect({ pid: 1, comm: "init" }).toMatchObject({ comm: "init" });
 * expect(() => JSON.parse("{")).toThrow();
 * print("as expected"); // as expected
 */
export function expect(...values: readonly [value: unknown]): Expectation {
  return loadModule("expect-value").expectValue(values[0], values.length);
}
