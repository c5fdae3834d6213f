import { spawnSync } from "node:child_process";
import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bpfts, findFile } from "./peers.mjs";
import { findMedian, printTable, startGenerator } from "./measure.mjs";

/** From the start of the process to the first event, to its end, and its peak memory. */
export async function measureStartup({ folder, tools, peers, runs }) {
  const ticker = startGenerator(tools, 0, 1, 1000);
  ticker.go();
  try {
    const rows = listWays(folder, peers, ticker.pid).map((way) => ({ ...way, taken: [] }));
    for (let run = 0; run < runs; run++) {
      for (const way of rows) {
        way.prepare?.();
        const { stdout } = spawnSync(tools.stopwatch, way.command, {
          encoding: "utf8",
          env: { ...process.env, ...way.environment },
        });
        const taken = JSON.parse(stdout);
        if (taken.status !== 0 || taken.attached < 0) throw new Error(`${way.name} failed: ${stdout}`);
        way.taken.push(taken);
      }
    }
    const medians = rows.map(({ name, taken }) => ({
      name,
      ...Object.fromEntries(
        ["attached", "whole", "cpu", "peak"].map((what) => [what, findMedian(taken.map((one) => one[what]))]),
      ),
    }));
    const base = medians.find(({ name }) => name === peers.bpftrace.name);
    const ratio = (value, what) => (base === undefined ? "" : `${(value / base[what]).toFixed(2)}x`);
    console.log(
      `medians of ${runs} runs, interleaved; ratios are to ${base?.name ?? "nothing"}; peak memory is that of the largest process`,
    );
    printTable(
      ["", "first event ms", "", "whole run ms", "", "CPU ms", "", "peak MiB", ""],
      medians.map(({ name, attached, whole, cpu, peak }) => [
        name,
        attached.toFixed(0),
        ratio(attached, "attached"),
        whole.toFixed(0),
        ratio(whole, "whole"),
        cpu.toFixed(0),
        ratio(cpu, "cpu"),
        (peak / 1024).toFixed(0),
        ratio(peak, "peak"),
      ]),
    );
  } finally {
    await ticker.stop();
  }
}

function listWays(folder, peers, pid) {
  const cache = join(folder, "startup-cache");
  const prelude = join(folder, "prelude-cache");
  const script = findFile("scripts", "startup.ts");
  const run = (path) => [...bpfts, path, "--", String(pid)];
  const environment = { BPFTS_CACHE: cache };
  // A cache that has the kernel's types, but neither this script nor its object.
  spawnSync(run(script)[0], run(script).slice(1), { env: { ...process.env, BPFTS_CACHE: prelude } });
  const changed = join(folder, "changed.ts");
  let changes = 0;
  const change = () => {
    cpSync(prelude, cache, { recursive: true });
    const mark = `// change ${++changes}\n`;
    writeFileSync(changed, readFileSync(script, "utf8").replace("BPF_PERF_OUTPUT", `${mark}BPF_PERF_OUTPUT`));
  };
  const ways = [
    {
      name: "bpfts, empty cache",
      command: run(script),
      environment,
      prepare: () => rmSync(cache, { recursive: true, force: true }),
    },
    { name: "bpfts, changed script", command: run(changed), environment, prepare: change },
    { name: "bpfts, same script", command: run(script), environment },
  ];
  if (peers.bpftrace.missing === undefined) {
    const text = `tracepoint:syscalls:sys_enter_getppid /pid == ${pid}/ { printf("hit\\n"); exit(); }`;
    ways.push({ name: peers.bpftrace.name, command: [...peers.bpftrace.command, "-e", text] });
  }
  if (peers.bcc.missing === undefined)
    ways.push({
      name: peers.bcc.name,
      command: [...peers.bcc.command, findFile("scripts", "startup.py"), String(pid)],
    });
  return ways;
}
