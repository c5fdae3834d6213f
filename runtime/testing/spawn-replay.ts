import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { ArgumentError, InterruptedError, ResourceError } from "../base/errors.ts";
import type { Script } from "../script/read-script.ts";
import type { ReplayArgument, ReplayReply } from "../../sdk/wire/test-calls.ts";

/** What a replay runs with besides what the test says. */
export interface ReplaySettings {
  /** The command line's own options about files, as another bpfts takes them. */
  readonly grants: readonly string[];
  readonly memoryBytes: number;
  /** How long the test may still take. Units: milliseconds. */
  findTimeLeft(): number;
}

/** More is no output that a test looks at. Units: bytes. */
const MAX_OUTPUT = 256 * 1024 * 1024;

/** Behind standard error. */
const recordsFd = 3;

/** What the child writes there when it could not begin. */
interface Refusal {
  readonly type: "refused";
  readonly message: string;
  readonly hint?: string;
}

/**
 * Runs a script on a recording in a process of its own: a replay has its own clock, time zone and memory. The script of a test may read what the file of tests may read.
 *
 * @throws InterruptedError when the test's time is over; ArgumentError for a path that leads elsewhere, a file that is no recording, and a script that cannot be read
 */
export function spawnReplay(test: Script, argument: ReplayArgument, settings: ReplaySettings): ReplayReply {
  const recording = requireOwn(test, argument.recording, "the recording");
  const script = requireOwn(test, argument.script ?? nameTested(test), "the script");
  const { status, signal, error, output } = spawnSync(
    process.execPath,
    [
      ...process.execArgv,
      process.argv[1]!,
      "replay",
      ...settings.grants,
      "--memory",
      String(Math.round(settings.memoryBytes / 1024 / 1024)),
      "--records-fd",
      String(recordsFd),
      recording,
      script,
      ...(argument.args === null ? [] : argument.args.length === 0 ? ["--no-args"] : ["--", ...argument.args]),
    ],
    {
      cwd: test.folder,
      stdio: ["ignore", "pipe", "pipe", "pipe"],
      maxBuffer: MAX_OUTPUT,
      timeout: Math.max(1, Math.ceil(settings.findTimeLeft())),
      encoding: "utf8",
    },
  );
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  if (code === "ENOBUFS")
    throw new ResourceError(`The replay of "${argument.recording}" printed more than ${MAX_OUTPUT / 1024 / 1024} MiB`);
  if (code === "ETIMEDOUT") throw new InterruptedError("The test took too long");
  if (error !== undefined)
    throw new ResourceError(`Cannot start the replay of "${argument.recording}": ${error.message}`, { cause: error });
  const records = output[recordsFd] ?? "";
  const last = records.trimEnd().split("\n").at(-1) ?? "";
  if (last.startsWith('{"type":"refused"')) {
    const { message, hint } = JSON.parse(last) as Refusal;
    throw new ArgumentError(message, hint === undefined ? {} : { hint });
  }
  return {
    status: status ?? 128 + (signal === "SIGINT" ? 2 : signal === "SIGTERM" ? 15 : 9),
    output: output[1] ?? "",
    errors: output[2] ?? "",
    records,
  };
}

/** The script that a file of tests is called after. */
function nameTested({ path, folder }: Script): string {
  const name = basename(path).replace(/\.test\.ts$/, ".ts");
  if (existsSync(join(folder, name))) return name;
  throw new ArgumentError(`replay() takes a script, and there is no "${name}" beside the test`, {
    hint: 'name the script: replay(RECORDING, { script: "NAME.ts" })',
  });
}

/** @throws ArgumentError, ScriptError */
function requireOwn({ folder, scope }: Script, path: string, what: string): string {
  const absolute = resolve(folder, path);
  if (!scope.covers(absolute)) throw scope.describeRefusal(absolute, `Cannot read ${what}`);
  if (existsSync(absolute)) return absolute;
  throw new ArgumentError(`There is no file "${path}" for ${what} of replay()`, {
    hint: `paths are taken from the folder of the test, "${folder}"${what === "the recording" ? `; bpfts run --record ${path} SCRIPT writes a recording` : ""}`,
  });
}
