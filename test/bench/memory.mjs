import { setTimeout as sleep } from "node:timers/promises";
import { bpfts, findFile } from "./peers.mjs";
import { printTable, readRssKib, startConsumer, startGenerator, waitReady } from "./measure.mjs";

/** Memory of bpfts while events come at full rate. */
export async function measureMemory({ folder, tools, seconds }) {
  const generator = startGenerator(tools, 0);
  const consumer = startConsumer(folder, [...bpfts, findFile("scripts", "events.ts"), "--", "ring", String(generator.pid)]);
  try {
    await waitReady(consumer, true);
    const samples = [["before", mebibytes(consumer.pid)]];
    generator.go();
    for (let second = 1; second <= seconds; second++) {
      await sleep(1000);
      if (second % Math.ceil(seconds / 6) === 0) samples.push([`after ${second} s`, mebibytes(consumer.pid)]);
    }
    await generator.stop();
    const [, delivered, lost] = /delivered=(\d+) lost=(\d+)/.exec(await consumer.stop()) ?? [];
    console.log(`${delivered} events delivered and ${lost} lost in ${seconds} s to one ring-buffer callback`);
    printTable(["", "MiB in RAM"], samples);
  } finally {
    await generator.stop();
    await consumer.stop();
  }
}

function mebibytes(pid) {
  return (readRssKib(pid) / 1024).toFixed(1);
}
