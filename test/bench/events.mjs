import { setTimeout as sleep } from "node:timers/promises";
import { bpfts, findFile } from "./peers.mjs";
import { findMedian, printTable, readCpuMs, startConsumer, startGenerator, waitIdle, waitReady } from "./measure.mjs";

/** CPU time of the consumer for each event that reached its callback, or each row that it printed. */
export async function measureEvents(options) {
  const { peers, runs, events, only } = options;
  const ways = listWays(peers, only).map((way) => ({ ...way, taken: [] }));
  for (let run = 0; run < runs; run++) for (const way of ways) way.taken.push(await runOnce(options, way));
  console.log(
    `medians of ${runs} runs, interleaved; ${events} events each; ratios are to the first peer of each group`,
  );
  const row = (way, base) => {
    const perEvent = findMedian(way.taken.map(({ cpuMs, delivered }) => (cpuMs / delivered) * 1000));
    const delivered = findMedian(way.taken.map((one) => one.delivered));
    return [
      way.name,
      perEvent.toFixed(3),
      base === undefined ? "" : `${(perEvent / base).toFixed(2)}x`,
      ((100 * delivered) / events).toFixed(1),
      describeAccount(way, events),
    ];
  };
  for (const group of new Set(ways.map((way) => way.group))) {
    const members = ways.filter((way) => way.group === group);
    const base = members.find((way) => way.isBase);
    const perEvent = base && findMedian(base.taken.map(({ cpuMs, delivered }) => (cpuMs / delivered) * 1000));
    console.log("");
    printTable(
      [group, "us of CPU an event", "ratio", "% delivered", "delivered + lost"],
      members.map((way) => row(way, perEvent)),
    );
  }
}

/** Whether every event that was emitted was delivered or told as lost. Nothing is said of those that do not count. */
function describeAccount({ counts, taken }, events) {
  if (!counts) return "";
  const wrong = taken.filter(({ delivered, lost }) => delivered + lost !== events);
  return wrong.length === 0
    ? "= emitted"
    : `WRONG: ${wrong.map(({ delivered, lost }) => `${delivered} + ${lost}`).join(", ")}`;
}

const pace = [100, 900];
const rowsPages = { BPFTRACE_PERF_RB_PAGES: "1024" };

function listWays({ c, bcc, bpftrace }, only) {
  const script = (kind) => (pid) => [...bpfts, findFile("scripts", "events.ts"), "--", kind, String(pid)];
  const inC = (kind) => (pid) => [...c.command, kind, String(pid)];
  const inPython = (kind) => (pid) => [...bcc.command, findFile("scripts", "events.py"), kind, String(pid)];
  const program = (pid) =>
    `tracepoint:syscalls:sys_enter_getppid /pid == ${pid}/ { printf("%-6d %-16s %llu\\n", pid, comm, nsecs); }`;
  const rows = (pid) => [...bpftrace.command, "-B", "full", "-e", program(pid)];
  const groups = {
    "ring buffer": [
      { name: bcc.name, peer: bcc, command: inPython("ring"), isBase: true },
      { name: c.name, peer: c, command: inC("ring") },
      { name: "bpfts callback", command: script("ring"), counts: true },
      { name: "bpfts for..of", command: script("iterator"), counts: true },
      { name: "bpfts for..of, reuse", command: script("reuse"), counts: true },
    ],
    "ring buffer, 100 events a millisecond": [
      { name: bcc.name, peer: bcc, command: inPython("ring"), pace, isBase: true },
      { name: c.name, peer: c, command: inC("ring"), pace },
      { name: "bpfts callback", command: script("ring"), pace, counts: true },
      { name: "bpfts for..of", command: script("iterator"), pace, counts: true },
      { name: "bpfts for..of, reuse", command: script("reuse"), pace, counts: true },
    ],
    "perf buffer": [
      { name: bcc.name, peer: bcc, command: inPython("perf"), isBase: true },
      { name: c.name, peer: c, command: inC("perf") },
      { name: "bpfts callback", command: script("perf"), counts: true },
    ],
    "rows printed": [
      {
        name: bpftrace.name,
        peer: bpftrace,
        command: rows,
        isBase: true,
        prints: true,
        says: false,
        environment: rowsPages,
      },
      { name: bcc.name, peer: bcc, command: inPython("rows"), prints: true },
      { name: c.name, peer: c, command: inC("rows"), prints: true },
      { name: "bpfts events.printf", command: script("rows"), prints: true, counts: true },
      { name: "bpfts printf in a callback", command: script("printf"), prints: true, counts: true },
    ],
  };
  const chosen = Object.entries(groups).filter(([group]) => group.startsWith(only ?? ""));
  return chosen.flatMap(([group, ways]) =>
    ways.filter(({ peer }) => peer?.missing === undefined).map((way) => ({ ...way, group })),
  );
}

async function runOnce({ folder, tools, events }, way) {
  const generator = startGenerator(tools, events, ...(way.pace ?? []));
  const consumer = startConsumer(folder, way.command(generator.pid), way.environment);
  try {
    await waitReady(consumer, way.says ?? true);
    const before = readCpuMs(consumer.pid);
    generator.go();
    await generator.ended;
    await sleep(100);
    const cpuMs = (await waitIdle(consumer)) - before;
    const output = await consumer.stop();
    const [, delivered, lost] = /delivered=(\d+) lost=(\d+)/.exec(output) ?? [];
    return { cpuMs, delivered: way.prints ? countRows(output) : Number(delivered), lost: Number(lost) };
  } finally {
    await generator.stop();
    await consumer.stop();
  }
}

function countRows(output) {
  return output.match(/^\d+ +generator +\d+$/gm)?.length ?? 0;
}
