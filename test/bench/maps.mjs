import { bpfts, findFile } from "./peers.mjs";
import { findMedian, printTable, startConsumer, startGenerator, waitReady } from "./measure.mjs";

const ENTRIES = 1_000_000;

/** CPU time to read a hash of a million entries and add its keys and values up. */
export async function measureMaps(options) {
  const { peers, runs } = options;
  const repeats = Math.max(1, Math.ceil(runs / 3));
  const ways = listWays(peers);
  const taken = new Map();
  for (let repeat = 0; repeat < repeats; repeat++) {
    for (const way of ways)
      for (const { what, cpuMs } of await runOnce(options, way)) {
        const name = `${way.name}, ${what}`;
        taken.set(name, [...(taken.get(name) ?? []), cpuMs]);
      }
  }
  const base = findMedian(taken.get(`${peers.c.name}, entries`) ?? []);
  console.log(
    `${ENTRIES} entries of u32 -> u64 read in batches and summed; medians of the readings of ${repeats} runs; ratios are to ${peers.c.name}`,
  );
  printTable(
    ["", "ms of CPU", "best", "ratio"],
    [...taken].map(([name, times]) => [
      name,
      findMedian(times).toFixed(1),
      Math.min(...times).toFixed(1),
      Number.isNaN(base) ? "" : `${(findMedian(times) / base).toFixed(2)}x`,
    ]),
  );
}

function listWays({ c, bcc }) {
  return [
    { name: c.name, peer: c, command: (pid) => [...c.command, "map", String(pid), String(ENTRIES)] },
    {
      name: bcc.name,
      peer: bcc,
      command: (pid) => [...bcc.command, findFile("scripts", "maps.py"), String(pid), String(ENTRIES)],
    },
    { name: "bpfts", command: (pid) => [...bpfts, findFile("scripts", "maps.ts"), "--", String(pid), String(ENTRIES)] },
  ].filter(({ peer }) => peer?.missing === undefined);
}

async function runOnce({ folder, tools }, way) {
  const generator = startGenerator(tools, ENTRIES);
  const consumer = startConsumer(folder, way.command(generator.pid));
  try {
    await waitReady(consumer, true);
    generator.go();
    await consumer.ended;
    const rows = [...consumer.readOutput().matchAll(/^(\w+) ([\d.]+) (\d+) \d+$/gm)];
    const wrong = rows.find(([, , , seen]) => Number(seen) !== ENTRIES);
    if (rows.length === 0 || wrong !== undefined)
      throw new Error(`${way.name} read ${wrong?.[3] ?? "nothing"}: ${consumer.readErrors()}`);
    return rows.map(([, what, cpuMs]) => ({ what, cpuMs: Number(cpuMs) }));
  } finally {
    await generator.stop();
    await consumer.stop();
  }
}
