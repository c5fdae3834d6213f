import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { cli, makeFolder, root, runCli } from "../support/run-cli.ts";
import { runTool, split } from "../support/run-tool.ts";

const folder = makeFolder();
const programs = join(root, "test/kernel/programs");
const [there, missing, mountPoint] = [join(folder, "there"), join(folder, "missing"), join(folder, "mount")];
const workload = `/usr/bin/python3 ${join(programs, "calls.py")} ${there} ${missing} ${mountPoint}`;

/** Columns of a table whose last one holds the rest of the line. */
const cut = (rows: readonly string[], columns: number): string[][] =>
  split(rows).map((words) => [...words.slice(0, columns - 1), words.slice(columns - 1).join(" ")]);

beforeAll(() => {
  writeFileSync(there, "x");
  mkdirSync(mountPoint);
});

describe("exitsnoop", () => {
  const script = join(folder, "ends.py");
  writeFileSync(
    script,
    "import subprocess\nfor command in ('exit 3', 'kill -9 $$', 'exec true'): subprocess.run(['sh', '-c', command])\n",
  );

  it("prints how each process of a command ends", async () => {
    const rows = cut(await runTool(folder, `/usr/bin/python3 ${script}`, "exitsnoop"), 6);
    expect(rows[0]).toEqual(["PCOMM", "PID", "PPID", "TID", "AGE(s)", "EXIT_CODE"]);
    const [, parent] = rows.at(-1)!;
    expect(rows.slice(1).map(([comm, pid, , tid, , end]) => [comm, pid === tid, end])).toEqual(
      expect.arrayContaining([
        ["sh", true, "code 3"],
        ["sh", true, "signal 9 (KILL)"],
        ["true", true, "0"],
      ]),
    );
    expect(rows.find(([comm]) => comm === "true")![2]).toBe(parent);
    expect(rows.every(([, , , , age]) => age === "AGE(s)" || /^\d+\.\d\d$/.test(age!))).toBe(true);
  });

  it("prints failed ones with time and label, as JSON, and threads", async () => {
    const failed = cut(
      await runTool(folder, `/usr/bin/python3 ${script}`, "exitsnoop", "-x", "--utc", "--label", "bad"),
      8,
    );
    expect(failed[0]!.slice(0, 3)).toEqual(["TIME-UTC", "LABEL", "PCOMM"]);
    expect(failed.slice(1).map(([time, label]) => [/^\d\d:\d\d:\d\d\.\d{3}$/.test(time!), label])).toContainEqual([
      true,
      "bad",
    ]);
    expect(failed.map((row) => row.at(-1))).not.toContain("0");
    const threads = (
      await runTool(
        folder,
        `/usr/bin/python3 -c 'import threading; t = threading.Thread(target=print); t.start(); t.join()'`,
        "exitsnoop",
        "--per-thread",
        "--json",
      )
    ).flatMap((row) => (row === "" ? [] : [JSON.parse(row) as { comm: string; pid: number; tid: number }]));
    // A thread that was joined may end a moment after the process.
    const isMain = threads.filter(({ comm }) => comm === "python3").map(({ pid, tid }) => pid === tid);
    expect(isMain.sort()).toEqual([false, true]);
  });

  it("ends with the process of -p", async () => {
    const child = await runCli(["exitsnoop", "-p", "2", "--duration", "0.2"], { cwd: folder });
    expect(child).toMatchObject({ status: 0, stdout: expect.stringMatching(/^PCOMM .*\n$/) as string });
  });

  it.each([
    ["exitsnoop", ["-p", "99999999"], "argument -p/--pid: there is no process 99999999\n"],
    ["offcputime", ["-p", `${process.pid},99999999`], "argument -p/--pid: there is no process 99999999\n"],
    ["opensnoop", ["-t", "99999999"], "argument -t/--tid: there is no thread 99999999\n"],
    ["memleak", ["-p", "7x"], "argument -p/--pid: invalid int value: '7x'"],
  ])("%s %j says at once that nothing has the number", async (tool, words, sentence) => {
    const { status, stderr } = await runCli([tool, ...words], { cwd: folder });
    expect([status, stderr]).toEqual([2, expect.stringContaining(sentence)]);
  });

  it("is taken as it is where /proc does not know the host's numbers", () => {
    const words = [process.execPath, cli, "exitsnoop", "-p", "99999999", "--duration", "0.2"];
    const { status, stderr } = spawnSync("unshare", ["-pf", "--mount-proc", ...words], {
      cwd: folder,
      encoding: "utf8",
    });
    expect(stderr).toMatch(/^warning: bpfts runs in a PID namespace of its own/);
    expect(status).toBe(0);
  });

  it("says whose thread a number is", async () => {
    const thread = readdirSync("/proc/self/task").find((number) => Number(number) !== process.pid)!;
    const { stderr } = await runCli(["exitsnoop", "-p", thread], { cwd: folder });
    expect(stderr).toContain(`${thread} is a thread of process ${process.pid}: give ${process.pid}`);
  });
});

describe("texts in pages that nobody has touched", () => {
  const untouched = `/usr/bin/python3 ${join(programs, "unmapped.py")} ${folder}`;

  it("are read again by execsnoop, or said to be unreadable", async () => {
    const rows = split(await runTool(folder, untouched, "execsnoop", "-x"));
    const args = rows.filter(([comm]) => comm === "sleep" || comm === "python3").map((words) => words.slice(4));
    expect(args).toContainEqual(["/bin/sleep", "0.7"]);
    expect(args).toContainEqual(["/nowhere/program", "[unreadable]", "plain"]);
  });

  it("are told from empty ones by argdist", async () => {
    const probe = "t:syscalls:sys_enter_mkdir():char*:args->pathname:args->mode==0700";
    const rows = await runTool(folder, untouched, "argdist", "-i", "60", "-C", probe);
    expect(rows.map((row) => row.trim().replace(/\s+/g, " "))).toEqual(
      expect.arrayContaining([
        "3 args->pathname = [unreadable]",
        "1 args->pathname = (null)",
        "1 args->pathname = /nowhere/plain",
      ]),
    );
  });
});

describe("statsnoop", () => {
  it("prints each path with its error", async () => {
    const rows = cut(await runTool(folder, workload, "statsnoop", "-t"), 6);
    expect(rows[0]).toEqual(["TIME(s)", "PID", "COMM", "FD", "ERR", "PATH"]);
    const own = (path: string): string[][] => rows.filter((row) => row[5] === path).map((row) => row.slice(2, 5));
    expect(own(there)).toEqual([
      ["python3", "0", "0"],
      ["python3", "0", "0"],
    ]);
    expect(own(missing)).toEqual([["python3", "-1", "2"]]);
    expect(rows.filter((row) => row[5] === "")).toEqual([]);
  });

  it("prints failed ones alone", async () => {
    const rows = cut(await runTool(folder, workload, "statsnoop", "-x"), 5);
    expect(rows.map((row) => row[4])).toContain(missing);
    expect(new Set(rows.slice(1).map((row) => row[2]))).toEqual(new Set(["-1"]));
  });
});

describe("syncsnoop", () => {
  it("prints each call with who made it", async () => {
    const rows = split(await runTool(folder, workload, "syncsnoop"));
    expect(rows[0]).toEqual(["TIME(s)", "PID", "COMM", "CALL"]);
    expect(rows.slice(1).map((row) => row.slice(2))).toEqual([
      ["python3", "fsync()"],
      ["python3", "fdatasync()"],
      ["python3", "msync()"],
    ]);
  });
});

describe("mountsnoop", () => {
  it("prints calls as they stand in a C program", async () => {
    const rows = cut(await runTool(folder, `unshare -m ${workload}`, "mountsnoop"), 5);
    expect(rows[0]).toEqual(["COMM", "PID", "TID", "MNT_NS", "CALL"]);
    const calls = rows.slice(1).filter(([comm]) => comm === "python3");
    expect(calls.map((row) => row[4])).toEqual([
      `mount("quo\\"te", "${mountPoint}", "tmpfs", MS_NOSUID|MS_NODEV, "size=4096") = 0`,
      `umount("${mountPoint}", MNT_DETACH) = 0`,
      `umount("${mountPoint}", 0x0) = -EINVAL`,
    ]);
    expect(calls.every(([, pid, tid, namespace]) => pid === tid && /^\d{10}$/.test(namespace!))).toBe(true);
  });
});

describe("shmsnoop", () => {
  it("prints each call with its arguments and result", async () => {
    const rows = cut(await runTool(folder, workload, "shmsnoop", "-n", "python"), 5);
    expect(rows[0]).toEqual(["PID", "COMM", "SYS", "RET", "ARGs"]);
    const id = rows[1]![3]!;
    const address = rows[2]![3]!;
    expect(rows.slice(1).map((row) => row.slice(1))).toEqual([
      ["python3", "SHMGET", id, "key: 0x0, size: 4096, shmflg: 0x380 (IPC_CREAT|0600)"],
      ["python3", "SHMAT", address, `shmid: 0x${id}, shmaddr: 0x0, shmflg: 0x1000 (SHM_RDONLY)`],
      ["python3", "SHMDT", "0", `shmaddr: 0x${address}`],
      ["python3", "SHMCTL", "0", `shmid: 0x${id}, cmd: 0, buf: 0x0`],
    ]);
  });
});
