import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { bpfts, findFile } from "./peers.mjs";
import { findMedian, printTable } from "./measure.mjs";

const sizes = [100, 1_000, 10_000];
/** BCC attaches one by one, and each takes the kernel a grace period to undo: more of them say nothing new. */
const bccMost = 1_000;

/** Time to attach to many kernel functions and to come off them: a whole run, less a run on one function. */
export async function measureAttach(options) {
  const { peers, runs, most } = options;
  const names = listFunctions();
  const sets = sizes.filter((size) => size <= most).map((size) => chooseSet(names, size));
  const one = { prefixes: ["vfs_read"], size: 1 };
  const ways = listWays(peers);
  const repeats = Math.max(1, Math.ceil(runs / 3));
  console.log(`attach and detach; a whole run less a run on one function; medians of ${repeats} runs`);
  const taken = new Map();
  // The first run of each compiles.
  for (const way of ways) spawnSync(way.command(one)[0], way.command(one).slice(1));
  for (let repeat = 0; repeat < repeats; repeat++)
    for (const set of [one, ...sets])
      for (const way of ways) {
        if (set.size > (way.most ?? Infinity)) continue;
        const started = performance.now();
        const { status, stdout, stderr } = spawnSync(way.command(set)[0], way.command(set).slice(1), {
          encoding: "utf8",
          env: { ...process.env, BPFTRACE_MAX_PROBES: "100000", BCC_PROBE_LIMIT: "100000" },
        });
        const ms = performance.now() - started;
        const count = Number(/(\d+)/.exec(stdout)?.[1] ?? 0);
        if (status !== 0 || count === 0) {
          console.log(`${way.name} on ${set.size}: ${stderr.trim().split("\n").at(-1)}`);
          continue;
        }
        const key = `${way.name} ${set.size}`;
        taken.set(key, { times: [...(taken.get(key)?.times ?? []), ms], count });
      }
  const rows = sets.flatMap((set) =>
    ways.flatMap((way) => {
      const found = taken.get(`${way.name} ${set.size}`);
      const base = taken.get(`${way.name} 1`);
      if (found === undefined || base === undefined) return [];
      const ms = findMedian(found.times) - findMedian(base.times);
      return [{ set, way, ms, whole: findMedian(found.times), count: found.count }];
    }),
  );
  printTable(
    ["pattern", "", "places", "ms", "whole run ms", "ratio to bpfts"],
    rows.map(({ set, way, ms, whole, count }) => {
      const own = rows.find((row) => row.set === set && row.way.name === "bpfts");
      return [
        set.prefixes.map((prefix) => `${prefix}*`).join(" "),
        way.name,
        count,
        ms.toFixed(0),
        whole.toFixed(0),
        own === undefined ? "" : `${(ms / own.ms).toFixed(2)}x`,
      ];
    }),
  );
}

function listWays({ bcc, bpftrace }) {
  const regex = ({ prefixes, size }) => (size === 1 ? prefixes[0] : `(${prefixes.join("|")}).*`);
  return [
    { name: "bpfts", command: (set) => [...bpfts, findFile("scripts", "attach.ts"), "--", regex(set)] },
    {
      name: bpftrace.name,
      peer: bpftrace,
      // Its own name for a set is a list of globs.
      command: ({ prefixes, size }) => [
        ...bpftrace.command,
        "-c",
        "/bin/true",
        "-e",
        `${prefixes.map((prefix) => `kprobe:${prefix}${size === 1 ? "" : "*"}`).join(",")} { @ = count(); }`,
      ],
    },
    {
      name: bcc.name,
      peer: bcc,
      most: bccMost,
      command: (set) => [...bcc.command, findFile("scripts", "attach.py"), `^${regex(set)}$`],
    },
  ].filter(({ peer }) => peer?.missing === undefined);
}

function listFunctions() {
  for (const folder of ["/sys/kernel/tracing", "/sys/kernel/debug/tracing"])
    try {
      const lines = readFileSync(`${folder}/available_filter_functions`, "utf8").trim().split("\n");
      return [...new Set(lines.filter((line) => !line.includes("[")).map((line) => line.split(" ")[0]))];
    } catch {
      // The other place, or none.
    }
  throw new Error("The kernel does not tell which functions can be traced: run this in a virtual machine");
}

/** Some prefixes that together fit about so many functions. */
function chooseSet(names, wanted) {
  const counts = new Map();
  for (const name of names)
    for (const length of wanted > 2000 ? [1] : [3, 4])
      counts.set(name.slice(0, length), (counts.get(name.slice(0, length)) ?? 0) + 1);
  const prefixes = [];
  let size = 0;
  for (const [prefix, count] of [...counts].filter(([name]) => /^[a-z]+$/.test(name)).sort((a, b) => b[1] - a[1])) {
    if (size + count > wanted * 1.1 || prefixes.some((known) => prefix.startsWith(known) || known.startsWith(prefix)))
      continue;
    prefixes.push(prefix);
    size += count;
    if (size >= wanted * 0.95) break;
  }
  return { prefixes, size: wanted };
}
