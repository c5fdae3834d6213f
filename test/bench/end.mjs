import { spawn, spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { bpfts, findFile } from "./peers.mjs";
import { findMedian, printTable } from "./measure.mjs";

const sizes = [1, 10, 600];

/** From Ctrl-C to the prompt, with uprobes on 1, 10 and 600 functions of a binary of the bench. */
export async function measureEnd({ folder, peers, runs }) {
  const binary = buildBinary(folder);
  const ways = [
    {
      name: "bpfts",
      ready: "ready",
      command: (size) => [...bpfts, findFile("scripts", "end.ts"), "--", binary, String(size)],
    },
    {
      name: peers.bpftrace.name,
      missing: peers.bpftrace.missing,
      ready: "Attaching",
      command: (size) => [
        ...peers.bpftrace.command,
        "-e",
        Array.from({ length: size }, (_, n) => `uprobe:${binary}:f${n} { @ = count(); }`).join("\n"),
      ],
    },
  ].filter(({ missing }) => missing === undefined);
  const rows = [];
  for (const size of sizes) {
    for (const way of ways) {
      const taken = [];
      for (let run = 0; run < (size > 10 ? Math.min(runs, 3) : runs); run++)
        taken.push(await timeEnd(way.command(size), way.ready));
      rows.push({ size, name: way.name, ms: findMedian(taken) });
    }
  }
  console.log("medians, milliseconds from SIGINT to the end of the process");
  printTable(
    ["uprobes", "", "ms", "ratio to bpfts"],
    rows.map(({ size, name, ms }) => {
      const own = rows.find((row) => row.size === size && row.name === "bpfts");
      return [size, name, ms.toFixed(0), `${(ms / own.ms).toFixed(2)}x`];
    }),
  );
}

function buildBinary(folder) {
  const source = join(folder, "end.c");
  const functions = Array.from({ length: Math.max(...sizes) }, (_, n) => `int f${n}(int x) { return x + ${n}; }`);
  writeFileSync(source, `${functions.join("\n")}\nint main(void) { return 0; }\n`);
  const binary = join(folder, "end");
  const { status, stderr } = spawnSync("gcc", ["-O0", "-o", binary, source], { encoding: "utf8" });
  if (status !== 0) throw new Error(`Cannot build end.c: ${stderr}`);
  return binary;
}

/** The peer says that it is ready before it has attached: both get the same time to do so. */
function timeEnd([program, ...args], ready) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, BPFTRACE_MAX_PROBES: "1000" },
    });
    let said = "";
    let signalled;
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (text) => {
        said += text;
        if (signalled !== undefined || !said.includes(ready)) return;
        signalled = 0;
        setTimeout(() => {
          signalled = performance.now();
          child.kill("SIGINT");
        }, 1500);
      });
    child.on("exit", (status) =>
      signalled > 0 ? resolve(performance.now() - signalled) : reject(new Error(`it ended with ${status}: ${said}`)),
    );
  });
}
