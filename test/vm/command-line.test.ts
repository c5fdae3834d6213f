import type { ChildProcess } from "node:child_process";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { beforeAll, describe, expect, it } from "vitest";
import { kernelRows } from "../../runtime/vm/kernels.ts";
import { listQemus, requireKernel } from "./run-guest.ts";

const bpfts = "dist/bpfts.cjs";

beforeAll(async () => {
  await requireKernel("6.1");
});

const runBpfts = (...args: string[]) =>
  spawnSync(process.execPath, [bpfts, "vm", ...args], { encoding: "utf8", input: "" });

/** Starts a machine from the command line and waits for its qemu, or for its command's first output. */
async function startBpfts(
  until: "qemu" | "output",
  ...command: string[]
): Promise<{ child: ChildProcess; qemu: number; output: () => string }> {
  const child = spawn(process.execPath, [bpfts, "vm", "exec", "--memory", "1024", "--", ...command], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  let output = "";
  child.stdout!.on("data", (chunk: Buffer) => (output += chunk.toString()));
  for (let tries = 0; tries < 600; tries++) {
    const [qemu] = listQemus(child.pid!);
    if (qemu !== undefined && (until === "qemu" || output !== "")) return { child, qemu, output: () => output };
    await sleep(50);
  }
  child.kill("SIGKILL");
  throw new Error(`nothing came of "${command.join(" ")}"`);
}

async function isGone(pid: number): Promise<boolean> {
  for (let tries = 0; tries < 100 && existsSync(`/proc/${pid}`); tries++) await sleep(50);
  return !existsSync(`/proc/${pid}`);
}

describe("bpfts vm", () => {
  it("gives back the status and both streams", () => {
    const run = runBpfts("exec", "--memory", "1024", "--", "sh", "-c", "echo out; echo err >&2; exit 5");
    expect(run).toMatchObject({ status: 5, stdout: "out\n", stderr: "err\n" });
  });

  it("passes variables and stdin", () => {
    const run = spawnSync(
      process.execPath,
      [bpfts, "vm", "exec", "--env", "WORD=a b", "--", "sh", "-c", 'cat; echo "$WORD $BPFTS_X"'],
      { encoding: "utf8", input: "line\n", env: { ...process.env, BPFTS_X: "x" } },
    );
    expect(run).toMatchObject({ status: 0, stdout: "line\na b x\n" });
  });

  it("lists the kernels, with the release of those that are fetched", () => {
    const lines = runBpfts("list").stdout.trimEnd().split("\n");
    expect(lines.map((line) => line.split(" ")[0])).toEqual(kernelRows.map(({ name }) => name));
    expect(lines[1]).toMatch(/^6\.1 +6\.1\.\d+-\d+-amd64 /);
  });

  it.each([
    [["exec", "--kernel", "6.2", "--", "true"], 2, 'No kernel is called "6.2"'],
    [["exec", "--kernel", "6.1", "--vmlinuz", "x", "--", "true"], 2, "cannot be given together"],
    [["exec", "--memory", "much", "--", "true"], 2, '"much" is not a number above zero'],
    [["exec", "--vmlinuz", "package.json", "--", "true"], 3, "is not a kernel image"],
    [["exec", "--timeout", "2", "--", "sleep", "100"], 124, "did not end within 2 s"],
  ])("says what is wrong: %j", (args, status, message) => {
    const run = runBpfts(...args);
    expect(run.stderr).toContain(message);
    expect(run.status).toBe(status);
  });
});

describe("no qemu is left", () => {
  it("when bpfts is killed", async () => {
    const { child, qemu } = await startBpfts("output", "sh", "-c", "echo up; sleep 1000");
    child.kill("SIGKILL");
    expect(await isGone(qemu)).toBe(true);
  });

  it("when Ctrl-C comes while the kernel boots", async () => {
    const { child, qemu } = await startBpfts("qemu", "sleep", "1000");
    child.kill("SIGINT");
    expect((await once(child, "exit"))[0]).toBe(130);
    expect(await isGone(qemu)).toBe(true);
  });

  it("when whoever reads goes away", async () => {
    const { child, qemu } = await startBpfts("output", "yes");
    child.stdout!.destroy();
    expect((await once(child, "exit"))[0]).toBe(141);
    expect(await isGone(qemu)).toBe(true);
  });

  it("when qemu itself is killed, which is told", async () => {
    const child = spawn(process.execPath, [bpfts, "vm", "exec", "--", "sleep", "1000"], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    let stderr = "";
    child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
    let qemu: number | undefined;
    while ((qemu = listQemus(child.pid!)[0]) === undefined) await sleep(50);
    process.kill(qemu, "SIGKILL");
    expect((await once(child, "close"))[0]).toBe(3);
    expect(stderr).toContain("ended by SIGKILL before its command did");
  });
});
