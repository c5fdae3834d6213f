import { spawn } from "node:child_process";
import { closeSync, mkdtempSync, openSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, delimiter, dirname, join, resolve } from "node:path";
import type { Duplex } from "node:stream";
import { describeConfined } from "../confine/confine.ts";
import { describeInstalled } from "../confine/installed-program.ts";
import type { HostClangAnswer, HostClangRequest } from "../base/host-clang.ts";
import type { Closable } from "../base/scope.ts";
import { readClangArguments } from "./clang-arguments.ts";
import type { ClangJob } from "./clang-arguments.ts";

/** A run of clang for a guest that takes longer than this is ended. */
const clangMs = 120_000;
/** clang's words, and those of its driver, for a file that is not there. */
const missing = /\bfatal error:|^[^:\s]+: error: no such file or directory: /m;
/** A request that is longer than this is not read: no text for BPF is. */
const requestBytes = 1 << 24;

/**
 * Runs clang on this machine for a guest, which would take twenty times as long. The guest sees this machine's files at the same
 * paths, so the same arguments mean the same. What it may ask for is in `clang-arguments.ts`; what clang makes goes into
 * a folder of this run's, which the guest can read and not write.
 * Owner: the caller; closing ends a clang that still runs and removes the folder.
 */
export function serveClang(port: Duplex): Closable {
  let folder: string | undefined;
  const stop = new AbortController();
  let rest = "";
  let count = 0;
  let last: string | undefined;
  let turn: Promise<void> = Promise.resolve();

  const answer = async (request: HostClangRequest): Promise<void> => {
    const job = readClangArguments(request.args);
    if (last !== undefined) rmSync(last, { force: true });
    last = undefined;
    if (job === undefined || !isClang(request.clang) || stop.signal.aborted) return send({ id: request.id });
    folder ??= realpathSync(mkdtempSync(join(tmpdir(), "bpfts-clang-")));
    last = join(folder, String(++count));
    send({ id: request.id, ...(await runJob(request, job, last, stop.signal)) });
  };
  const send = (row: HostClangAnswer): void => void (port.destroyed || port.write(`${JSON.stringify(row)}\n`));

  port.on("data", (chunk: Buffer) => {
    const lines = (rest + chunk.toString("latin1")).split("\n");
    rest = lines.pop()!;
    if (rest.length > requestBytes) rest = "";
    for (const line of lines) {
      const request = parseRequest(Buffer.from(line, "latin1").toString());
      if (request !== undefined) turn = turn.then(() => answer(request)).catch(() => send({ id: request.id }));
    }
  });
  return {
    close() {
      stop.abort();
      if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A clang of the PATH by its usual name, or the one that the user chose. */
function isClang(path: string): boolean {
  const chosen = process.env["BPFTS_CLANG"];
  if (chosen && path === resolve(chosen)) return true;
  return (
    /^clang(?:-\d+)?$/.test(basename(path)) && (process.env["PATH"] ?? "").split(delimiter).includes(dirname(path))
  );
}

function runJob(
  request: HostClangRequest,
  job: ClangJob,
  output: string,
  signal: AbortSignal,
): Promise<Omit<HostClangAnswer, "id">> {
  return new Promise((settle) => {
    // A file of this user's own could not be written by a program without rights: that one makes it itself, in a folder that it is given.
    const file = job.output === "file" ? undefined : openSync(output, "wx", 0o600);
    const place = { pipe: ["-o", "-"], file: ["-o", output] } as const;
    const confined = describeConfined({
      argv: [request.clang, ...job.args, ...(job.output === undefined ? [] : place[job.output])],
      ...describeInstalled(request.clang),
      // A precompiled header is checked against the files beside it.
      readable: job.readable.flatMap((path) =>
        path.endsWith(".pch") || path.endsWith(".h") ? [dirname(path)] : [path],
      ),
      readsPrivate: true,
      writable: dirname(output),
      folder: dirname(output),
      environment: { TMPDIR: dirname(output) },
    });
    const child = spawn(confined.file, confined.args, {
      stdio: ["pipe", file ?? "ignore", "pipe"],
      env: {},
      signal,
      killSignal: "SIGKILL",
      timeout: clangMs,
    });
    if (file !== undefined) closeSync(file);
    const stderr: Buffer[] = [];
    child.stdin!.on("error", () => {});
    child.stdin!.end(request.input);
    child.stderr!.on("data", (chunk: Buffer) => stderr.push(chunk));
    child.once("error", () => settle({}));
    child.once("close", (status) => {
      const text = Buffer.concat(stderr).toString();
      // One is an error in the text. A file that is missing here may be there in the guest, which then sees for itself, as with all else.
      settle(status === 0 || (status === 1 && !missing.test(text)) ? { status, stderr: text, output } : {});
    });
  });
}

function parseRequest(line: string): HostClangRequest | undefined {
  try {
    const row = JSON.parse(line) as Partial<HostClangRequest> | null;
    if (typeof row?.id !== "string" || typeof row.clang !== "string" || typeof row.input !== "string") return undefined;
    if (!Array.isArray(row.args) || !row.args.every((word) => typeof word === "string")) return undefined;
    return row as HostClangRequest;
  } catch {
    // An empty line, or half of one.
    return undefined;
  }
}
