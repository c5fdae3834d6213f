import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { bpfts } from "./peers.mjs";
import { findMedian, printTable, startGenerator, timeCommand } from "./measure.mjs";

/** Tools of BCC that need no functions of the kernel and end by themselves after a second; {pid} is a process that calls getppid a thousand times a second. */
const rows = [
  { tool: "syscount", args: ["-p", "{pid}", "-d", "1"] },
  { tool: "profile", args: ["-f", "-U", "-p", "{pid}", "1"] },
  { tool: "stackcount", args: ["-p", "{pid}", "-D", "1", "t:syscalls:sys_enter_getppid"] },
  { tool: "argdist", args: ["-p", "{pid}", "-i", "1", "-n", "1", "-C", "t:syscalls:sys_enter_getppid():int:1"] },
  { tool: "funclatency", args: ["-d", "1", "{program}:main"] },
];
const durationMs = 1000;

/** Whole runs of our tools and BCC's own, less the second that they are asked to trace for: what starting and ending takes, warm. */
export async function measureTools({ tools, peers, runs }) {
  if (peers.bcc.missing !== undefined) return console.log(`nothing to measure beside: ${peers.bcc.missing}`);
  const ticker = startGenerator(tools, 0, 1, 1000);
  ticker.go();
  const fill = (word) => word.replace("{pid}", String(ticker.pid)).replace("{program}", tools.generator);
  try {
    const table = [];
    for (const { tool, args } of rows) {
      const theirs = `/usr/sbin/${tool}-bpfcc`;
      if (!existsSync(theirs)) throw new Error(`Cannot find ${theirs}: apt-get install bpfcc-tools`);
      const ways = { ours: [bpfts[0], join(dirname(bpfts[1]), "bpfts.cjs"), tool], bcc: [theirs] };
      const taken = { ours: [], bcc: [] };
      // The first run fills our cache.
      for (let run = -1; run < runs; run++) {
        for (const [side, command] of Object.entries(ways)) {
          const words = [...command, ...args.map(fill)];
          const one = timeCommand(tools.stopwatch, words);
          if (run >= 0) taken[side].push(one);
        }
      }
      const middle = (side, what) => findMedian(taken[side].map((one) => one[what]));
      const [own, other] = [middle("ours", "whole") - durationMs, middle("bcc", "whole") - durationMs];
      const [ownCpu, otherCpu] = [middle("ours", "cpu"), middle("bcc", "cpu")];
      table.push([
        tool,
        own.toFixed(0),
        other.toFixed(0),
        `${(own / other).toFixed(2)}x`,
        ownCpu.toFixed(0),
        otherCpu.toFixed(0),
        `${(ownCpu / otherCpu).toFixed(2)}x`,
      ]);
    }
    console.log(`medians of ${runs} runs, interleaved: a run of one second, less that second`);
    printTable(["", "bpfts ms", `${peers.bcc.name} ms`, "", "bpfts CPU ms", "BCC CPU ms", ""], table);
  } finally {
    ticker.stop?.();
  }
}
