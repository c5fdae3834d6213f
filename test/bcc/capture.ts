import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import type { ToolRow } from "./rows.ts";
import type { ToolTree } from "./tree.ts";

/** "trampoline": the tool is told that fentry and raw tracepoints work; "probe": that they do not. */
export type CaptureMode = "trampoline" | "probe";

/** A call that attached a function, which decides the function's program type. */
export interface Attachment {
  readonly fn_name: string;
  readonly kind: string;
  readonly event?: string;
  readonly event_re?: string;
  readonly tp?: string;
  readonly path?: string;
  readonly prog_type?: number;
}

/** One text that a tool passed to BPF(). */
export interface CapturedText {
  readonly text: string;
  readonly cflags: readonly string[];
  readonly attach: readonly Attachment[];
}

/** What came of one run of one tool. */
export interface Capture {
  readonly tool: string;
  readonly args: string;
  /** The place of the arguments in the tool's row, from 0. */
  readonly index: number;
  readonly mode: CaptureMode;
  readonly texts: readonly CapturedText[];
  /** Symbols and tracepoints that this kernel lacks and the row told the tool to be there. */
  readonly assumed: readonly string[];
  /** Where the tool was ended, or its error. */
  readonly end: string;
  /** The last lines that the tool wrote: they say why, when there is no text. */
  readonly output: string;
}

interface ToolRecord {
  readonly record: "bpf" | "attach" | "assumed" | "end" | "error";
  readonly bpf?: number;
  readonly text?: string;
  readonly cflags?: readonly string[];
  readonly symbol?: string;
  readonly at?: string;
  readonly message?: string;
}

const timeoutMs = 30_000;

/** A process that tools may point at. */
export function startTarget(): ChildProcess {
  return spawn("sleep", ["3600"], { stdio: "ignore" });
}

/** Runs one tool with one argument set against the stub. */
export async function captureRun(
  tree: ToolTree,
  row: ToolRow,
  index: number,
  mode: CaptureMode,
  targetPid: number,
  stubFolder: string,
): Promise<Capture> {
  const folder = mkdtempSync(path.join(tmpdir(), "bpfts-bcc-"));
  const recordFile = path.join(folder, "record");
  const supported = mode === "trampoline" ? "1" : "0";
  const args = row.runs[index] ?? "";
  const filled = Object.entries({
    $PID: String(targetPid),
    $DISK: readdirSync("/sys/block")[0] ?? "sda",
    $LIBC: `/lib/${process.arch === "arm64" ? "aarch64" : "x86_64"}-linux-gnu/libc.so.6`,
  }).reduce((line, [word, value]) => line.replaceAll(word, value), args);
  const env = {
    ...process.env,
    PYTHONDONTWRITEBYTECODE: "1",
    BPFTS_BCC_RECORD: recordFile,
    BPFTS_BCC_PYTHON: tree.pythonFolder,
    BPFTS_BCC_DATA: tree.dataFolder ?? "",
    BPFTS_BCC_KFUNC: supported,
    BPFTS_BCC_RAW_TP: supported,
    BPFTS_BCC_ASSUME: row.assume ?? "",
    BPFTS_BCC_USDT: row.usdt ?? "",
  };
  try {
    const command = [
      path.join(stubFolder, "run_tool.py"),
      tree.scripts.get(row.tool) ?? row.tool,
      ...splitWords(filled),
    ];
    const output = await new Promise<string>((resolve) => {
      const child = execFile(
        "python3",
        command,
        { env, timeout: timeoutMs, killSignal: "SIGKILL" },
        (_error, stdout, stderr) => resolve(`${stdout}\n${stderr}`),
      );
      child.stdin?.end();
    });
    return readRecords(recordFile, { tool: row.tool, args, index, mode }, output);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function readRecords(file: string, run: Pick<Capture, "tool" | "args" | "index" | "mode">, output: string): Capture {
  const lines = readLines(file);
  const records = lines.map((line) => JSON.parse(line) as ToolRecord & Attachment);
  const texts = records
    .filter((record) => record.record === "bpf" && record.text?.trim() !== "")
    .map((record) => ({
      text: record.text ?? "",
      cflags: record.cflags ?? [],
      attach: records.filter((other) => other.record === "attach" && other.bpf === record.bpf).map(describeAttachment),
    }));
  const error = records.find((record) => record.record === "error");
  const end = records.find((record) => record.record === "end");
  return {
    ...run,
    texts,
    assumed: records.flatMap((record) =>
      record.record === "assumed" && record.symbol !== undefined ? [record.symbol] : [],
    ),
    end: error?.message ?? end?.at ?? "no end within the time limit",
    output: output.trim().split("\n").slice(-3).join(" | "),
  };
}

function readLines(file: string): string[] {
  try {
    return readFileSync(file, "utf8").split("\n").filter(Boolean);
  } catch {
    return [];
  }
}

function describeAttachment({ record: _record, bpf: _bpf, ...rest }: ToolRecord & Attachment): Attachment {
  return rest;
}

/** Splits a command line as a shell does, as far as quotes and backslashes go. */
export function splitWords(line: string): string[] {
  const words: string[] = [];
  for (const match of line.matchAll(/(?:'(?:[^'\\]|\\.)*'|[^\s'])+/g)) {
    words.push(match[0].replaceAll(/'((?:[^'\\]|\\.)*)'/g, (_quoted, inner: string) => inner.replaceAll("\\'", "'")));
  }
  return words;
}
