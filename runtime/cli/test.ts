import type { Command } from "commander";
import { relative } from "node:path";
import { UsageError } from "../base/errors.ts";
import { readClock } from "../base/clock.ts";
import { openStderrLog } from "../base/log.ts";
import { findTestFiles } from "../testing/find-test-files.ts";
import { runTestFile } from "../testing/run-test-file.ts";
import type { Failure, FileResult, TestResult } from "../testing/test-results.ts";
import { escapeJson, escapeText } from "../../sdk/wire/escape-text.ts";
import { addGrantOptions, readGrants, renderGrants } from "./file-grants.ts";
import type { GrantFlags } from "./file-grants.ts";
import { parseCount } from "./parse-count.ts";
import { parseSeconds } from "./parse-seconds.ts";
import { renderPlace } from "./render-error.ts";
import { severalPatterns, takeOnce } from "./take-once.ts";

const examples = `
A test is a call in a file NAME.test.ts, which runs in the sandbox of scripts. It mostly replays the script beside it on a recording: that needs
no root, no clang and not the kernel of the recording. test("…", { root: true }, …) loads programs, and is left out where the user is not root.

  // counts.test.ts, beside counts.ts
  import { expect, replay, test } from "bpfts";
  test("counts each directory", () => {
    const run = replay("mkdir.bpfrec");
    expect(run.status).toBe(0);
    expect(run.output).toContain("3 directories");
  });

Examples:
  bpfts run --record mkdir.bpfrec -c 'mkdir a b c' counts.ts    record a run, once
  bpfts test                             every *.test.ts below this folder
  bpfts test counts.test.ts scripts      a file, and those of a folder
  bpfts test -t 'counts|names'           the tests with such names; a regular expression
  bpfts test --json                      a line of JSON for each test, and one for all

Exit status:
  0    all tests passed; those that were left out are named
  1    one failed, or -t chose none
  2    bad usage of the command line, no file of tests
  130  Ctrl-C`;

interface TestFlags extends GrantFlags {
  readonly test?: string;
  readonly timeout: number;
  readonly json?: true;
  readonly memory: number;
  readonly verbose: boolean;
}

/** Adds `bpfts test`. */
export function addCommand(program: Command, finish: (exitCode: number) => void): void {
  addGrantOptions(program.command("test"))
    .summary("run the tests of scripts, on recordings")
    .description(
      "Run files of tests (NAME.test.ts): what a script prints on a recording of a run, and what its functions return.",
    )
    .argument("[paths...]", "files of tests, or folders that have some; this folder unless given")
    .option(
      "-t, --test <pattern>",
      "only the tests whose names this regular expression fits",
      takeOnce(severalPatterns),
    )
    .option("--timeout <seconds>", "what a test may take", parseSeconds, 30)
    .option("--json", "write results as JSON, one object a line; what the tests print goes to standard error")
    .option(
      "--memory <mebibytes>",
      "the most memory that a file, and each script that it replays, may use",
      parseCount,
      64,
    )
    .option("--verbose", "say what happens on the way", false)
    .option("--json-errors", "write errors as JSON, one a line")
    .addHelpText("after", examples)
    .action(async (paths: readonly string[], flags: TestFlags) => finish(await runTests(paths, flags)));
}

async function runTests(paths: readonly string[], flags: TestFlags): Promise<number> {
  const started = readClock();
  const pattern = flags.test === undefined ? undefined : compilePattern(flags.test);
  const grants = readGrants(flags);
  const files: FileResult[] = [];
  const write = (lines: readonly string[]): void =>
    void process.stdout.write(lines.map((line) => `${line}\n`).join(""));
  for (const file of findTestFiles(paths)) {
    const shown = relative(process.cwd(), file);
    let hasHead = false;
    const sayHead = (): void => {
      if (!hasHead && flags.json === undefined) write([escapeText(shown)]);
      hasHead = true;
    };
    const result = await runTestFile(file, {
      ...(pattern && { pattern }),
      timeoutMs: Math.ceil(flags.timeout * 1000),
      memoryBytes: flags.memory * 1024 * 1024,
      grants,
      grantOptions: renderGrants(flags),
      ...(flags.json === true && { output: 2 }),
      log: openStderrLog(flags),
      environment: process.env,
      tell(one) {
        sayHead();
        write(flags.json === true ? [renderJson({ type: "test", file, ...describeResult(one) })] : renderResult(one));
      },
    });
    files.push(result);
    if (result.failure !== undefined) {
      sayHead();
      const { failure } = result;
      write(
        flags.json === true
          ? [renderJson({ type: "file", file, status: "failed", failure })]
          : renderFailure("FAILED", "the file itself", failure),
      );
    }
    if (result.isInterrupted) break;
  }
  return sumUp(files, readClock() - started, flags, write);
}

function sumUp(
  files: readonly FileResult[],
  durationMs: number,
  { json, test }: TestFlags,
  write: (lines: readonly string[]) => void,
): number {
  const results = files.flatMap((file) => file.results);
  const count = (status: TestResult["status"]): number => results.filter((result) => result.status === status).length;
  const [passed, failed, skipped] = [count("passed"), count("failed"), count("skipped")];
  const failedFiles = files.filter(({ failure }) => failure !== undefined).length;
  if (json === true)
    write([
      renderJson({
        type: "summary",
        files: files.length,
        failedFiles,
        passed,
        failed,
        skipped,
        durationMs: Math.round(durationMs),
      }),
    ]);
  else {
    const parts = [
      `${passed} passed`,
      ...(failed > 0 ? [`${failed} failed`] : []),
      ...(skipped > 0 ? [`${skipped} left out`] : []),
      ...(failedFiles > 0 ? [`${failedFiles} file${failedFiles === 1 ? "" : "s"} failed`] : []),
    ];
    write([`${parts.join(", ")} in ${(durationMs / 1000).toFixed(1)} s`]);
  }
  if (files.some(({ isInterrupted }) => isInterrupted)) return 130;
  if (failed > 0 || failedFiles > 0) return 1;
  if (results.length > 0) return 0;
  const unchosen = files.reduce((sum, file) => sum + file.unchosen, 0);
  process.stderr.write(`error: No test fits -t ${JSON.stringify(test)}: there are ${unchosen} with other names\n`);
  return 1;
}

function compilePattern(text: string): RegExp {
  try {
    return new RegExp(text);
  } catch (cause) {
    throw new UsageError(`-t ${JSON.stringify(text)} is no regular expression: ${(cause as Error).message}`, { cause });
  }
}

function describeResult({ durationMs, ...result }: TestResult): object {
  return { ...result, durationMs: Math.round(durationMs) };
}

const renderJson = (value: object): string => escapeJson(JSON.stringify(value));

function renderResult({ name, status, durationMs, reason, failure }: TestResult): string[] {
  if (failure !== undefined) return renderFailure("FAILED", name, failure);
  if (status === "skipped")
    return [`  left out  ${escapeText(name)}${reason === undefined ? "" : ` (${escapeText(reason)})`}`];
  return [`  ok        ${escapeText(name)} (${Math.round(durationMs)} ms)`];
}

function renderFailure(mark: string, name: string, { message, hint, location, diff }: Failure): string[] {
  const lines = [
    ...message.split("\n"),
    ...(diff.length === 0 ? [] : ["- expected, + found:", ...diff.map((line) => `  ${line}`)]),
    ...(location === undefined ? [] : renderPlace(location)),
    ...(hint === undefined ? [] : [`hint: ${hint}`]),
  ];
  return [`  ${mark.padEnd(9)} ${escapeText(name)}`, ...lines.map((line) => `      ${escapeText(line)}`)];
}
