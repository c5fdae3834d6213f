import { writeFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";

import { type Capture, type CaptureMode, captureRun, startTarget } from "./capture.ts";
import { collectEntries, writeCorpus } from "./corpus.ts";
import { toolRows } from "./rows.ts";
import { fetchDebianTree, findCacheFolder, readSourceTree } from "./tree.ts";

const { values } = parseArgs({
  options: {
    source: { type: "string" },
    out: { type: "string" },
    only: { type: "string", multiple: true },
    stub: { type: "string" },
  },
});
const tree = values.source === undefined ? await fetchDebianTree() : readSourceTree(values.source);
const stubFolder = path.resolve(values.stub ?? path.join("test", "bcc", "stub"));
const out = values.out ?? path.join(findCacheFolder(), "bcc", `corpus-${tree.name}`);
const captures = await captureAll();
const entries = collectEntries(captures);
writeCorpus(out, entries);
const silent = captures.filter((capture) => capture.texts.length === 0);
writeFileSync(path.join(out, "no-text.json"), `${JSON.stringify(silent, null, 1)}\n`);
for (const { tool, args, mode, end, output } of silent) console.log(`no text: ${tool} ${args} [${mode}]: ${end}: ${output}`);
for (const { tool, args, mode, end } of captures) {
  if (end.startsWith("Exception") || end.includes("Error")) console.log(`ended early: ${tool} ${args} [${mode}]: ${end}`);
}
console.log(
  `${tree.name} ${tree.version}: ${captures.length} runs, ${captures.length - silent.length} with text, ${entries.length} ` +
    `different texts of ${new Set(entries.map((entry) => entry.tool)).size} tools in ${out}`,
);

async function captureAll(): Promise<Capture[]> {
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
