import { execFileSync, spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { describeConfined, describeConfinedByVariable, runConfined } from "../../runtime/confine/confine.ts";
import type { ConfinedProgram } from "../../runtime/confine/confine.ts";
import { probeWalls } from "../../runtime/confine/launcher.ts";
import { root } from "../support/run-cli.ts";

const walls = probeWalls();
const isRoot = process.getuid?.() === 0;

/** `granted/` is what programs are given, `secret/` is not; both are closed to other users. */
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "bpfts-confine-"));
  for (const name of ["granted", "secret", "output"]) mkdirSync(join(folder, name), { mode: 0o700 });
  writeFileSync(join(folder, "granted/own"), "own words", { mode: 0o600 });
  writeFileSync(join(folder, "secret/secret"), "secret words", { mode: 0o600 });
  symlinkSync("../secret/secret", join(folder, "granted/link"));
  chmodSync(folder, 0o755);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const runShell = (
  line: string,
  program: Partial<ConfinedProgram> = {},
): { status: number | null; stdout: string; stderr: string } => {
  const { status, stdout, stderr } = runConfined({
    argv: ["/bin/sh", "-c", line],
    readable: [join(folder, "granted")],
    readsPrivate: true,
    startsProcesses: true,
    ...program,
  });
  return { status, stdout: stdout.toString(), stderr: stderr.toString() };
};

describe("a confined program", () => {
  it("gives back its status, its output and its signal", () => {
    expect(runShell("cat; echo err >&2; exit 7")).toEqual({ status: 7, stdout: "", stderr: "err\n" });
    expect(runConfined({ argv: ["/bin/cat"] }, { input: "given" }).stdout.toString()).toBe("given");
    const raise = "import os, signal; signal.raise_signal(signal.SIGSEGV)";
    expect(runConfined({ argv: ["/usr/bin/python3", "-c", raise] })).toMatchObject({ status: null, signal: "SIGSEGV" });
    expect(() => runConfined({ argv: ["/nonexistent/program"] })).toThrow(
      /Cannot run "\/nonexistent\/program": .*No such file or directory/,
    );
  });

  it("that ends before it has read its input has ended as it did", () => {
    const input = new Uint8Array(4 << 20);
    const shell = (line: string): ConfinedProgram => ({ argv: ["/bin/sh", "-c", line], startsProcesses: true });
    expect(runConfined(shell("echo enough; exit 3"), { input })).toMatchObject({
      status: 3,
      stdout: Buffer.from("enough\n"),
    });
    expect(() => runConfined(shell("kill -TERM $$"), { input })).toThrow("/bin/sh was ended by SIGTERM");
  });

  it.runIf(isRoot)("is another user, of no group and with no way back", () => {
    const { stdout } = runShell("id -u; id -G; grep -E '^(CapEff|CapBnd|NoNewPrivs|Seccomp):' /proc/self/status", {
      readable: ["/proc"],
      readsPrivate: false,
    });
    expect(stdout).toBe(
      `${walls.user}\n${walls.user}\nCapEff:\t0000000000000000\nCapBnd:\t0000000000000000\nNoNewPrivs:\t1\nSeccomp:\t2\n`,
    );
    expect(walls.user).toBeGreaterThan(1000);
  });

  it.runIf(isRoot)("writes into its folder where there is no Landlock, also when it is to read what is closed", () => {
    const command = join(folder, "no_landlock");
    const output = join(folder, "apart");
    mkdirSync(output, { mode: 0o700 });
    execFileSync("gcc", [join(root, "test/kernel/programs/no_landlock.c"), "-o", command]);
    const { file, args } = describeConfined({
      argv: ["/bin/sh", "-c", `echo $(id -u) $(grep CapEff /proc/self/status) >${output}/made`],
      readable: [join(folder, "granted"), "/proc"],
      writable: output,
      startsProcesses: true,
    });
    expect(spawnSync(command, [file, ...args], { encoding: "utf8" })).toMatchObject({ status: 0, stderr: "" });
    // It stays root, without any right: one that opens what is closed would open all.
    expect(readFileSync(join(output, "made"), "utf8")).toBe("0 CapEff: 0000000000000000\n");
  });

  it.runIf(walls.landlock > 0)("reads what it was given, links followed, and nothing else", () => {
    expect(runShell(`cat ${folder}/granted/own`)).toEqual({ status: 0, stdout: "own words", stderr: "" });
    for (const path of [
      "secret/secret",
      "granted/link",
      "granted/../secret/secret",
      "granted/own/../../secret/secret",
    ]) {
      expect(runShell(`cat ${folder}/${path}`)).toMatchObject({ status: 1, stdout: "" });
    }
    for (const path of ["/etc/passwd", "/proc/self/environ", "/dev/zero", "/etc/hostname", "/sys/kernel/notes"]) {
      expect(runShell(`head -c 1 ${path}`)).toMatchObject({ status: 1, stdout: "" });
    }
  });

  it("writes to its own folder alone", () => {
    const output = join(folder, "output");
    expect(runShell(`echo made > ${output}/file && cat ${output}/file`, { writable: output })).toMatchObject({
      status: 0,
      stdout: "made\n",
    });
    for (const path of [
      `${folder}/granted/new`,
      `${folder}/granted/own`,
      `${folder}/new`,
      "/tmp/bpfts-confine-new",
      "/dev/shm/bpfts-confine-new",
    ]) {
      expect(runShell(`echo made > ${path}`, { writable: output }).status).not.toBe(0);
    }
    expect(
      runShell(
        `chmod 777 ${output}/file; ln -s /etc/passwd ${output}/link; mkdir ${output}/folder; mkfifo ${output}/pipe; ln ${output}/file ${output}/hard`,
        { writable: output },
      ).status,
    ).not.toBe(0);
    expect(readdirSync(output)).toEqual(["file"]);
    expect(statSync(join(output, "file")).mode & 0o777).not.toBe(0o777);
  });

  it.runIf(walls.filter)("starts no process, sends no signal and has no network", () => {
    expect(runShell("/bin/true; true", { startsProcesses: false }).stderr).toContain("Cannot fork");
    for (const code of [
      "import socket; socket.socket()",
      "import socket; socket.socketpair()",
      `import os; os.kill(${process.pid}, 0)`,
      "import os; os.setsid()",
      "import os; os.unshare(0x10000000)",
    ]) {
      const { status, stderr } = runConfined({ argv: ["/usr/bin/python3", "-c", code] });
      expect({ code, status, stderr: stderr.toString().trimEnd().split("\n").at(-1) }).toMatchObject({
        status: 1,
        stderr: expect.stringMatching(/PermissionError|AttributeError/),
      });
    }
  });

  it("sees none of this process's environment and descriptors", () => {
    process.env["BPFTS_TEST_SECRET"] = "secret words";
    try {
      expect(
        runConfined({ argv: ["/usr/bin/env"], environment: { GIVEN: "1" } })
          .stdout.toString()
          .split("\n")
          .sort(),
      ).toEqual(["", "GIVEN=1", "LC_ALL=C", "PATH=/usr/local/bin:/usr/bin:/bin"]);
    } finally {
      delete process.env["BPFTS_TEST_SECRET"];
    }
    expect(runShell("ls /proc/self/fd | wc -l", { readable: ["/proc"] }).stdout.trim()).toBe("4");
  });

  it("is ended by its limits", () => {
    const loop = { argv: ["/bin/sh", "-c", "while :; do :; done"] };
    expect(runConfined({ ...loop, limits: { cpuSeconds: 1 } })).toMatchObject({
      status: null,
      signal: expect.stringMatching(/SIGXCPU|SIGKILL/),
    });
    expect(runConfined({ ...loop, limits: { seconds: 1, idleSeconds: 5 } })).toMatchObject({
      status: null,
      passed: "seconds",
    });
    expect(runConfined({ argv: ["/bin/sleep", "60"], limits: { idleSeconds: 1 } })).toMatchObject({
      status: null,
      passed: "idleSeconds",
    });
    expect(
      runConfined({
        argv: ["/usr/bin/python3", "-c", "x = bytearray(1 << 30)"],
        limits: { memoryBytes: 1 << 29 },
      }).stderr.toString(),
    ).toContain("MemoryError");
    const output = join(folder, "output");
    runShell(`head -c 1000000 /dev/null; yes > ${output}/large`, { writable: output, limits: { fileBytes: 4096 } });
    expect(statSync(join(output, "large")).size).toBe(4096);
  });

  it("goes with the process that started it, however that ends", async () => {
    for (const signal of ["SIGKILL", "SIGINT", "SIGTERM"] as const) {
      const { file, args } = describeConfined({ argv: ["/bin/sleep", "300"] });
      const launcher = spawn(file, args, { stdio: "ignore" });
      const sleeper = await findChild(launcher.pid!);
      launcher.kill(signal);
      const ended = await new Promise((resolve) => launcher.once("close", (_, name) => resolve(name)));
      expect(ended).toBe(signal);
      await expect.poll(() => isAlive(sleeper)).toBe(false);
    }
  });

  it("is started by a caller that chooses nothing but a path and an environment", () => {
    const { file, environment } = describeConfinedByVariable({
      argv: ["/usr/bin/printf", "%s-"],
      environment: { A: "b" },
    });
    expect(spawnSync(file, ["--service=1", "--ping"], { env: environment }).stdout.toString()).toBe(
      "--service=1---ping-",
    );
  });
});

async function findChild(pid: number): Promise<number> {
  for (;;) {
    const child = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim();
    if (child !== "" && readFileSync(`/proc/${child}/comm`, "utf8") === "sleep\n") return Number(child);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}
