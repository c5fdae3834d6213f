import { chmodSync, existsSync, readFileSync, readdirSync, readlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { bpfts, findFile } from "./peers.mjs";
import {
  findMedian,
  printTable,
  readCpuMs,
  startConsumer,
  startGenerator,
  timeCommand,
  waitIdle,
  waitReady,
} from "./measure.mjs";

/** Nobody else on the machine has it: a tool that can be told no process sees the generator alone. */
const uid = 65_533;

/** Tools that print a row for each event; {pid} is the generator. */
const printing = [
  { tool: "opensnoop", call: "open", args: ["-p", "{pid}"], row: /^\d+ +generator +-1 +2 \/nonexistent$/gm },
  { tool: "execsnoop", call: "exec", args: ["-x", "-u", `${uid}`], row: /^generator .* -2 \/nonexistent one two$/gm },
];

/** A hundred events, then a rest, so that ten thousand come in a second. */
const pace = [100, 9_900];
const sampling = { frequency: 10_000, seconds: 3 };

/** CPU time of our tools and of BCC's own for each of their events, ten thousand a second, of one process of the bench's. */
export async function measureToolEvents(options) {
  const { peers, runs } = options;
  if (peers.bcc.missing !== undefined) return console.log(`nothing to measure beside: ${peers.bcc.missing}`);
  // Another user is to start the generator.
  chmodSync(options.folder, 0o711);
  const events = Math.min(options.events, 30_000);
  const ways = { ours: startOurs, bcc: startTheirs(peers.bcc) };
  const table = [];
  for (const row of [...printing, { tool: "profile" }]) {
    const taken = { ours: [], bcc: [] };
    // The first run fills our cache.
    for (let run = -1; run < runs; run++)
      for (const [side, command] of Object.entries(ways)) {
        const one =
          row.row === undefined ? sample(options, command) : await print({ ...options, events }, command, row);
        if (run >= 0) taken[side].push(one);
      }
    const middle = (side, what) => findMedian(taken[side].map((one) => one[what]));
    const [own, other] = [middle("ours", "us"), middle("bcc", "us")];
    const delivered = (side) => `${((100 * middle(side, "delivered")) / middle(side, "wanted")).toFixed(1)}`;
    table.push([
      row.tool,
      own.toFixed(2),
      other.toFixed(2),
      `${(own / other).toFixed(2)}x`,
      delivered("ours"),
      delivered("bcc"),
    ]);
  }
  console.log(`profile: whole runs of ${sampling.seconds} s, start and end included`);
  console.log(`medians of ${runs} runs, interleaved, at 10,000 events a second; ${events} events each`);
  printTable(["", "bpfts us", `${peers.bcc.name} us`, "", "bpfts % shown", "BCC % shown"], table);
}

const startOurs = (tool, args) => [bpfts[0], join(dirname(bpfts[1]), "bpfts.cjs"), tool, ...args];
const startTheirs = (bcc) => (tool, args) => {
  const file = `/usr/sbin/${tool}-bpfcc`;
  if (!existsSync(file)) throw new Error(`Cannot find ${file}: apt-get install bpfcc-tools`);
  return [...bcc.command, findFile("scripts", "bcc_tool.py"), tool, ...args];
};

/** From the first event on to rest, in microseconds an event. */
async function print({ folder, tools, events }, command, { tool, call, args, row }) {
  const generator = startGenerator({ ...tools, uid }, events, ...pace, call);
  const words = args.map((word) => word.replace("{pid}", String(generator.pid)));
  const consumer = startConsumer(folder, command(tool, words));
  try {
    while (consumer.isRunning() && !hasProbes(consumer.pid)) await sleep(100);
    await waitReady(consumer, false);
    const before = readCpuMs(consumer.pid);
    generator.go();
    await generator.ended;
    await sleep(100);
    const cpuMs = (await waitIdle(consumer)) - before;
    const delivered = (await consumer.stop()).match(row)?.length ?? 0;
    return { us: (cpuMs / delivered) * 1000, delivered, wanted: events };
  } finally {
    await generator.stop();
    await consumer.stop();
  }
}

/** Whether a process holds a probe: on a busy machine one that compiles may look as if it rested. */
function hasProbes(pid) {
  return readdirSync(`/proc/${pid}/fd`).some((file) => {
    try {
      return /perf_event|bpf[-_](?:link|raw)/.test(readlinkSync(`/proc/${pid}/fd/${file}`));
    } catch {
      return false;
    }
  });
}

/** A whole run of samples on thousands of stacks, their names and their lines included, in microseconds a sample. BCC counts in the kernel, too: what is left is reading and printing. */
function sample({ folder, tools }, command) {
  const ticker = startGenerator(tools, 0, 0, 0, "stacks");
  ticker.go();
  const { frequency, seconds } = sampling;
  const words = command("profile", ["-f", "-U", "-F", `${frequency}`, "-p", `${ticker.pid}`, `${seconds}`]);
  const output = join(folder, "samples");
  try {
    const { cpu } = timeCommand(tools.stopwatch, ["sh", "-c", 'exec "$@" >"$0"', output, ...words], 60_000);
    const lines = readFileSync(output, "utf8").matchAll(/^generator;.* (\d+)$/gm);
    const samples = [...lines].reduce((sum, [, count]) => sum + Number(count), 0);
    return { us: (cpu / samples) * 1000, delivered: samples, wanted: frequency * seconds };
  } finally {
    ticker.stop();
  }
}
