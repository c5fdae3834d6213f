import { findMedian, printTable } from "../measure.mjs";
import { addresses, measureLoad, startReady, writeText } from "./namespaces.mjs";
import { dropPeers } from "./rules.mjs";

const PACKETS = 20_000;

/** What a packet costs its sender that the receiver drops: on veth the receiver's work runs in the sender's time. */
export async function measureDrops({ net, folder, load, bpfts, runs, packages }) {
  const modes = { "prefilter, native XDP": "native", "prefilter, generic XDP": "generic" };
  const kinds = ["no drop", ...Object.keys(modes), ...Object.keys(dropPeers)];
  const taken = new Map(kinds.map((kind) => [kind, []]));
  const counted = new Set();
  for (let run = 0; run < runs; run++)
    for (const kind of kinds) {
      const peer = dropPeers[kind];
      if (peer !== undefined && packages.some(({ command }) => peer.command.startsWith(command))) continue;
      let script;
      if (peer !== undefined) net.run("router", `${peer.command} < ${writeText(folder, "drops", peer.render())}`);
      if (modes[kind] !== undefined)
        script = await startReady(folder, [
          ...bpfts,
          ...[
            "prefilter",
            "--netns",
            net.path("router"),
            "--dev",
            "rc",
            "--mode",
            modes[kind],
            "--deny",
            addresses.client,
          ],
        ]);
      const before = readNoPorts(net);
      const result = measureLoad(net, load, "client", { cpu: 1 }, "flood", addresses.router, 9, PACKETS);
      const refused = readNoPorts(net) - before;
      if (refused !== (kind === "no drop" ? PACKETS : 0))
        counted.add(`${kind}: ${refused} of ${PACKETS} came to the port`);
      taken.get(kind).push(result.cpu_ns);
      if (peer !== undefined) net.run("router", peer.flush);
      if (script === undefined) continue;
      const dropped = /deny \S+ +(\d+)/.exec(await script.stop())?.[1];
      if (Number(dropped) !== PACKETS) counted.add(`${kind}: ${dropped} of ${PACKETS} were counted`);
    }
  console.log(`a packet that is dropped: CPU ns of its sender, ${PACKETS} packets a run; the best, and the median`);
  printTable(
    ["", "best", "median"],
    kinds.map((kind) => [
      kind,
      ...(taken.get(kind).length === 0
        ? ["-", "-"]
        : [Math.min(...taken.get(kind)).toFixed(0), findMedian(taken.get(kind)).toFixed(0)]),
    ]),
  );
  console.log(
    counted.size === 0 ? "Every packet was dropped, and counted where there is a counter." : [...counted].join("\n"),
  );
}

function readNoPorts(net) {
  const [, values] = net
    .run("router", "cat /proc/net/snmp")
    .split("\n")
    .filter((line) => line.startsWith("Udp:"));
  return Number(values.split(" ")[2]);
}
