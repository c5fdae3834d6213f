import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";

import { openStderrLog } from "../../runtime/base/log.ts";
import { renderErrorJson } from "../../runtime/cli/render-error.ts";
import { openCacheFolder } from "../../runtime/compile/cache-folder.ts";
import { openAddon } from "../../runtime/kernel/door/addon.ts";
import { noGrants, openScopeOf } from "../../runtime/script/file-scope.ts";
import { buildUnit } from "../../runtime/session/build/build-unit.ts";
import { describeSourceFile, openBuilder } from "../../runtime/session/build/open-builder.ts";
import { captureOnKernels } from "../../runtime/vm/capture-on-kernels.ts";
import { requireKernelRows } from "../../runtime/vm/kernels.ts";
import { openVmFolder } from "../../runtime/vm/vm-folder.ts";
import { type Answer, type CheckRow, describeRow, readCorpus, readKernelTypes, type StoredEntry } from "./check.ts";
import { guestModules, type KernelSnapshot } from "./kernel-snapshot.ts";

/** One text for the guest: `NAME.o` and `NAME.unit.json` lie in the folder that it is told. */
export interface GuestJob {
  readonly name: string;
  readonly attach: StoredEntry["attach"];
}

export interface KernelCheckRequest {
  readonly corpus: string;
  readonly only?: readonly string[] | undefined;
  readonly snapshot: KernelSnapshot;
  /** The bundle of `load-built.ts`, run in the guest. */
  readonly loader: string;
}

/** Compiles every text of a corpus here for another kernel, then loads all of them there in one boot. */
export async function checkOnKernel(request: KernelCheckRequest): Promise<CheckRow[]> {
  const { corpus, snapshot } = request;
  const entries = readCorpus(corpus).filter(({ tool }) => request.only === undefined || request.only.includes(tool));
  const vm = openVmFolder(process.env);
  const work = path.join(vm.cache, "bcc", `objects-${process.pid}`);
  mkdirSync(work, { recursive: true });
  try {
    const { answers, types } = buildAll(entries, request, work);
    const jobs: GuestJob[] = entries
      .filter(({ name }) => answers.get(name)?.ok === true)
      .map(({ name, attach }) => ({ name, attach }));
    writeFileSync(path.join(work, "jobs.json"), JSON.stringify(jobs));
    const loads = await loadAll(request, work);
    for (const { name } of jobs) {
      const built = answers.get(name)!;
      const loaded = loads.get(name) ?? {
        file: name,
        ok: false,
        error: { code: "NO_ANSWER", message: "the guest ended without an answer" },
      };
      answers.set(name, { ...loaded, ...(built.buildMs !== undefined && { buildMs: built.buildMs }) });
    }
    return entries
      .map((entry) => describeRow(entry, corpus, answers, { ...snapshot.facts, types }))
      .sort((a, b) => a.name.localeCompare(b.name));
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function buildAll(
  entries: readonly StoredEntry[],
  { corpus, snapshot }: KernelCheckRequest,
  work: string,
): { answers: Map<string, Answer>; types: string } {
  const log = { ...openStderrLog({ verbose: false }), warn: () => undefined };
  const tools = openBuilder({
    port: openAddon(),
    cache: openCacheFolder(process.env),
    environment: process.env,
    kernel: snapshot.source,
    log,
  });
  const answers = new Map<string, Answer>();
  for (const { name, cflags } of entries) {
    const file = path.join(corpus, `${name}.c`);
    const started = performance.now();
    try {
      const { bytes, programs, maps, eventStructs } = buildUnit(
        describeSourceFile(file, openScopeOf(file, noGrants)),
        cflags,
        tools,
      );
      writeFileSync(path.join(work, `${name}.o`), bytes);
      writeFileSync(path.join(work, `${name}.unit.json`), JSON.stringify({ programs, maps, eventStructs }));
      answers.set(name, { file, ok: true, buildMs: Math.round(performance.now() - started) });
    } catch (error) {
      answers.set(name, { file, ok: false, ...(JSON.parse(renderErrorJson(error)) as Pick<Answer, "error">) });
    }
  }
  return { answers, types: readKernelTypes(snapshot.source.btfFolder) };
}

async function loadAll({ snapshot, loader }: KernelCheckRequest, work: string): Promise<Map<string, Answer>> {
  const command = [
    "sh",
    "-c",
    'for m in $1; do modprobe "$m"; done; shift; exec "$@"',
    "sh",
    guestModules.join(" "),
    process.execPath,
    loader,
    work,
  ];
  const [answer] = await captureOnKernels(
    openVmFolder(process.env),
    requireKernelRows(snapshot.name),
    command,
    { memoryMb: 2048 },
    openStderrLog({ verbose: false }),
  );
  if (answer === undefined || answer.status !== 0)
    console.error(answer?.error?.message ?? answer?.stderr ?? "no answer");
  const lines = (answer?.stdout ?? "").split("\n").filter((line) => line.startsWith("{"));
  return new Map(lines.map((line) => JSON.parse(line) as Answer).map((found) => [found.file, found]));
}
