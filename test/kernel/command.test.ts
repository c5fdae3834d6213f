import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { makeFolder, parseCliError, runCli, startCli, writeScript } from "../support/run-cli.ts";
import type { CliResult } from "../support/run-cli.ts";

const folder = makeFolder();
const waits = writeScript(
  folder,
  "waits.ts",
  `import { command, on_exit, print, sleep } from "bpfts";
on_exit(() => print("end"));
print("pid", command!.root_pid > 0);
for (;;) sleep(60);
`,
);
const run = (command: string, script = waits, ...options: readonly string[]): Promise<CliResult> =>
  runCli(["run", ...options, "-c", command, script]);

describe("a command that cannot be run", () => {
  const plain = writeScript(folder, "plain", "no program\n");
  const orphan = writeScript(folder, "orphan", "#!/no/such/interpreter\n");
  chmodSync(orphan, 0o755);

  it.each([
    ["/no/such/program", 127, "ENOENT", undefined],
    ["no-such-program --flag", 127, "ENOENT", `no folder of PATH has "no-such-program"`],
    [`${plain}/beneath`, 127, "ENOTDIR", undefined],
    [orphan, 127, "ENOENT", `"${orphan}" is there, but the interpreter of its first line is not`],
    [plain, 126, "EACCES", `"${plain}" needs to be a file with the permission to execute it`],
    [folder, 126, "EACCES", `"${folder}" needs to be a file with the permission to execute it`],
  ])("%s: status %i, and the script ends as ever", async (line, status, name, hint) => {
    const result = await run(line, waits, "--json-errors");
    expect(result).toMatchObject({ status, stdout: "pid true\nend\n" });
    const error = parseCliError(result);
    expect(error).toMatchObject({ code: "BPFTS_COMMAND", exitCode: status });
    expect(error.message).toContain(`Cannot run the command "${line}" (${name}, `);
    expect(error.hint).toBe(hint);
  });

  it.each([
    ["no-such-program | cat; no-such-program", 127],
    [`cd / && ${plain}`, 126],
  ])("%s: the shell's own status", async (line, status) => {
    const result = await run(line);
    expect(result).toMatchObject({ status, stdout: "pid true\nend\n" });
    expect(result.stderr).toContain(`warning: The command "${line}" ended with status ${status}\n`);
  });

  it("is told of beside what the script threw", async () => {
    const script = writeScript(
      folder,
      "throws.ts",
      `import { sleep } from "bpfts"; try { sleep(60); } catch { throw new Error("mine"); }`,
    );
    const { status, stderr } = await run("/no/such/program", script);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^warning: Cannot run the command "\/no\/such\/program" .*\nerror: Error: mine\n/);
  });
});

describe("how a command ended", () => {
  const warn = (text: string): string => `warning: ${text}\n`;

  it.each([
    ["true", 0, ""],
    ["false", 1, warn(`The command "false" ended with status 1`)],
    ["exit 70;", 70, warn(`The command "exit 70;" ended with status 70`)],
    ["kill -SEGV $$", 139, warn(`Signal SIGSEGV ended the command "kill -SEGV $$"`)],
  ])("%s: status %i", async (line, status, stderr) => {
    expect(await run(line)).toMatchObject({ status, stdout: "pid true\nend\n", stderr });
  });

  it.each([
    ["exit(0) at the end of the command", `try { sleep(60); } catch { exit(0); }`, 0],
    ["exit(9) in an end handler", `on_exit(() => exit(9)); sleep(60);`, 9],
  ])("does not take the place of the script's %s", async (_, body, status) => {
    const script = writeScript(
      folder,
      "chooses.ts",
      `import { exit, on_exit, sleep } from "bpfts"; void on_exit; ${body}`,
    );
    expect(await run("false", script)).toMatchObject({
      status,
      stderr: warn(`The command "false" ended with status 1`),
    });
  });

  it("is no matter for a script that ends before it", async () => {
    const script = writeScript(folder, "early.ts", `import { sleep } from "bpfts"; sleep(0.05);`);
    expect(await run("sleep 60", script)).toMatchObject({ status: 0, stderr: "" });
  });

  it("is no failure at Ctrl-C, which reaches both", async () => {
    const running = startCli(["run", "-c", "sleep 60", waits]);
    await running.waitFor("pid");
    await new Promise((resolve) => setTimeout(resolve, 200));
    running.child.kill("SIGINT");
    expect(await running.ended).toMatchObject({ status: 0, stdout: "pid true\nend\n", stderr: "" });
  });

  it("of one that never ran, since the script did not wait", async () => {
    const script = writeScript(folder, "never.ts", `import { print } from "bpfts"; print("done");`);
    expect(await run("false", script)).toMatchObject({
      status: 0,
      stdout: "done\n",
      stderr: warn(`The command "false" did not run: the script ended and never waited`),
    });
    const help = writeScript(folder, "help.ts", `import { exit, print } from "bpfts"; print("usage"); exit(0);`);
    expect(await run("false", help)).toMatchObject({ status: 0, stdout: "usage\n", stderr: "" });
  });
});

/** Scripts of a shell that the command runs write their pids into a file of the test. */
describe("what a command started", () => {
  const pids = join(folder, "pids");
  const note = (name: string): string => `echo "${name} $$" >> ${pids}`;
  const sleeper = writeScript(folder, "sleeper.sh", `#!/bin/sh\n${note("$1")}\nexec sleep 300\n`);
  const stubborn = writeScript(
    folder,
    "stubborn.sh",
    `#!/bin/sh\ntrap "" TERM\n${note("$1")}\nwhile :; do sleep 0.1; done\n`,
  );
  const stopped = writeScript(folder, "stopped.sh", `#!/bin/sh\n${note("$1")}\nkill -STOP $$\n`);
  for (const path of [sleeper, stubborn, stopped]) chmodSync(path, 0o755);

  /** Runs a command whose programs are noted and then one that gives them time to come up. */
  const runTree = async (line: string, count: number): Promise<CliResult & { readonly noted: Map<string, number> }> => {
    writeFileSync(pids, "");
    const result = await run(`${line} until [ $(wc -l < ${pids}) = ${count} ]; do sleep 0.02; done`);
    const rows = readFileSync(pids, "utf8").trim().split("\n");
    return { ...result, noted: new Map(rows.map((row) => [row.split(" ")[0]!, Number(row.split(" ")[1])])) };
  };
  const isAlive = (pid: number): boolean => {
    try {
      return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
    } catch {
      return false;
    }
  };

  it("ends with the script: children, and children of children that have ended", async () => {
    const { noted, status, stderr } = await runTree(
      `${sleeper} a & sh -c '${sleeper} b & ${sleeper} c & exit' & (${sleeper} d &) ;`,
      4,
    );
    expect([noted.size, status, stderr]).toEqual([4, 0, ""]);
    for (const pid of noted.values()) expect(isAlive(pid)).toBe(false);
  });

  it("is killed after a second when it does not heed SIGTERM, and woken when it is stopped", async () => {
    const { noted, status, stderr, durationMs } = await runTree(
      `${stubborn} a & (${stubborn} b &) ; ${stopped} c &`,
      3,
    );
    expect([noted.size, status, stderr]).toEqual([3, 0, ""]);
    for (const pid of noted.values()) expect(isAlive(pid)).toBe(false);
    expect(durationMs).toBeGreaterThan(1000);
  });

  it("gets the time to end by itself", async () => {
    const kept = join(folder, "kept");
    const tidy = writeScript(
      folder,
      "tidy.sh",
      `#!/bin/sh\ntrap 'sleep 0.2; echo done > ${kept}; exit' TERM\n${note("$1")}\nwhile :; do sleep 0.05; done\n`,
    );
    chmodSync(tidy, 0o755);
    await runTree(`${tidy} a &`, 1);
    expect(readFileSync(kept, "utf8")).toBe("done\n");
  });

  it("is left alone when it is a daemon, which is named", async () => {
    const { noted, status, stderr } = await runTree(`(setsid ${sleeper} a > /dev/null 2>&1 &) ; ${sleeper} b &`, 2);
    const [daemon, child] = [noted.get("a")!, noted.get("b")!];
    const wasAlive = isAlive(daemon);
    process.kill(daemon, "SIGKILL");
    expect([status, wasAlive, isAlive(child)]).toEqual([0, true, false]);
    expect(stderr).toMatch(new RegExp(`^warning: "sleep", pid ${daemon}, goes on: .* as a daemon\\n$`));
  });

  it("ends when the command began a session itself", async () => {
    writeFileSync(pids, "");
    const { stderr } = await run(`setsid sh -c '${sleeper} a & until [ -s ${pids} ]; do sleep 0.02; done'`);
    expect([stderr, isAlive(Number(readFileSync(pids, "utf8").split(" ")[1]))]).toEqual(["", false]);
  });

  it.each([
    ["Ctrl-C", "for (;;) sleep(60);", true],
    [
      "the script's own end",
      `while (read_file("/proc/" + command!.root_pid + "/comm") !== "sleep\\n") sleep(0.01);`,
      false,
    ],
  ])("ends at %s, the command itself included", async (_, body, signals) => {
    writeFileSync(pids, "");
    const script = writeScript(
      folder,
      "own-end.ts",
      `import { command, read_file, print, sleep } from "bpfts"; void [command, read_file]; sleep(0.001); print("ready"); ${body}`,
    );
    const running = startCli(["run", "-c", `${sleeper} a`, script]);
    await running.waitFor("ready");
    await expect.poll(() => readFileSync(pids, "utf8"), { timeout: 5000 }).toMatch(/a \d+\n/);
    if (signals) running.child.kill("SIGINT");
    expect(await running.ended).toMatchObject({ status: 0, stderr: "" });
    expect(isAlive(Number(readFileSync(pids, "utf8").split(" ")[1]))).toBe(false);
  });

  it("leaves no zombies while it runs", async () => {
    const script = writeScript(
      folder,
      "zombies.ts",
      `import { print, read_file, sleep } from "bpfts";
const self = read_file("/proc/self/stat").split(" ")[0];
for (;;) {
  try { sleep(0.5); } catch { break; }
}
print(read_file("/proc/self/task/" + self + "/children").trim().split(" ").length <= 1);`,
    );
    const result = await run("for i in 1 2 3 4 5 6 7 8; do (true &) ; done; sleep 2.5", script);
    expect(result).toMatchObject({ status: 0, stdout: "true\n" });
  });
});

describe("command.pid", () => {
  const mkdirs = writeScript(
    folder,
    "mkdirs.ts",
    `import { BPF, command, on_exit, print, sleep } from "bpfts";
const b = new BPF({ text: \`
BPF_HASH(counts, u32, u64);
TRACEPOINT_PROBE(syscalls, sys_enter_mkdir) { u32 pid = bpf_get_current_pid_tgid() >> 32; counts.increment(pid); return 0; }
\` });
const pid = command!.pid;
on_exit(() => print(b.table<number, bigint>("counts").get(pid) ?? 0n));
for (;;) sleep(60);
`,
  );

  it.each([
    `mkdir '${join(folder, "with space")}' "${join(folder, "%d=$")}" ${join(folder, "a\\ b")} -m 700`,
    `mkdir --mode=700 ${join(folder, "key=value")} ${join(folder, "100%")} ${join(folder, "{}")}`,
  ])("is that of a single command: %s", async (line) => {
    expect(await run(line.replace("$", "\\$"), mkdirs)).toMatchObject({
      status: 0,
      stdout: "3\n",
      stderr: "",
    });
  });

  it("is a shell's for anything else, which is a warning where the script reads it", async () => {
    const line = `mkdir ${join(folder, "one")}; mkdir ${join(folder, "two")} > /dev/null`;
    const { status, stdout, stderr } = await run(line, mkdirs);
    expect([status, stdout]).toEqual([0, "0\n"]);
    expect(stderr).toMatch(/^warning: The script compares pids with that of the command, which is a shell here: .*\n$/);
    const root = writeScript(
      folder,
      "root.ts",
      `import { command, print } from "bpfts"; print(command!.root_pid > 0);`,
    );
    expect((await run("true; true", root)).stderr).not.toContain("shell");
  });
});
