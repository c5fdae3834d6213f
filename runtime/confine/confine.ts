import { spawnSync } from "node:child_process";
import { CompileError, InternalError, InterruptedError, ToolchainError } from "../base/errors.ts";
import { requireLauncher } from "./launcher.ts";

/** A program to run, and all that it may reach. */
export interface ConfinedProgram {
  /** The program, by its absolute path, and its arguments. */
  readonly argv: readonly string[];
  /** Files and folders that it may read. The system's programs, libraries and headers it may read anyway. */
  readonly readable?: readonly string[];
  /** Files and folders that it may read and execute. */
  readonly runnable?: readonly string[];
  /** A folder of this run's own, in which it may make files. Its owner becomes the program's user. */
  readonly writable?: string;
  /**
   * Whether root's program reads files that only their owners may read, in `readable`. It gets the one capability for that where Landlock keeps it to them, and no capability where there is no Landlock.
   * Folders that are closed to others are noticed without it.
   */
  readonly readsPrivate?: boolean;
  /** The folder that it runs in: `/` when absent. */
  readonly folder?: string;
  /** All of its environment besides `PATH` and `LC_ALL=C`. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly limits?: ConfineLimits;
  /** Whether it may start other processes, as a wrapper script has to. Threads it may have. */
  readonly startsProcesses?: boolean;
}

/** What a program may use up. */
export interface ConfineLimits {
  /** Units: seconds of processor time. */
  readonly cpuSeconds?: number;
  /** Units: bytes of address space. */
  readonly memoryBytes?: number;
  /** Units: bytes, of each file that it writes. */
  readonly fileBytes?: number;
  /** Units: seconds by the clock. */
  readonly seconds?: number;
  /** How long it may go without using the processor: it waits for a pipe, say. Units: seconds. */
  readonly idleSeconds?: number;
}

/** How a program ended. */
export interface ConfinedResult {
  /** Null when a signal ended it, or a limit of time. */
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The limit of time that it passed. */
  readonly passed?: "seconds" | "idleSeconds";
  readonly stdout: Buffer;
  readonly stderr: Buffer;
}

/** What is passed to the program's standard input, and when it is to be ended early. */
export interface ConfinedRun {
  readonly input?: string | Uint8Array;
  /** A descriptor that becomes readable when a signal came: the program is ended, and the answer says SIGINT. */
  readonly stopFd?: number;
}

/** A program's end that is the launcher's: `runtime/native/confine/main.cc`. */
const statuses = { idle: 123, tooLong: 124, notStarted: 125 } as const;

/** The largest output that is read: the JSON AST of a very large unit. Units: bytes. */
const maxOutputBytes = 512 * 1024 * 1024;

/**
 * Runs a program to its end without rights: with no capability, another user when this one is root, and no file, process
 * or network but what it is given. Waiting is synchronous. A signal to this process or its terminal ends the program too.
 *
 * @throws ToolchainError when it cannot be started.
 * @throws InterruptedError when SIGINT, SIGTERM or SIGHUP ended it.
 */
export function runConfined(program: ConfinedProgram, run: ConfinedRun = {}): ConfinedResult {
  const { file, args } = describeConfined(program, run.stopFd === undefined ? undefined : firstExtraFd);
  const result = spawnSync(file, args, {
    input: run.input ?? "",
    maxBuffer: maxOutputBytes,
    env: {},
    ...(run.stopFd !== undefined && { stdio: ["pipe", "pipe", "pipe", run.stopFd] }),
  });
  const name = program.argv[0] ?? "";
  const failure = (result.error as NodeJS.ErrnoException | undefined)?.code;
  if (failure === "ENOBUFS")
    throw new CompileError(`${name} writes more than ${maxOutputBytes / 1024 ** 2} MiB about this text`, {
      hint: "make the text smaller: put what it repeats into a function or a loop",
    });
  // A program that has ended, by a signal for example, reads no more; how it ended tells why.
  if (result.error !== undefined && failure !== "EPIPE")
    throw new ToolchainError(`Cannot run "${name}": ${result.error.message}`, {
      cause: result.error,
      hint: "check that it is installed: bpfts doctor",
    });
  const { status, signal, stdout, stderr } = result;
  if (signal === "SIGINT" || signal === "SIGTERM" || signal === "SIGHUP")
    throw new InterruptedError(`${name} was ended by ${signal}`);
  if (status === statuses.notStarted) {
    throw new ToolchainError(
      `Cannot run "${name}": ${stderr
        .toString("utf8")
        .trim()
        .replace(/^bpfts-confine: /, "")}`,
      { hint: "check that it is installed, and that this user may run it: bpfts doctor" },
    );
  }
  if (status === statuses.idle || status === statuses.tooLong)
    return { status: null, signal: null, passed: status === statuses.idle ? "idleSeconds" : "seconds", stdout, stderr };
  return { status, signal, stdout, stderr };
}

/** The first descriptor of a child behind its standard streams. */
const firstExtraFd = 3;

/** What to start in the place of a program. */
export interface ConfinedCommand {
  readonly file: string;
  readonly args: readonly string[];
}

/**
 * Renders what to start so that a program runs without rights: for who waits without blocking, by `spawn`. It ends with the program's
 * status or signal, 123 when the program idled, 124 when it took too long, 125 when it could not be started; ending it ends the program.
 *
 * @throws ToolchainError when the launcher is not built.
 */
export function describeConfined(program: ConfinedProgram, stopFd?: number): ConfinedCommand {
  return { file: requireLauncher(), args: [...listOptions(program, stopFd), "--", ...program.argv] };
}

/**
 * Renders the same for a caller that can choose only a program's path, its environment and the arguments that come behind those of
 * `argv`: esbuild's package, by `ESBUILD_BINARY_PATH`.
 *
 * @throws ToolchainError when the launcher is not built.
 */
export function describeConfinedByVariable(program: ConfinedProgram): {
  readonly file: string;
  readonly environment: Readonly<Record<string, string>>;
} {
  const words = [...listOptions(program), "--", ...program.argv];
  const wrong = words.find((word) => word.includes(wordSeparator));
  if (wrong !== undefined)
    throw new InternalError(`A path must not contain the character U+001F: ${JSON.stringify(wrong)}`);
  return { file: requireLauncher(), environment: { BPFTS_CONFINE: words.join(wordSeparator) } };
}

const wordSeparator = "\x1f";

function listOptions(program: ConfinedProgram, stopFd?: number): string[] {
  const { limits = {} } = program;
  const environment = { PATH: "/usr/local/bin:/usr/bin:/bin", LC_ALL: "C", ...program.environment };
  const numbers = {
    cpu: limits.cpuSeconds,
    memory: limits.memoryBytes,
    "file-bytes": limits.fileBytes,
    time: limits.seconds,
    idle: limits.idleSeconds,
    "stop-fd": stopFd,
    parent: process.pid,
  };
  return [
    ...(program.readable ?? []).flatMap((path) => ["--read", path]),
    ...(program.runnable ?? []).flatMap((path) => ["--run", path]),
    ...(program.writable === undefined ? [] : ["--write", program.writable]),
    ...Object.entries(environment).flatMap(([name, value]) => ["--env", `${name}=${value}`]),
    ...Object.entries(numbers).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, String(value)])),
    ...(program.folder === undefined ? [] : ["--folder", program.folder]),
    ...(program.readsPrivate === true ? ["--private"] : []),
    ...(program.startsProcesses === true ? ["--processes"] : []),
  ];
}
