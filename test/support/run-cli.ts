import { spawn } from "node:child_process";
import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll } from "vitest";

/** The folder of the project. */
export const root = fileURLToPath(new URL("../..", import.meta.url));
/** What `npx bpfts` starts. */
export const cli = join(root, "dist/bpfts.cjs");

export interface CliResult {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly durationMs: number;
}

export interface RunningCli {
  readonly child: ChildProcessWithoutNullStreams;
  readonly ended: Promise<CliResult>;
  /** Resolves once stdout or stderr has the text. */
  waitFor(text: string): Promise<void>;
  /** What stands on stderr until now. */
  stderrSoFar(): string;
}

export interface CliOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** A command line that the CLI is started by: `["nsenter", "--mount=/proc/PID/ns/mnt"]`. */
  readonly by?: readonly string[];
}

/** A test that failed half-way must not leave its child behind. */
const running = new Set<ChildProcessWithoutNullStreams>();
afterAll(() => {
  for (const child of running) child.kill("SIGKILL");
});

/** Starts the CLI as a user does. */
export function startCli(args: readonly string[], options: CliOptions = {}): RunningCli {
  const started = performance.now();
  const [command, ...words] = [...(options.by ?? []), process.execPath, cli, ...args];
  const child = spawn(command!, words, {
    cwd: options.cwd ?? root,
    // Python would write a line of a workload in pieces, and a tool's rows would stand between them. Node takes 50 ms to read certificates that no test needs.
    env: { ...process.env, PYTHONUNBUFFERED: undefined, NODE_EXTRA_CA_CERTS: undefined, ...options.env },
  });
  running.add(child);
  child.on("close", () => running.delete(child));
  let stdout = "";
  let stderr = "";
  const waiting: { text: string; resolve: () => void; reject: (error: Error) => void }[] = [];
  const look = (): void => {
    for (const entry of waiting) if (stdout.includes(entry.text) || stderr.includes(entry.text)) entry.resolve();
  };
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
    look();
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
    look();
  });
  const ended = new Promise<CliResult>((resolve) => {
    child.on("close", (status, signal) => {
      for (const entry of waiting)
        entry.reject(new Error(`it ended (${status ?? signal}) without printing "${entry.text}":\n${stdout}${stderr}`));
      resolve({ status, signal, stdout, stderr, durationMs: performance.now() - started });
    });
  });
  return {
    child,
    ended,
    stderrSoFar: () => stderr,
    waitFor: (text) =>
      new Promise((resolve, reject) => {
        waiting.push({ text, resolve, reject });
        look();
      }),
  };
}

/** Runs the CLI to its end. */
export function runCli(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  return startCli(args, options).ended;
}

/** The error that `--json-errors` printed. */
export interface CliError {
  readonly code: string;
  readonly message: string;
  readonly exitCode: number;
  readonly hint?: string;
  readonly location?: { readonly file: string; readonly line: number; readonly column?: number };
  readonly diagnostics?: readonly { readonly message: string }[];
  readonly detail?: string;
}

/** Parses the last line of stderr as an error. */
export function parseCliError(result: CliResult): CliError {
  const line = result.stderr.trimEnd().split("\n").at(-1) ?? "";
  if (!line.startsWith("{")) throw new Error(`no JSON error on stderr:\n${result.stderr}\nstdout:\n${result.stdout}`);
  return (JSON.parse(line) as { error: CliError }).error;
}

/** Makes a folder that goes away after the file's tests. */
export function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "bpfts-test-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Writes a script into a folder and answers its path. */
export function writeScript(folder: string, name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}
