import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readlinkSync,
  rmSync,
  rmdirSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { findCgroupRoot } from "../../runtime/kernel/machine/cgroups.ts";
import type { ProcessState } from "../../runtime/kernel/door/port.ts";
import { countFds, port } from "../support/live-object.ts";
import { runNative } from "../support/native-child.ts";

function awaitEnd(process: number): ProcessState {
  for (;;) {
    const state = port.processState(process);
    if (typeof state === "number") throw new Error(`answered ${state}`);
    if (state.exited) return state;
    expect(port.wait(10_000)).toBeGreaterThan(0);
  }
}

describe("a child", () => {
  it("does nothing until it is released, then runs, and its end wakes a wait", async () => {
    const folder = mkdtempSync(join(tmpdir(), "bpfts-test-"));
    const path = join(folder, "made");
    const child = port.processSpawn(["touch", path], [], "", "");
    expect(port.processPid(child)).toBeGreaterThan(0);
    await sleep(100);
    expect([existsSync(path), port.processState(child), port.wait(0)]).toEqual([
      false,
      { exited: false, code: 0, signal: 0, refused: 0 },
      0,
    ]);
    expect([port.processRelease(child), port.processRelease(child)]).toEqual([0, 0]);
    expect(awaitEnd(child)).toEqual({ exited: true, code: 0, signal: 0, refused: 0 });
    expect([existsSync(path), port.wait(0)]).toEqual([true, 0]);
    expect([
      port.processClose(child),
      port.processClose(child),
      port.processState(child),
      port.processRelease(child),
    ]).toEqual([0, 0, -9, -9]);
    rmSync(folder, { recursive: true });
  });

  it.each([
    [["sh", "-c", "exit 7"], 7],
    [["sh", "-c", "kill -TERM $$"], 143],
    [["sh", "-c", "kill -PIPE $$"], 141],
  ])("%j ends with %i", (argv, code) => {
    const child = port.processSpawn(argv, [], "", "");
    port.processRelease(child);
    expect(awaitEnd(child).code).toBe(code);
    port.processClose(child);
  });

  it.each([
    ["/nowhere/nothing", 2],
    ["/etc/passwd", 13],
  ])("that cannot be run says why: %s", (name, refused) => {
    const child = port.processSpawn([name], [], "", "");
    port.processRelease(child);
    expect(awaitEnd(child)).toEqual({ exited: true, code: 127, signal: 0, refused });
    port.processClose(child);
    expect([
      port.processSpawn([], [], "", ""),
      port.processSpawn([""], [], "", ""),
      port.processSpawn(["true"], ["x"], "", ""),
    ]).toEqual([-22, -22, -22]);
  });

  it("is in the cgroup and the network namespace that it is given before it runs", async () => {
    const cgroup = join(findCgroupRoot()!, `bpfts-test-place-${process.pid}`);
    mkdirSync(cgroup);
    const other = spawn("unshare", ["--net", "sh", "-c", "echo in; exec sleep 60"], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    try {
      await once(other.stdout, "data");
      const net = `/proc/${other.pid}/ns/net`;
      const child = port.processSpawn(
        ["sh", "-c", `[ "$(readlink /proc/self/ns/net)" = "${readlinkSync(net)}" ]`],
        [],
        cgroup,
        net,
      );
      const pid = port.processPid(child);
      expect(readlinkSync(`/proc/${pid}/ns/net`)).toBe(readlinkSync(net));
      expect(readFileSync(join(cgroup, "cgroup.procs"), "utf8")).toBe(`${pid}\n`);
      port.processRelease(child);
      expect(awaitEnd(child)).toEqual({ exited: true, code: 0, signal: 0, refused: 0 });
      port.processClose(child);
      const fds = countFds();
      expect(port.processSpawn(["true"], [], `${cgroup}/none`, "")).toBe(-2);
      expect(port.processSpawn(["true"], [], cgroup, "/run/netns/none-of-bpfts")).toBe(-2);
      expect(port.processSpawn(["true"], [], "", "/etc/hostname")).toBe(-22);
      expect(countFds()).toBe(fds);
      expect(readFileSync(join(cgroup, "cgroup.procs"), "utf8")).toBe("");
    } finally {
      other.kill("SIGKILL");
      await once(other, "exit");
      rmdirSync(cgroup);
    }
  });

  it("has variables of its own beside those of this process", () => {
    const child = port.processSpawn(
      ["sh", "-c", '[ "$BPFTS_A" = "a b" ] && [ "$HOME" = /x ] && [ -n "$PATH" ]'],
      ["BPFTS_A=a b", "HOME=/x"],
      "",
      "",
    );
    port.processRelease(child);
    expect(awaitEnd(child).code).toBe(0);
    port.processClose(child);
  });

  it("has the signals, the descriptors and the group of a program that a shell started", () => {
    const folder = mkdtempSync(join(tmpdir(), "bpfts-test-"));
    const path = join(folder, "status");
    const child = port.processSpawn(
      [
        "sh",
        "-c",
        `cat /proc/self/status > ${path}; ls /proc/self/fd >> ${path}; cut -d " " -f 5 /proc/$$/stat >> ${path}`,
      ],
      [],
      "",
      "",
    );
    port.processRelease(child);
    awaitEnd(child);
    port.processClose(child);
    const text = readFileSync(path, "utf8");
    for (const mask of ["SigBlk", "SigIgn"]) expect(text).toMatch(new RegExp(`${mask}:\\t0+\\n`));
    // Those of ls: its standard three and the folder that it reads.
    expect(text).toMatch(/\n0\n1\n2\n3\n *\d+\n$/);
    expect(Number(text.trim().split("\n").at(-1))).toBe(Number(readFileSync("/proc/self/stat", "utf8").split(" ")[4]));
    rmSync(folder, { recursive: true });
  });

  it("is killed when it is closed, held or running", () => {
    for (const releases of [false, true]) {
      const child = port.processSpawn(["sleep", "60"], [], "", "");
      const pid = port.processPid(child);
      if (releases) port.processRelease(child);
      expect(port.processClose(child)).toBe(0);
      expect(existsSync(`/proc/${pid}`)).toBe(false);
    }
  });

  it.each([
    ["held", false],
    ["running", true],
  ])("that is %s dies with a parent that is killed", async (_, releases) => {
    const parent = runNative(`
      const child = port.processSpawn(["sleep", "60"], [], "", "");
      ${releases ? "port.processRelease(child);" : ""}
      say("pid " + port.processPid(child) + " made");
      port.wait(60_000);
    `);
    await parent.reads("made");
    parent.process.kill("SIGKILL");
    const pid = /pid (\d+)/.exec((await parent.end).stdout)![1]!;
    const gone = (): boolean => {
      try {
        return /^State:\tZ/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
      } catch {
        return true;
      }
    };
    for (let i = 0; i < 100 && !gone(); i++) await sleep(20);
    expect(gone()).toBe(true);
  });

  it("leaves what it started to this process, which takes notice of its end", () => {
    const child = port.processSpawn(["sh", "-c", "(sleep 0.2; true) & (sleep 60) &"], [], "", "");
    expect(port.processReap(child)).toBe(1);
    port.processRelease(child);
    expect(awaitEnd(child).code).toBe(0);
    const listChildren = (): number[] =>
      readFileSync(`/proc/self/task/${process.pid}/children`, "utf8").trim().split(" ").filter(Boolean).map(Number);
    const orphans = listChildren();
    expect(orphans).toHaveLength(2);
    for (const pid of orphans) {
      const fd = port.pidfdOpen(pid);
      expect([port.pidfdSignal(fd, 0), port.pidfdSignal(fd, 9), port.pidfdSignal(fd, 999)]).toEqual([0, 0, -22]);
      port.descriptorClose(fd);
    }
    while (listChildren().length > 0) port.processReap(child);
    expect([port.processReap(child), port.processReap(99)]).toEqual([0, -9]);
    port.processClose(child);
  });

  it("gives its descriptors back", () => {
    const before = countFds();
    for (let i = 0; i < 3; i++) port.processClose(port.processSpawn(["true"], [], "", ""));
    expect(countFds()).toBe(before);
  });
});

describe("a write", () => {
  it("to a file writes everything, and so it does to a pipe", async () => {
    const folder = mkdtempSync(join(tmpdir(), "bpfts-test-"));
    const path = join(folder, "out");
    const bytes = randomBytes(3_000_001);
    const fd = openSync(path, "w");
    expect(port.write(fd, bytes, -1)).toBe(bytes.length);
    closeSync(fd);
    expect(readFileSync(path).equals(bytes)).toBe(true);
    const child = runNative(`say(String(port.write(1, new Uint8Array(3_000_001).fill(46), -1)));`);
    expect((await child.end).stdout).toBe(`${".".repeat(3_000_001)}3000001\n`);
    rmSync(folder, { recursive: true });
  });

  it("to a reader that is gone answers EPIPE", async () => {
    const child = runNative(`
      const bytes = new Uint8Array(4096).fill(46);
      let answer = 0;
      while (answer >= 0) answer = port.write(1, bytes, 1000);
      process.stderr.write(String(answer), () => process.exit(0));
    `);
    child.process.stdout.once("data", () => child.process.stdout.destroy());
    expect((await child.end).stderr).toBe("-32");
  });

  it("to a reader that sleeps stops when the time is over, and writes the rest later", async () => {
    const child = runNative(`
      const bytes = new Uint8Array(1 << 20).fill(46);
      const start = performance.now();
      const first = port.write(1, bytes, 100);
      const took = performance.now() - start;
      process.stderr.write("paused");
      const second = port.write(1, bytes.subarray(first), -1);
      process.stderr.write(JSON.stringify({ timely: took >= 95 && took < 5000, short: first < bytes.length, whole: first + second === bytes.length }), () => process.exit(0));
    `);
    child.process.stdout.pause();
    await new Promise((resolve) => child.process.stderr.once("data", resolve));
    child.process.stdout.resume();
    const { stderr, stdout } = await child.end;
    expect(JSON.parse(stderr.replace("paused", ""))).toEqual({ timely: true, short: true, whole: true });
    expect(stdout.length).toBe(1 << 20);
  });

  it("to nothing answers EBADF", () => {
    expect(port.write(9999, new Uint8Array(1), 0)).toBe(-9);
  });
});
