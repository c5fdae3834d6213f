import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { performance } from "node:perf_hooks";
import { silentLog } from "../../runtime/base/log.ts";
import { fetchKernel } from "../../runtime/vm/kernel-store.ts";
import type { KernelRow } from "../../runtime/vm/kernels.ts";
import { pickGuestEnvironment, prepareVm } from "../../runtime/vm/prepare-vm.ts";
import { runInVm } from "../../runtime/vm/run-in-vm.ts";
import { openVmFolder } from "../../runtime/vm/vm-folder.ts";

/** What became of one test on one kernel. */
export interface MatrixTest {
  readonly file: string;
  readonly name: string;
  readonly state: "passed" | "failed" | "skipped";
  /** Why it failed, or what the kernel lacks. */
  readonly reason: string;
  readonly durationMs: number;
}

/** One column of the table. */
export interface MatrixColumn {
  readonly kernel: string;
  readonly release: string;
  readonly tests: readonly MatrixTest[];
  readonly durationMs: number;
}

export interface MatrixOptions {
  /** vitest's arguments: the configuration, the project, the files. */
  readonly vitestArguments: readonly string[];
  /** Features that must be there: `BPFTS_REQUIRE` in the guest. */
  readonly requiredFeatures: Readonly<Record<string, readonly string[]>>;
  /** Machines that run at the same time. */
  readonly jobs: number;
  /** Processors of each machine. */
  readonly cpus: number;
  readonly timeoutMs: number;
  /** Told about each column as soon as it is done. */
  readonly onColumn?: (column: MatrixColumn) => void;
}

/** Runs tests in one boot of each kernel. A kernel that cannot be had, panics or hangs is a failed test of its own. */
export async function runMatrix(rows: readonly KernelRow[], options: MatrixOptions): Promise<MatrixColumn[]> {
  const columns: MatrixColumn[] = new Array<MatrixColumn>(rows.length);
  const waiting = rows.map((row, at) => ({ row, at }));
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const column = await runColumn(next.row, options);
      columns[next.at] = column;
      options.onColumn?.(column);
    }
  };
  await Promise.all(Array.from({ length: options.jobs }, work));
  return columns;
}

async function runColumn(row: KernelRow, options: MatrixOptions): Promise<MatrixColumn> {
  const folder = mkdtempSync(join(tmpdir(), "bpfts-matrix-"));
  const results = join(folder, "results.ndjson");
  const startedMs = performance.now();
  const required = options.requiredFeatures[row.name] ?? [];
  const output: Buffer[] = [];
  let release = "";
  let trouble: string | undefined;
  try {
    const vmFolder = openVmFolder(process.env);
    const kernel = await fetchKernel(vmFolder, row, silentLog);
    release = kernel.release;
    const command = [
      process.execPath,
      "node_modules/vitest/vitest.mjs",
      "run",
      "--reporter",
      "./test/vm/guest-reporter.mjs",
      ...options.vitestArguments,
    ];
    const environment = {
      ...pickGuestEnvironment(process.env),
      BPFTS_MATRIX_RESULTS: results,
      BPFTS_REQUIRE: required.join(","),
    };
    const spec = await prepareVm(
      vmFolder,
      kernel,
      { command, workingFolder: process.cwd(), environment },
      { shares: [folder], cpus: options.cpus, timeoutMs: options.timeoutMs },
      silentLog,
    );
    const sink = new PassThrough();
    sink.on("data", (chunk: Buffer) => output.push(chunk));
    const status = await runInVm(spec, { stdout: sink, stderr: sink });
    if (!existsSync(results) || !readFileSync(results, "utf8").includes('{"kind":"end"}'))
      trouble = `vitest ended with status ${status} before its tests did`;
  } catch (error) {
    trouble = error instanceof Error ? error.message : String(error);
  }
  const tests = existsSync(results) ? readResults(readFileSync(results, "utf8"), required) : [];
  rmSync(folder, { recursive: true, force: true });
  if (trouble === undefined && tests.length === 0) trouble = "no test ran";
  if (trouble !== undefined)
    tests.push({
      file: "(the kernel as a whole)",
      name: "runs its tests to the end",
      state: "failed",
      reason: `${trouble}\n${Buffer.concat(output).toString().slice(-4000)}`,
      durationMs: 0,
    });
  return { kernel: row.name, release, tests, durationMs: performance.now() - startedMs };
}

function readResults(text: string, required: readonly string[]): MatrixTest[] {
  const tests: MatrixTest[] = [];
  for (const line of text.split("\n").filter(Boolean)) {
    let row: { kind: string } & MatrixTest;
    try {
      row = JSON.parse(line) as typeof row;
    } catch {
      // The kernel ended in the middle of a line.
      continue;
    }
    if (row.kind === "test") tests.push(judgeSkip(row, required));
  }
  return tests;
}

/** A skip must say what the kernel lacks, and may not name what this kernel must have. */
function judgeSkip(test: MatrixTest, required: readonly string[]): MatrixTest {
  const { file, name, state, reason, durationMs } = test;
  if (state !== "skipped") return { file, name, state, reason, durationMs };
  const feature = /^needs (\w+)/.exec(reason)?.[1];
  if (reason === "") return { file, name, state: "failed", reason: "it was skipped without a reason", durationMs };
  if (feature !== undefined && required.includes(feature))
    return {
      file,
      name,
      state: "failed",
      reason: `it was skipped (${reason}), but this kernel must have ${feature}`,
      durationMs,
    };
  return { file, name, state, reason, durationMs };
}

/** Renders the table: a line for each test, a column for each kernel, the reasons under it. */
export function renderMatrix(columns: readonly MatrixColumn[]): string {
  const key = (test: MatrixTest): string => `${test.file.replace(/^.*\/([^/]+)\.test\.ts$/, "$1")} > ${test.name}`;
  const names = [...new Set(columns.flatMap(({ tests }) => tests.map(key)))];
  const width = Math.min(110, Math.max(...names.map((name) => name.length), "not available, together".length));
  const word = { passed: "pass", failed: "FAIL", skipped: "n/a" } as const;
  const reasons = new Map<string, number>();
  const cell = (column: MatrixColumn, name: string): string => {
    const test = column.tests.find((candidate) => key(candidate) === name);
    if (test === undefined) return "-";
    if (test.state !== "skipped") return word[test.state];
    if (!reasons.has(test.reason)) reasons.set(test.reason, reasons.size + 1);
    return `n/a ${reasons.get(test.reason)!}`;
  };
  const line = (first: string, cells: readonly string[]): string =>
    `${(first.length > width ? `${first.slice(0, width - 1)}…` : first).padEnd(width)}  ${cells.map((text) => text.padEnd(8)).join("")}`.trimEnd();
  const lines = [
    line(
      "test",
      columns.map(({ kernel, release }) =>
        kernel === "newest" ? release.split(/[.]/).slice(0, 2).join(".") || kernel : kernel,
      ),
    ),
  ];
  for (const name of names)
    lines.push(
      line(
        name,
        columns.map((column) => cell(column, name)),
      ),
    );
  for (const state of ["passed", "failed", "skipped"] as const)
    lines.push(
      line(
        `${state === "skipped" ? "not available" : state}, together`,
        columns.map(({ tests }) => String(tests.filter((test) => test.state === state).length)),
      ),
    );
  lines.push(
    line(
      "seconds",
      columns.map(({ durationMs }) => String(Math.round(durationMs / 1000))),
    ),
  );
  for (const [reason, number] of reasons) lines.push(`n/a ${number}: ${reason}`);
  return `${lines.join("\n")}\n`;
}
