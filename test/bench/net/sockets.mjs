import { findMedian, printTable } from "../measure.mjs";
import { enter, measureLoad, startReady } from "./namespaces.mjs";

/** Round trips of 64 bytes between two processes of one namespace, through TCP and past it, in turns. */
export async function measureSockmap({ net, folder, load, bpfts, runs }) {
  const taken = { "loopback TCP": [], sockmap: [] };
  for (let run = 0; run < runs; run++)
    for (const kind of Object.keys(taken)) {
      const script =
        kind === "sockmap" ? await startReady(folder, [...bpfts, "sockmap", "--cgroup", net.cgroup]) : undefined;
      const inside = { cpu: 1, inCgroup: true };
      const server = await startReady(
        folder,
        enter(net, "client", { ...inside, cpu: 0 }, load, "serve", "127.0.0.1", "8080"),
        "ready",
      );
      taken[kind].push(measureLoad(net, load, "client", inside, "talk", "127.0.0.1", 8080, 20_000));
      await server.stop();
      if (script !== undefined) taken[kind].at(-1).told = await script.stop();
    }
  const [plain, redirected] = Object.values(taken);
  const pick = (rows, what) => Math.min(...rows.map((row) => row[what]));
  console.log(
    "round trip of 64 bytes, microseconds: the best of the runs, and the median of p10; one process on each CPU",
  );
  printTable(
    ["", "p10", "median", "p50", "client CPU", "x TCP (p10)"],
    Object.entries(taken).map(([kind, rows]) => [
      kind,
      pick(rows, "p10").toFixed(1),
      findMedian(rows.map(({ p10 }) => p10)).toFixed(1),
      pick(rows, "p50").toFixed(1),
      pick(rows, "cpu").toFixed(1),
      (pick(rows, "p10") / pick(plain, "p10")).toFixed(2),
    ]),
  );
  const told = redirected.map((row) => row.told.trim().split("\n").at(-1).trim().split(/\s+/)[3]);
  console.log(`messages that went past TCP: ${told.join(", ")} of 40000 each`);
}
