import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { findMedian, printTable, readCpuMs } from "../measure.mjs";
import { addresses, enter, measureLoad, startReady, writeText } from "./namespaces.mjs";
import { listFrontends, renderServices, servicePeers } from "./rules.mjs";

const sizes = [1, 100, 10_000];

/** connect() of a client to the last of so many services, and what loading them takes. */
export async function measureServices({ net, folder, load, bpfts, runs, packages }) {
  const server = await startReady(
    folder,
    enter(net, "server", { cpu: 0 }, load, "serve", addresses.server, "8080"),
    "ready",
  );
  const scripts = {
    "bpfts socklb": (file) => ["socklb", file, "--cgroup", net.cgroup],
    "bpfts service (tc)": (file) => ["service", file, "--netns", net.path("router"), "--dev", "rc"],
  };
  const kinds = ["direct", ...Object.keys(scripts), ...Object.keys(servicePeers)];
  const latency = new Map(kinds.map((kind) => [kind, new Map(sizes.map((size) => [size, []]))]));
  const loading = new Map(kinds.map((kind) => [kind, new Map(sizes.map((size) => [size, []]))]));
  // The first start compiles.
  for (const list of Object.values(scripts))
    await (await startReady(folder, [...bpfts, ...list(writeText(folder, "warm.json", renderServices(1)))])).stop();
  for (let run = 0; run < runs; run++)
    for (const size of sizes) {
      const file = writeText(folder, `services-${size}.json`, renderServices(size));
      for (const kind of kinds) {
        const peer = servicePeers[kind];
        if (peer !== undefined && packages.some(({ command }) => peer.command.startsWith(command))) continue;
        const place = kind === "direct" ? [addresses.server, 8080] : [listFrontends(size).at(-1), 80];
        let script;
        if (peer !== undefined)
          loading
            .get(kind)
            .get(size)
            .push(loadPeer(net, folder, peer, size));
        else if (kind !== "direct") {
          script = await startReady(folder, [...bpfts, ...scripts[kind](file)]);
          loading.get(kind).get(size).push(readCpuMs(script.pid));
        }
        latency
          .get(kind)
          .get(size)
          .push(measureLoad(net, load, "client", { cpu: 1, inCgroup: true }, "connect", ...place, 2000).p10);
        if (peer !== undefined) net.run("router", peer.flush);
        if (script !== undefined) await script.stop();
      }
    }
  await server.stop();
  console.log(
    "connect(), p10 in microseconds: the best of the runs, and their median; client on CPU 1, server on CPU 0, a router between them",
  );
  const best = (numbers) =>
    numbers.length === 0 ? "-" : `${Math.min(...numbers).toFixed(1)} / ${findMedian(numbers).toFixed(1)}`;
  printTable(
    ["services", ...sizes.map(String)],
    kinds.map((kind) => [kind, ...sizes.map((size) => best(latency.get(kind).get(size)))]),
  );
  console.log("\nloading them, CPU ms of the process that does it (bpfts: all from its start, Node's own among it)");
  printTable(
    ["services", ...sizes.map(String), "10,000 less 1", "x nft map"],
    kinds.slice(1).map((kind) => {
      const least = sizes.map((size) => Math.min(...loading.get(kind).get(size)));
      const map = loading.get("nft map");
      return [
        kind,
        ...least.map((ms) => ms.toFixed(0)),
        (least[2] - least[0]).toFixed(0),
        ((least[2] - least[0]) / (Math.min(...map.get(10_000)) - Math.min(...map.get(1)))).toFixed(2),
      ];
    }),
  );
}

/** Loads the rules of a peer and answers the CPU time of that. Units: ms. */
function loadPeer(net, folder, peer, size) {
  const path = writeText(folder, "rules", peer.render(size));
  const script = `import resource, subprocess, sys
subprocess.run(sys.argv[1], shell=True, check=True, stdin=open(sys.argv[2]))
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print((used.ru_utime + used.ru_stime) * 1000)`;
  const [command, ...args] = enter(net, "router", {}, "python3", "-c", script, peer.command, path);
  const { stdout, stderr, status } = spawnSync(command, args, { encoding: "utf8", cwd: join(folder) });
  if (status !== 0) throw new Error(`${peer.command}: ${stderr}`);
  return Number(stdout);
}
