import { spawnSync } from "node:child_process";
import { InternalError, InterruptedError, ToolchainError } from "../base/errors.ts";
import type { ClangResult } from "./clang-result.ts";
import { runHostClang } from "./host-clang.ts";
import type { Toolchain } from "./toolchain.ts";

/** The largest output that is read: the JSON AST of a very large unit. */
const maxOutputBytes = 512 * 1024 * 1024;

/**
 * Runs clang to its end with `input` as its standard input. Waiting is
 * synchronous, since a script's `new BPF(…)` is. In a virtual machine of `bpfts vm` the host runs it.
 *
 * @throws ToolchainError when it cannot be started or has no bpf target.
 * @throws InterruptedError when a signal ended it.
 */
export function runClang(toolchain: Toolchain, args: readonly string[], input?: string): ClangResult {
  const answered = runHostClang(toolchain.clang, args, input ?? "");
  if (answered !== undefined) return answered;
  const result = spawnSync(toolchain.clang, args, {
    input: input ?? "",
    maxBuffer: maxOutputBytes,
    // Messages are parsed: they must come in English and without colours.
    env: { PATH: process.env["PATH"], HOME: process.env["HOME"], TMPDIR: process.env["TMPDIR"], LC_ALL: "C" },
  });
  if (result.error !== undefined) {
    throw new ToolchainError(`Cannot run "${toolchain.clang}": ${result.error.message}`, {
      cause: result.error,
      hint: "check that clang is installed: bpfts doctor",
    });
  }
  const stderr = result.stderr.toString("utf8");
  if (result.signal === "SIGINT" || result.signal === "SIGTERM" || result.signal === "SIGHUP")
    throw new InterruptedError(`clang was ended by ${result.signal}`);
  if (result.signal !== null || (result.status ?? 0) > 1) {
    throw new InternalError(`clang crashed (${result.signal ?? `status ${result.status}`})`, { detail: stderr });
  }
  if (/unable to create target|unknown target triple/.test(stderr)) {
    throw new ToolchainError(`"${toolchain.clang}" has no bpf target`, {
      hint: "install a clang of the distribution: apt-get install clang",
      detail: stderr,
    });
  }
  return { ok: result.status === 0, stdout: result.stdout, stderr };
}
