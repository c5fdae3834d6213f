import { constants, tmpdir } from "node:os";
import { ClangCrashError, CompileError, ResourceError, ToolchainError } from "../base/errors.ts";
import { runConfined } from "../confine/confine.ts";
import type { ConfinedResult, ConfineLimits } from "../confine/confine.ts";
import { describeInstalled } from "../confine/installed-program.ts";
import type { ClangResult } from "./clang-result.ts";
import { runHostClang } from "./host-clang.ts";
import type { Toolchain } from "./toolchain.ts";

/** Files besides the system's headers that a run of clang needs. */
export interface ClangReach {
  /** What it may read. */
  readonly readable?: readonly string[];
  /** Whether files are among it that only their owner may read. */
  readonly readsPrivate?: boolean;
  /** A folder for the output that is not printed. */
  readonly writable?: string;
  /** Where relative names start from. */
  readonly folder?: string;
}

/** A very large unit takes a fifth of this; an emulated processor is twenty times as slow. */
const limits: ConfineLimits = { cpuSeconds: 200, memoryBytes: 4 * 1024 ** 3, seconds: 400, idleSeconds: 20 };

/**
 * Runs clang to its end with `input` as its standard input, without rights: it reads the system's headers and what `reach` says. Waiting is
 * synchronous, since a script's `new BPF(…)` is. In a virtual machine of `bpfts vm` the host runs it.
 *
 * @throws ToolchainError when it cannot be started or has no bpf target.
 * @throws CompileError when it takes too long, or too much memory.
 * @throws InterruptedError when a signal ended it.
 * @throws ClangCrashError when it failed without saying what is wrong with the text.
 */
export function runClang(
  toolchain: Toolchain,
  args: readonly string[],
  input = "",
  reach: ClangReach = {},
): ClangResult {
  const answered = runHostClang(toolchain.clang, args, input);
  if (answered !== undefined) return answered;
  const { stopFd } = toolchain;
  const program = { argv: [toolchain.clang, ...args], ...describeInstalled(toolchain.clang), limits, ...reach };
  const result = runConfined(program, { input, ...(stopFd !== undefined && stopFd >= 0 && { stopFd }) });
  const stderr = result.stderr.toString("utf8");
  requireEnd(result, stderr, toolchain.version);
  if (/unable to create target|unknown target triple/.test(stderr)) {
    throw new ToolchainError(`"${toolchain.clang}" has no bpf target`, {
      hint: "install a clang of the distribution: apt-get install clang",
      detail: stderr,
    });
  }
  return { ok: result.status === 0, stdout: result.stdout, stderr };
}

/** @throws CompileError, ClangCrashError when clang did not come to say what it thinks of the text. */
function requireEnd({ status, signal, passed }: ConfinedResult, stderr: string, version: number): void {
  if (passed === "idleSeconds") {
    throw new CompileError(`clang waited ${limits.idleSeconds} s for a file that gives nothing`, {
      hint: "is one of the included files a pipe? clang reads regular files only",
    });
  }
  if (passed !== undefined || signal === "SIGXCPU" || signal === "SIGXFSZ" || /out of memory|bad_alloc/.test(stderr)) {
    const what = /out of memory|bad_alloc/.test(stderr) ? "more than 4 GiB of memory" : "too long";
    throw new CompileError(`clang takes ${what} for this text`, {
      hint: "make the C text smaller: unrolled loops and macros of macros multiply",
      detail: stderr,
    });
  }
  if (/No space left on device|Disk quota exceeded/.test(stderr)) {
    throw new ResourceError("clang has no room for what it writes", {
      hint: `make room in "${tmpdir()}", or set TMPDIR to a folder with room for 40 MiB`,
      detail: stderr,
    });
  }
  if (signal !== null || isBroken(stderr) || ((status ?? 0) > 1 && !isRefusal(stderr))) {
    throw new ClangCrashError(`clang ${version} crashed (${signal ?? renderStatus(status ?? 0)})`, {
      detail: stderr,
      hint: "this is a fault of clang's: try another version (BPFTS_CLANG=clang-19), or write that part of the C text in another way",
    });
  }
}

/** clang gives up on code that the BPF target does not have with the status of a crash, but says what it is. */
function isRefusal(stderr: string): boolean {
  return /^fatal error: error in backend: /m.test(stderr);
}

/** A crash of the code generator may leave its output half written, and say only that. */
function isBroken(stderr: string): boolean {
  return /^fatal error: error in backend: IO failure/m.test(stderr);
}

/** The driver adds 128 to the signal that ended the compiler. Source: clang::driver::Driver::ExecuteCompilation. */
function renderStatus(status: number): string {
  const name = Object.entries(constants.signals).find(([, number]) => number === status - 128)?.[0];
  return name ?? `status ${status}`;
}
