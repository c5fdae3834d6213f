import { setTimeout as sleep } from "node:timers/promises";
import { bpfts, findFile } from "./peers.mjs";
import { readMemoryKib, startConsumer, startGenerator, waitReady } from "./measure.mjs";

const ROWS = 12;

/** Memory of bpfts while events come at full rate: what it has now, the least and the most since the row before, and the most it ever had. */
export async function measureMemory({ folder, tools, seconds }) {
  const generator = startGenerator(tools, 0);
  const start = () =>
    startConsumer(folder, [...bpfts, findFile("scripts", "events.ts"), "--", "ring", String(generator.pid)]);
  let consumer = start();
  const printRow = (name, ...cells) => console.log(name.padEnd(40) + cells.map((cell) => cell.padStart(9)).join(""));
  printRow("MiB in RAM", "now", "least", "most", "peak");
  const printNow = (name, least, most) => {
    const { now, peak } = readMebibytes(consumer.pid);
    printRow(name, ...[now, least ?? now, most ?? now, peak].map((mebibytes) => mebibytes.toFixed(1)));
  };
  try {
    await waitReady(consumer, true);
    printNow("a first start, which fills the cache");
    await consumer.stop();
    consumer = start();
    await waitReady(consumer, true);
    printNow("before");
    generator.go();
    let seen = [];
    for (let second = 1; second <= seconds; second++) {
      await sleep(1000);
      seen.push(readMebibytes(consumer.pid).now);
      if (second % Math.ceil(seconds / ROWS) !== 0 && second !== seconds) continue;
      printNow(`after ${second} s`, Math.min(...seen), Math.max(...seen));
      seen = [];
    }
    await generator.stop();
    const [, delivered, lost] = /delivered=(\d+) lost=(\d+)/.exec(await consumer.stop()) ?? [];
    console.log(`${delivered} events delivered and ${lost} lost in ${seconds} s to one ring-buffer callback`);
  } finally {
    await generator.stop();
    await consumer.stop();
  }
}

function readMebibytes(pid) {
  const { rss, peak } = readMemoryKib(pid);
  return { now: rss / 1024, peak: peak / 1024 };
}
