import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { renderLongScript } from "./long-script.mjs";
import { findMedian, printTable } from "./measure.mjs";
import { bpfts } from "./peers.mjs";

const compiler = createRequire(import.meta.url).resolve("typescript/lib/_tsc.js");
// The compiler's own CPU time: the machine may be busy.
const wrapper = `process.on("exit", () => console.log(JSON.stringify(process.cpuUsage()))); process.argv.splice(1, 0, "tsc"); require(${JSON.stringify(compiler)});`;

/** What an editor or `tsc` takes to check scripts in a folder that `bpfts init` made ready. */
export async function measureTypes({ folder, runs }) {
  const scripts = {
    "without bpfts": "export const nothing = 1;\n",
    "one table":
      'import { BPF } from "bpfts";\nconst b = new BPF({ text: `BPF_HASH(counts, u32);` });\nfor (const [key] of b.get_table("counts")) console.log(key + 1);\n',
    "200 lines of C, 20 tables": renderLongScript(),
  };
  const rows = Object.entries(scripts).map(([name, text], index) => {
    const place = join(folder, `types-${index}`);
    mkdirSync(place);
    writeFileSync(join(place, "script.ts"), text);
    const { status, stderr } = spawnSync(process.execPath, [bpfts[1], "init", place], { encoding: "utf8" });
    if (status !== 0) throw new Error(`bpfts init failed: ${stderr}`);
    return { name, place, cpu: [], wall: [] };
  });
  for (let run = 0; run < runs; run++) {
    for (const row of rows) {
      const started = performance.now();
      const { status, stdout } = spawnSync(process.execPath, ["-e", wrapper, "--", "-p", row.place], {
        encoding: "utf8",
      });
      if (status !== 0) throw new Error(`tsc found fault with ${row.name}:\n${stdout}`);
      const { user, system } = JSON.parse(stdout);
      row.wall.push(performance.now() - started);
      row.cpu.push((user + system) / 1000);
    }
  }
  console.log(`medians of ${runs} runs of the whole compiler`);
  printTable(
    ["", "CPU ms", "wall ms"],
    rows.map(({ name, cpu, wall }) => [name, findMedian(cpu).toFixed(0), findMedian(wall).toFixed(0)]),
  );
}
