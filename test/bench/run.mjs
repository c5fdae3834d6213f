// Measures bpfts beside its peers: node test/bench/run.mjs [startup|events|maps|writes|memory|tools|tool-events|types|attach|end|net...] [--runs N] [--events N] [--seconds N] [--most N] [--only PART]
// Needs root and a built checkout. Nothing is asserted; see test/bench/README.md.
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { cpus, loadavg, release, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { measureAttach } from "./attach.mjs";
import { measureEnd } from "./end.mjs";
import { measureEvents } from "./events.mjs";
import { measureMaps } from "./maps.mjs";
import { measureMemory } from "./memory.mjs";
import { measureNet } from "./net.mjs";
import { bpfts, buildTools, findPeers } from "./peers.mjs";
import { measureStartup } from "./startup.mjs";
import { measureToolEvents } from "./tool-events.mjs";
import { measureTools } from "./tools.mjs";
import { measureTypes } from "./type-check.mjs";
import { measureWrites } from "./writes.mjs";

const benches = {
  startup: measureStartup,
  events: measureEvents,
  maps: measureMaps,
  writes: measureWrites,
  memory: measureMemory,
  tools: measureTools,
  "tool-events": measureToolEvents,
  types: measureTypes,
  attach: measureAttach,
  end: measureEnd,
  net: measureNet,
};
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    runs: { type: "string", default: "7" },
    events: { type: "string", default: "1000000" },
    seconds: { type: "string", default: "60" },
    most: { type: "string", default: "10000" },
    only: { type: "string" },
  },
});
const unknown = positionals.find((word) => benches[word] === undefined);
if (unknown !== undefined) stop(`There is no bench "${unknown}": there are ${Object.keys(benches).join(", ")}`);
if (process.getuid() !== 0) stop("The benches load programs into the kernel: run them as root");
if (!existsSync(bpfts[1])) stop("bpfts is not built: npm run build");

const folder = mkdtempSync(join(tmpdir(), "bpfts-bench-"));
process.env.BPFTS_CACHE = join(folder, "cache");
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
try {
  const tools = buildTools(folder);
  const peers = findPeers(tools);
  console.log(
    `${new Date().toISOString().slice(0, 10)}, kernel ${release()}, ${cpus().length} CPUs, node ${process.version}, load ${loadavg()[0].toFixed(2)}`,
  );
  for (const { name, missing } of Object.values(peers))
    if (missing !== undefined) console.log(`Without ${name}: ${missing}`);
  const options = {
    folder,
    tools,
    peers,
    runs: Number(values.runs),
    events: Number(values.events),
    seconds: Number(values.seconds),
    most: Number(values.most),
    only: values.only,
  };
  for (const name of positionals.length > 0 ? positionals : Object.keys(benches)) {
    console.log(`\n== ${name}`);
    await benches[name](options);
  }
} finally {
  console.log(`\nload at the end ${loadavg()[0].toFixed(2)}`);
}

function stop(message) {
  console.error(message);
  process.exit(2);
}
