import { spawnSync } from "node:child_process";
import { findMedian, printTable } from "./measure.mjs";
import { bpfts, findFile } from "./peers.mjs";

const ENTRIES = 20_000;

/** Time that a script needs to write many entries by items_update_batch and to read them again. */
export function measureWrites({ runs }) {
  const taken = new Map();
  for (let run = 0; run < runs; run++) {
    const [command, ...args] = [...bpfts, findFile("scripts", "writes.ts")];
    const { stdout, stderr } = spawnSync(command, args, { encoding: "utf8" });
    const rows = [...stdout.matchAll(/^(\S+) ([\d.]+) ([\d.]+) (\d+)$/gm)];
    if (rows.length === 0 || rows.some(([, , , , seen]) => Number(seen) !== ENTRIES))
      throw new Error(`The script wrote ${stdout}${stderr}`);
    for (const [, name, write, read] of rows)
      taken.set(name, [...(taken.get(name) ?? []), { write: Number(write), read: Number(read) }]);
  }
  console.log(`${ENTRIES} entries written by items_update_batch and read by a loop; milliseconds of ${runs} runs`);
  printTable(
    ["", "write", "best", "read", "best"],
    [...taken].map(([name, times]) => [
      name,
      ...["write", "read"].flatMap((what) => {
        const all = times.map((time) => time[what]);
        return [findMedian(all).toFixed(0), Math.min(...all).toFixed(0)];
      }),
    ]),
  );
}
