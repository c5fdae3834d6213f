import { spawn, spawnSync } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const tickMs = 1000 / Number(spawnSync("getconf", ["CLK_TCK"], { encoding: "utf8" }).stdout);

/** The middle of some numbers. */
export function findMedian(numbers) {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted.length === 0 ? NaN : (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
}

/** What a process itself has used: user and system time of all its threads, not of its children. Units: milliseconds. */
export function readCpuMs(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * tickMs;
}

/** Memory that a process has in RAM now, and the most that it ever had. Units: KiB. */
export function readMemoryKib(pid) {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return { rss: Number(/VmRSS:\s+(\d+)/.exec(status)[1]), peak: Number(/VmHWM:\s+(\d+)/.exec(status)[1]) };
}

/** A whole run as the stopwatch tells it: `whole` and `cpu` in milliseconds, `peak` in KiB. @throws Error that says what ended it */
export function timeCommand(stopwatch, words, timeoutMs = 120_000) {
  const { stdout, stderr, signal, error } = spawnSync(stopwatch, words, { encoding: "utf8", timeout: timeoutMs });
  const line = words.join(" ");
  // The stopwatch prints nothing when it is ended itself.
  if (error?.code === "ETIMEDOUT") throw new Error(`${line} took more than ${timeoutMs / 1000} s`);
  if (signal !== null || error !== undefined) throw new Error(`${line} was ended: ${signal ?? error.message}`);
  const taken = JSON.parse(stdout);
  if (taken.status !== 0) throw new Error(`${line} failed with ${taken.status}: ${stderr}`);
  return taken;
}

const children = new Set();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.once(signal, () => process.exit(130));
process.once("exit", () => children.forEach((child) => child.kill("SIGKILL")));

/** Starts a process that ends with this one. */
function start(command, args, options) {
  const child = spawn(command, args, options);
  children.add(child);
  child.once("exit", () => children.delete(child));
  return child;
}

let started = 0;

/** Starts a consumer with its output in files: a pipe's reader would take time on the other CPU. */
export function startConsumer(folder, command, environment = {}) {
  const name = join(folder, `output-${++started}`);
  const files = [openSync(name, "w"), openSync(`${name}.err`, "w")];
  const child = start(command[0], command.slice(1), {
    stdio: ["ignore", ...files],
    env: { ...process.env, ...environment },
  });
  files.forEach(closeSync);
  let isRunning = true;
  const ended = new Promise((resolve) => child.once("exit", () => resolve((isRunning = false))));
  const consumer = {
    pid: child.pid,
    ended,
    isRunning: () => isRunning,
    readOutput: () => readFileSync(name, "utf8"),
    readErrors: () => readFileSync(`${name}.err`, "utf8"),
    async stop() {
      if (isRunning) child.kill("SIGINT");
      const timer = setTimeout(() => isRunning && child.kill("SIGKILL"), 20_000);
      await ended;
      clearTimeout(timer);
      return consumer.readOutput();
    },
  };
  return consumer;
}

/** Waits until a consumer has said that it is ready. One that cannot say so is taken for ready when it has worked and rests. */
export async function waitReady(consumer, says) {
  for (;;) {
    if (!consumer.isRunning()) throw new Error(`The consumer ended: ${consumer.readErrors() || consumer.readOutput()}`);
    if (says ? consumer.readOutput().includes("ready") : readCpuMs(consumer.pid) > 20) break;
    await sleep(20);
  }
  await waitIdle(consumer);
}

/** Waits until a process no longer works: less than one tick in half a second. Answers what it has used. */
export async function waitIdle({ pid }) {
  for (let before = readCpuMs(pid); ; ) {
    await sleep(500);
    const now = readCpuMs(pid);
    if (now === before) return now;
    before = now;
  }
}

/** Starts the generator of events, as another user where `tools` names one. It waits for `go`. */
export function startGenerator(tools, ...args) {
  const stdio = ["pipe", "ignore", "inherit"];
  const child = start(tools.generator, args.map(String), { stdio, uid: tools.uid });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  return { pid: child.pid, ended, go: () => child.stdin.end("\n"), stop: () => (child.kill("SIGKILL"), ended) };
}

/** Prints rows of a table with what each is as a ratio of the row that it names. */
export function printTable(head, rows) {
  const lines = [head, ...rows].map((cells) => cells.map(String));
  const widths = head.map((_, column) => Math.max(...lines.map((cells) => (cells[column] ?? "").length)));
  for (const cells of lines)
    console.log(
      cells
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column])))
        .join("  ")
        .trimEnd(),
    );
}
