import { spawn } from "node:child_process";
import { readCpuMs, waitIdle } from "../measure.mjs";
import { addresses, enter, measureLoad, startReady } from "./namespaces.mjs";

const PACKETS = 300_000;
const RATE = 100_000;

/** monitor beside a flood: each packet makes an event, and each event is printed or counted as lost. */
export async function measureMonitor({ net, folder, load, bpfts }) {
  const holder = spawn(
    "unshare",
    ["-m", "sh", "-c", "mount -t bpf bpf /sys/fs/bpf && echo mounted && exec sleep 3600"],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  try {
    await new Promise((resolve) => holder.stdout.once("data", resolve));
    const inside = ["nsenter", `--mount=/proc/${holder.pid}/ns/mnt`, ...bpfts];
    const policy = await startReady(folder, [
      ...inside,
      "policy",
      "--endpoint",
      `client=5001,rc,${addresses.client}`,
      "--netns",
      net.path("router"),
      "--pin",
      "bench",
    ]);
    const sink = await startReady(folder, enter(net, "server", {}, load, "sink", addresses.server, "9"), "ready");
    const monitor = await startReady(folder, [...inside, "monitor", "--pin", "bench", "-o", "json"]);
    const before = readCpuMs(monitor.pid);
    const { rate } = measureLoad(net, load, "client", { cpu: 1 }, "flood", addresses.server, 9, PACKETS, RATE);
    const cpuMs = (await waitIdle(monitor)) - before;
    const lines = (await monitor.stop()).trimEnd().split("\n");
    const told = /(\d+) events, (\d+) lost/.exec(monitor.readErrors());
    await sink.stop();
    await policy.stop();
    const lost = lines.reduce((sum, line) => sum + Number(/"num_events_lost":(\d+)/.exec(line)?.[1] ?? 0), 0);
    const printed = lines.filter((line) => line.startsWith("{") && !line.includes("num_events_lost")).length;
    console.log(
      `monitor -o json beside ${PACKETS} packets at ${Math.round(rate)} a second: ${printed} printed, ${lost} counted as lost (it says ${told?.[1]} and ${told?.[2]}), ${((cpuMs / printed) * 1000).toFixed(0)} us of CPU a line`,
    );
    // The first packet has a verdict, too.
    console.log(
      printed + lost === PACKETS + 1
        ? "Every event was printed or counted."
        : `${PACKETS + 1 - printed - lost} events are missing.`,
    );
  } finally {
    holder.kill("SIGKILL");
  }
}
