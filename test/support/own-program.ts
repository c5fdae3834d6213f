import { spawn, spawnSync, type ChildProcessByStdio } from "node:child_process";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { afterAll } from "vitest";
import { makeFolder, root } from "./run-cli.ts";

/** Where the programs stand: what one writes beside itself, as V8 does a log, goes when the tests end. */
const folder = makeFolder();
const running = new Set<ChildProcessByStdio<Writable, Readable, Readable>>();
afterAll(() => {
  for (const child of running) child.kill("SIGKILL");
});

/** Runs a tool to its end and answers what it printed. */
export function runTool(command: string, ...args: readonly string[]): string {
  const result = spawnSync(command, args, { encoding: "utf8" });
  if (result.status !== 0)
    throw new Error(`${command} ${args.join(" ")}: ${result.stderr}${result.error?.message ?? ""}`);
  return result.stdout;
}

/** Compiles a program of `test/kernel/programs`; the file's ending says which compiler. */
export function buildProgram(source: string, output: string, ...flags: readonly string[]): string {
  const compiler = source.endsWith(".cc") ? "g++" : "gcc";
  runTool(
    compiler,
    "-O1",
    "-fno-omit-frame-pointer",
    "-fno-optimize-sibling-calls",
    "-o",
    output,
    join(root, "test/kernel/programs", source),
    ...flags,
  );
  return output;
}

/** How far into a function its n-th instruction is. */
export function findInstruction(program: string, symbol: string, index: number): number {
  const text = runTool("objdump", "-d", "--no-show-raw-insn", `--disassemble=${symbol}`, program);
  const places = [...text.matchAll(/^ +([0-9a-f]+):\t/gm)].map((match) => parseInt(match[1]!, 16));
  if (places[index] === undefined) throw new Error(`no ${index + 1} instructions in ${symbol}: ${text}`);
  return places[index] - places[0]!;
}

/** A program that says `name 0xaddress` for what it has, then "ready", and works a turn for each line that it is given. */
export interface OwnProgram {
  readonly pid: number;
  /** What it has printed up to "ready", by name. */
  readonly addresses: Readonly<Record<string, bigint>>;
  /** Gives it lines and waits until it has answered each. */
  turn(count?: number): Promise<string[]>;
  /** Ends it and waits until it is gone. */
  end(): Promise<void>;
}

/** Starts a program and waits until it is ready. */
export async function startProgram(
  path: string,
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<OwnProgram> {
  const child = spawn(path, args, {
    cwd: folder,
    stdio: ["pipe", "pipe", "pipe"],
    env: { ...process.env, ...env },
  });
  running.add(child);
  const lines: string[] = [];
  let rest = "";
  let stderr = "";
  let wake = (): void => undefined;
  const closed = new Promise<void>((resolve) => child.on("close", () => resolve()));
  let ended = false;
  void closed.then(() => {
    running.delete(child);
    ended = true;
    wake();
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    const parts = (rest + text).split("\n");
    rest = parts.pop()!;
    lines.push(...parts);
    wake();
  });
  const waitUntil = async (done: () => boolean): Promise<void> => {
    while (!done()) {
      if (ended) throw new Error(`"${path}" ended: ${lines.join("\n")}${stderr}`);
      await new Promise<void>((resolve) => (wake = resolve));
    }
  };
  await waitUntil(() => lines.includes("ready"));
  const rows = lines.splice(0, lines.indexOf("ready") + 1).map((line) => line.split(" "));
  const addresses = Object.fromEntries(
    rows.flatMap(([name, address]) => (address?.startsWith("0x") ? [[name!, BigInt(address)]] : [])),
  );
  return {
    pid: Number(rows.find(([name]) => name === "pid")?.[1] ?? child.pid),
    addresses,
    async turn(count = 1) {
      const before = lines.length;
      child.stdin.write("\n".repeat(count));
      await waitUntil(() => lines.length >= before + count);
      return lines.slice(before);
    },
    async end() {
      child.stdin.end();
      child.kill("SIGKILL");
      await closed;
    },
  };
}
