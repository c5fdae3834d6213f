import { writeFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";

import { type Capture, type CaptureMode, captureRun, startTarget } from "./capture.ts";
import { checkCorpus } from "./check.ts";
import { checkOnKernel } from "./check-on-kernel.ts";
import { collectEntries, writeCorpus } from "./corpus.ts";
import { openSnapshot } from "./kernel-snapshot.ts";
import { renderReport } from "./report.ts";
import { toolRows } from "./rows.ts";
import { fetchDebianTree, findCacheFolder, readSourceTree, type ToolTree } from "./tree.ts";

const { values } = parseArgs({
  options: {
    source: { type: "string" },
    out: { type: "string" },
    only: { type: "string", multiple: true },
    stub: { type: "string" },
    check: { type: "boolean" },
    corpus: { type: "string" },
    json: { type: "string" },
    jobs: { type: "string" },
    bpfts: { type: "string" },
    kernel: { type: "string" },
    loader: { type: "string" },
  },
});
const corpus = values.corpus ?? (await writeCaptures());
if (values.check === true || values.kernel !== undefined) {
  const bpfts = path.resolve(values.bpfts ?? path.join("dist", "bpfts.cjs"));
  const rows =
    values.kernel === undefined
      ? await checkCorpus({ corpus, bpfts, only: values.only, jobs: Number(values.jobs ?? "1") })
      : await checkOnKernel({
          corpus,
          only: values.only,
          snapshot: await openSnapshot(values.kernel, path.dirname(values.stub ?? "")),
          loader: values.loader ?? "",
        });
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(rows, null, 1)}\n`);
  console.log(renderReport(rows));
  process.exitCode = rows.some(({ failure }) => failure?.class === "ours") ? 1 : 0;
}

/** Answers the folder that the texts lie in. */
async function writeCaptures(): Promise<string> {
  const tree = values.source === undefined ? await fetchDebianTree() : readSourceTree(values.source);
  const out = values.out ?? path.join(findCacheFolder(), "bcc", `corpus-${tree.name}`);
  const captures = await captureAll(tree);
  const entries = collectEntries(captures);
  writeCorpus(out, entries);
  const silent = captures.filter((capture) => capture.texts.length === 0);
  writeFileSync(path.join(out, "no-text.json"), `${JSON.stringify(silent, null, 1)}\n`);
  for (const { tool, args, mode, end, output } of silent)
    console.log(`no text: ${tool} ${args} [${mode}]: ${end}: ${output}`);
  for (const { tool, args, mode, end } of captures) {
    if (end.startsWith("Exception") || end.includes("Error"))
      console.log(`ended early: ${tool} ${args} [${mode}]: ${end}`);
  }
  console.log(
    `${tree.name} ${tree.version}: ${captures.length} runs, ${captures.length - silent.length} with text, ${entries.length} ` +
      `different texts of ${new Set(entries.map((entry) => entry.tool)).size} tools in ${out}`,
  );
  return out;
}

async function captureAll(tree: ToolTree): Promise<Capture[]> {
  const stubFolder = path.resolve(values.stub ?? path.join("test", "bcc", "stub"));
  const target = startTarget();
  const modes: CaptureMode[] = ["trampoline", "probe"];
  const queue = toolRows
    .filter((row) => tree.scripts.has(row.tool) && (values.only === undefined || values.only.includes(row.tool)))
    .flatMap((row) => row.runs.flatMap((_run, index) => modes.map((mode) => ({ row, index, mode }))));
  const results: Capture[] = new Array<Capture>(queue.length);
  let next = 0;
  const work = async (): Promise<void> => {
    for (let at = next++; at < queue.length; at = next++) {
      const job = queue[at];
      if (job === undefined) return;
      results[at] = await captureRun(tree, job.row, job.index, job.mode, target.pid ?? 0, stubFolder);
    }
  };
  try {
    await Promise.all([work(), work()]);
  } finally {
    target.kill();
  }
  return results;
}
