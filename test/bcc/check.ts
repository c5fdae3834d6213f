import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { openAddon } from "../../runtime/kernel/door/addon.ts";
import { btfFolder, listTypedModules } from "../../runtime/kernel/machine/module-types.ts";
import { type CheckError, classifyFailure, type FailureClass, type KernelFacts } from "./classify.ts";
import type { CorpusEntry } from "./corpus.ts";

/** What `bpfts check` said of one text. */
export interface CheckRow {
  readonly name: string;
  readonly tool: string;
  readonly args: string;
  readonly modes: readonly string[];
  readonly assumed: readonly string[];
  readonly compiles: boolean;
  readonly loads: boolean;
  /** From the text to the object. Units: ms; undefined when it did not get there. */
  readonly buildMs?: number;
  readonly loadMs?: number;
  readonly failure?: { readonly class: FailureClass; readonly error: CheckError };
}

/** An entry as it lies beside its text. */
export type StoredEntry = Omit<CorpusEntry, "text">;

/** What was said of one text. */
export interface Answer {
  readonly file: string;
  readonly ok: boolean;
  readonly buildMs?: number;
  readonly loadMs?: number;
  readonly error?: CheckError;
}

export interface CheckRequest {
  readonly corpus: string;
  /** The CLI's entry. */
  readonly bpfts: string;
  readonly only?: readonly string[] | undefined;
  /** Processes at a time; more than one makes the times worse. */
  readonly jobs: number;
}

/** Files for one process: it opens the kernel's types once. */
const chunkSize = 40;

/** The errors that stand behind a compiled object. */
const loadCodes = new Set(["BPFTS_VERIFIER", "BPFTS_MAP", "BPFTS_UNSUPPORTED", "BPFTS_PRIVILEGE", "BPFTS_ATTACH"]);

/** Takes every text of a corpus through compile and verified load, with a cache of its own that begins empty. */
export async function checkCorpus(request: CheckRequest): Promise<CheckRow[]> {
  const entries = readCorpus(request.corpus).filter(
    ({ tool }) => request.only === undefined || request.only.includes(tool),
  );
  const cache = mkdtempSync(path.join(tmpdir(), "bpfts-bcc-cache-"));
  try {
    const kernel = { tracepoints: listTracepoints(), symbols: listSymbols(), types: readKernelTypes(btfFolder) };
    const queue = chunkByCflags(entries);
    const rows: CheckRow[] = [];
    const work = async (): Promise<void> => {
      for (let chunk = queue.shift(); chunk !== undefined; chunk = queue.shift()) {
        const answers = await runCheck(request, chunk, cache);
        rows.push(...chunk.map((entry) => describeRow(entry, request.corpus, answers, kernel)));
      }
    };
    await Promise.all(Array.from({ length: request.jobs }, work));
    return rows.sort((a, b) => a.name.localeCompare(b.name));
  } finally {
    rmSync(cache, { recursive: true, force: true });
  }
}

/** Reads the entries of a corpus folder. */
export function readCorpus(folder: string): StoredEntry[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith(".c"))
    .map((file) => JSON.parse(readFileSync(path.join(folder, file.replace(/\.c$/, ".json")), "utf8")) as StoredEntry);
}

function chunkByCflags(entries: readonly StoredEntry[]): StoredEntry[][] {
  const groups = new Map<string, StoredEntry[]>();
  for (const entry of entries) {
    const key = JSON.stringify(entry.cflags);
    groups.set(key, [...(groups.get(key) ?? []), entry]);
  }
  return [...groups.values()].flatMap((group) =>
    Array.from({ length: Math.ceil(group.length / chunkSize) }, (_unused, at) =>
      group.slice(at * chunkSize, (at + 1) * chunkSize),
    ),
  );
}

async function runCheck(
  request: CheckRequest,
  chunk: readonly StoredEntry[],
  cache: string,
): Promise<ReadonlyMap<string, Answer>> {
  const files = chunk.map(({ name }) => path.join(request.corpus, `${name}.c`));
  const cflags = chunk[0]?.cflags.map((flag) => `--cflag=${flag}`) ?? [];
  const words = ["check", "--json", "--attach", "auto", ...cflags, ...files];
  const stdout = await new Promise<string>((resolve) => {
    const options = { env: { ...process.env, BPFTS_CACHE: cache }, maxBuffer: 1 << 30 };
    execFile(process.execPath, [request.bpfts, ...words], options, (_error, output, errors) => {
      if (output === "") console.error(errors);
      resolve(output);
    });
  });
  const answers = stdout
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Answer);
  return new Map(answers.map((answer) => [path.basename(answer.file, ".c"), answer]));
}

/** Puts what was said of a text and why into one row. */
export function describeRow(
  entry: StoredEntry,
  corpus: string,
  answers: ReadonlyMap<string, Answer>,
  kernel: KernelFacts,
): CheckRow {
  const { name, tool, args, modes, assumed } = entry;
  const answer: Answer = answers.get(name) ?? {
    file: name,
    ok: false,
    error: { code: "NO_ANSWER", message: "bpfts ended without an answer" },
  };
  const compiles =
    answer.ok || loadCodes.has(answer.error?.code ?? "") || (answer.error?.message.startsWith("Cannot load") ?? false);
  const known = { name, tool, args, modes, assumed, compiles, loads: answer.ok };
  if (answer.error === undefined)
    return { ...known, ...(answer.buildMs !== undefined && { buildMs: answer.buildMs, loadMs: answer.loadMs ?? 0 }) };
  const text = readFileSync(path.join(corpus, `${name}.c`), "utf8");
  return { ...known, failure: { class: classifyFailure(answer.error, text, kernel), error: answer.error } };
}

/** Reads all types of a kernel and of its modules as C. `folder` has a file for each. */
export function readKernelTypes(folder: string): string {
  const port = openAddon();
  const base = path.join(folder, "vmlinux");
  const modules = listTypedModules(folder).filter((module) => module !== "vmlinux");
  const texts = [port.btfDumpC(base, null), ...modules.map((module) => port.btfDumpC(path.join(folder, module), base))];
  return texts.filter((text) => typeof text === "string").join("\n");
}

function listTracepoints(): ReadonlySet<string> {
  const events = ["/sys/kernel/tracing/events", "/sys/kernel/debug/tracing/events"].find((folder) =>
    readableFolder(folder),
  );
  if (events === undefined) throw new Error("tracefs is not mounted: mount -t tracefs nodev /sys/kernel/tracing");
  const categories = readdirSync(events, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return new Set(
    categories.flatMap(({ name }) => readdirSync(path.join(events, name)).map((event) => `${name}:${event}`)),
  );
}

function listSymbols(): ReadonlySet<string> {
  return new Set([...readFileSync("/proc/kallsyms", "utf8").matchAll(/^\S+ \S (\S+)/gm)].map((match) => match[1]!));
}

function readableFolder(folder: string): boolean {
  try {
    return readdirSync(folder).length > 0;
  } catch {
    return false;
  }
}
