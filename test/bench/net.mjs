import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { measureDrops } from "./net/drops.mjs";
import { measureMonitor } from "./net/events.mjs";
import { makeNamespaces } from "./net/namespaces.mjs";
import { listMissingPackages } from "./net/rules.mjs";
import { measureServices } from "./net/services.mjs";
import { measureSockmap } from "./net/sockets.mjs";
import { bpfts as run, findFile } from "./peers.mjs";

const parts = {
  services: measureServices,
  drops: measureDrops,
  sockmap: measureSockmap,
  programs: measureTestRuns,
  monitor: measureMonitor,
};

/** The networking scripts beside nft and iptables, in namespaces of the bench's own. */
export async function measureNet({ folder, runs, only }) {
  const load = join(folder, "net-load");
  const compiled = spawnSync("gcc", ["-O2", findFile("native", "net-load.c"), "-lpthread", "-o", load], {
    encoding: "utf8",
  });
  if (compiled.status !== 0) throw new Error(`Cannot build net-load.c: ${compiled.stderr}`);
  const packages = listMissingPackages();
  for (const { command, name } of packages) console.log(`Without ${command}: apt-get install ${name}`);
  const bpfts = run.slice(0, 2);
  const net = makeNamespaces();
  const options = { net, folder, load, bpfts, runs, packages };
  try {
    for (const [name, measure] of Object.entries(parts)) {
      if (only !== undefined && name !== only) continue;
      await measure(options);
      console.log();
    }
  } finally {
    net.close();
  }
}

/** The programs without a device. */
function measureTestRuns({ runs }) {
  const [command, ...args] = [
    ...run,
    "--allow-read",
    findFile("..", "..", "scripts", "net"),
    findFile("scripts", "net-programs.ts"),
    String(runs),
  ];
  const { stdout, stderr, status } = spawnSync(command, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
  console.log(`test_run, ns a packet: the best of ${runs} runs of 100,000\n${stdout.trimEnd()}`);
}
