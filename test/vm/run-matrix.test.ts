import { afterEach, expect, it } from "vitest";
import { requireKernelRows } from "../../runtime/vm/kernels.ts";
import type { MatrixColumn } from "./run-matrix.ts";
import { renderMatrix, runMatrix } from "./run-matrix.ts";

const rows = requireKernelRows("6.1");
const runStandIn = (...files: string[]) =>
  runMatrix(rows, {
    vitestArguments: ["--config", "test/vm/stand-in/stand-in.config.ts", ...files],
    requiredFeatures: { "6.1": ["kprobe", "btf"] },
    jobs: 1,
    cpus: 1,
    timeoutMs: 400_000,
  });

afterEach(() => {
  delete process.env["BPFTS_PANIC"];
});

it("a run in one boot tells what became of each test, and what may not be skipped is a failure", async () => {
  const [column] = await runStandIn("outcomes", "broken");
  expect(column!.release).toMatch(/^6\.1\./);
  const outcomes = column!.tests.map(({ name, state, reason }) => [
    name.replace("outcomes > ", ""),
    state,
    reason.split("\n")[0],
  ]);
  expect(outcomes.sort()).toEqual([
    ["(the file as a whole)", "failed", "this file cannot be loaded"],
    ["fails", "failed", expect.stringContaining("to be 'another kernel'")],
    ["is told what must be there", "passed", ""],
    ["passes", "passed", ""],
    ["skips what the kernel lacks", "skipped", "needs netkit: no such device"],
    [
      "skips what the kernel must have",
      "failed",
      "it was skipped (needs kprobe: none here), but this kernel must have kprobe",
    ],
    ["skips without a reason", "failed", "it was skipped without a reason"],
  ]);
});

it("a kernel that panics in the middle keeps what was tested before, and is a failure", async () => {
  process.env["BPFTS_PANIC"] = "1";
  const [column] = await runStandIn("panic");
  expect(column!.tests.map(({ name, state }) => [name, state])).toEqual([
    ["comes first", "passed"],
    ["runs its tests to the end", "failed"],
  ]);
  expect(column!.tests[1]!.reason).toMatch(/^Kernel 6\.1 panicked: /);
});

it("the table has a line for each test, a column for each kernel, and the reasons below", () => {
  const test = (name: string, state: "passed" | "failed" | "skipped", reason = "") => ({
    file: "test/kernel/maps.test.ts",
    name,
    state,
    reason,
    durationMs: 1,
  });
  const columns: MatrixColumn[] = [
    {
      kernel: "5.10",
      release: "5.10.0-1-amd64",
      durationMs: 61_000,
      tests: [test("a", "passed"), test("b", "skipped", "needs kprobe_multi: none")],
    },
    { kernel: "newest", release: "7.2.13+deb14-amd64", durationMs: 50_000, tests: [test("a", "failed", "why")] },
  ];
  expect(renderMatrix(columns)).toBe(
    [
      "test                     5.10    7.2",
      "maps > a                 pass    FAIL",
      "maps > b                 n/a 1   -",
      "passed, together         1       0",
      "failed, together         0       1",
      "not available, together  1       0",
      "seconds                  61      50",
      "n/a 1: needs kprobe_multi: none",
      "",
    ].join("\n"),
  );
});
