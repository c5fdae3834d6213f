import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildOnce } from "../../../runtime/compile/build-lock.ts";
import { root } from "../../support/run-cli.ts";

const folder = mkdtempSync(join(tmpdir(), "bpfts-lock-"));
const program = join(folder, "build.cjs");
let targets = 0;

/** A process that builds: a line for each building in the log, then the target, after so many milliseconds. */
const source = `
import { appendFileSync, existsSync, writeFileSync } from "node:fs";
import { buildOnce } from ${JSON.stringify(join(root, "runtime/compile/build-lock.ts"))};
const [target, ms] = process.argv.slice(2);
buildOnce(target, () => existsSync(target), () => {
  appendFileSync(target + ".log", process.pid + "\\n");
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Number(ms));
  writeFileSync(target, "built");
}, (ms) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms));
`;
const sleep = (ms: number): unknown => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);

beforeAll(async () => {
  await build({
    stdin: { contents: source, resolveDir: root, loader: "ts" },
    bundle: true,
    platform: "node",
    format: "cjs",
    outfile: program,
    logLevel: "error",
  });
});
afterAll(() => rmSync(folder, { recursive: true }));

const start = (target: string, ms: number): ChildProcess =>
  spawn(process.execPath, [program, target, String(ms)], { stdio: "inherit" });
const ended = (child: ChildProcess): Promise<number | null> => new Promise((resolve) => child.on("close", resolve));
const nextTarget = (): string => join(folder, `target-${++targets}`);
const readLog = (target: string): string[] => readFileSync(`${target}.log`, "utf8").trimEnd().split("\n");
async function waitFor(path: string): Promise<void> {
  while (!existsSync(path)) await new Promise((resolve) => setTimeout(resolve, 10));
}

describe("what many first runs want at once", () => {
  it("is built by one of them, and all of them go on with it", async () => {
    const target = nextTarget();
    const statuses = await Promise.all(Array.from({ length: 5 }, () => ended(start(target, 400))));
    expect(statuses).toEqual([0, 0, 0, 0, 0]);
    expect(readLog(target)).toHaveLength(1);
    expect(readdirSync(folder).filter((name) => name.includes(".lock"))).toEqual([]);
  });

  it("is built by the next one when the one that builds is killed", async () => {
    const target = nextTarget();
    const first = start(target, 60_000);
    await waitFor(`${target}.log`);
    const second = start(target, 0);
    first.kill("SIGKILL");
    expect(await ended(second)).toBe(0);
    expect(readLog(target)).toEqual([String(first.pid), String(second.pid)]);
  });

  it("is built where a lock was left by a process whose number another one has now", () => {
    const target = nextTarget();
    let built = false;
    writeFileSync(`${target}.lock`, readOwnLock().replace(/\d+$/, "1"));
    buildOnce(
      target,
      () => built,
      () => void (built = true),
      sleep,
    );
    expect([built, existsSync(`${target}.lock`)]).toEqual([true, false]);
  });

  it("is waited for without holding a signal up", () => {
    const target = nextTarget();
    writeFileSync(`${target}.lock`, readOwnLock());
    const interrupt = (): never => {
      throw new TypeError("a signal");
    };
    expect(() =>
      buildOnce(
        target,
        () => false,
        () => undefined,
        interrupt,
      ),
    ).toThrow("a signal");
    expect(existsSync(`${target}.lock`)).toBe(true);
  });

  it("is built without a lock where none can be made, and an error while building leaves none", () => {
    let built = 0;
    // A file is no folder.
    buildOnce(
      join(program, "nowhere"),
      () => false,
      () => void built++,
      sleep,
    );
    expect(built).toBe(1);
    const target = nextTarget();
    expect(() =>
      buildOnce(
        target,
        () => false,
        () => {
          throw new RangeError("no");
        },
        sleep,
      ),
    ).toThrow("no");
    expect(existsSync(`${target}.lock`)).toBe(false);
  });
});

/** What the lock of this process says. */
function readOwnLock(): string {
  const target = nextTarget();
  let text = "";
  buildOnce(
    target,
    () => false,
    () => void (text = readFileSync(`${target}.lock`, "utf8")),
    sleep,
  );
  return text;
}
