import { setTimeout as sleep } from "node:timers/promises";
import { bpfts, findFile } from "./peers.mjs";
import { printTable, readMemoryKib, startConsumer, startGenerator, waitReady } from "./measure.mjs";

/** Memory of bpfts while events come at full rate. */
export async function measureMemory({ folder, tools, seconds }) {
  const generator = startGenerator(tools, 0);
  const start = () => startConsumer(folder, [...bpfts, findFile("scripts", "events.ts"), "--", "ring", String(generator.pid)]);
  const samples = [];
  let consumer = start();
  try {
    await waitReady(consumer, true);
    samples.push(["a first start, which fills the cache", ...readMebibytes(consumer.pid)]);
    await consumer.stop();
    consumer = start();
    await waitReady(consumer, true);
    samples.push(["before", ...readMebibytes(consumer.pid)]);
    generator.go();
    for (let second = 1; second <= seconds; second++) {
      await sleep(1000);
      if (second % Math.ceil(seconds / 6) === 0) samples.push([`after ${second} s`, ...readMebibytes(consumer.pid)]);
    }
    await generator.stop();
    const [, delivered, lost] = /delivered=(\d+) lost=(\d+)/.exec(await consumer.stop()) ?? [];
    console.log(`${delivered} events delivered and ${lost} lost in ${seconds} s to one ring-buffer callback`);
    printTable(["", "MiB in RAM", "peak"], samples);
  } finally {
    await generator.stop();
    await consumer.stop();
  }
}

function readMebibytes(pid) {
  const { rss, peak } = readMemoryKib(pid);
  return [rss, peak].map((kib) => (kib / 1024).toFixed(1));
}
