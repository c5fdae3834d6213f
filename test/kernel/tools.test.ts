import { execFileSync } from "node:child_process";
import { copyFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { port } from "../support/live-object.ts";
import { needFeature } from "../support/need-feature.ts";
import { enableMemoryControl, makeCgroup } from "../support/own-cgroup.ts";
import { buildProgram } from "../support/own-program.ts";
import { makeFolder, root, runCli } from "../support/run-cli.ts";
import { runTool as runAnyTool, split } from "../support/run-tool.ts";

const folder = makeFolder();
const programs = join(root, "test/kernel/programs");

const runTool = (command: string, ...args: readonly string[]): Promise<string[]> =>
  runAnyTool(folder, command, ...args);

describe("tools by name", () => {
  const names = ["scripts/tools", "scripts/net"].flatMap((place) =>
    readdirSync(join(root, place)).flatMap((file) => /^(.*)\.ts$/.exec(file)?.[1] ?? []),
  );

  it("are listed with a line on each", async () => {
    const { stdout } = await runCli(["tools"], { cwd: folder });
    const listed = [...stdout.matchAll(/^ {2}(\S+) +(\S.*\.)$/gm)].map(([, name]) => name!);
    expect(listed.sort()).toEqual(names.sort());
    expect(stdout).not.toContain("other:");
  });

  it("are found in the package, to copy and change", async () => {
    const { stdout } = await runCli(["tools", "--where", "opensnoop"], { cwd: folder });
    expect(stdout).toBe(`${join(root, "scripts/tools/opensnoop.ts")}\n`);
  });

  it("are suggested for a name that is nearly right", async () => {
    const result = await runCli(["opensnop", "-x"], { cwd: folder });
    expect(result).toMatchObject({ status: 2, stdout: "" });
    expect(result.stderr).toBe('error: There is no command or tool "opensnop"\nhint: did you mean "opensnoop"?\n');
  });

  // What --help says of each tool, its page holds.
  it.each(["opensnoop", "policy", "prefilter", "socklb", "sockmap"])(
    "%s says how it is used, and what is wrong with an argument",
    async (name) => {
      const help = await runCli([name, "--help"], { cwd: folder });
      expect(help).toMatchObject({ status: 0, stderr: "" });
      expect(help.stdout).toMatch(new RegExp(`^usage: ${name} \\[-h\\]`));
      expect(help.stdout).toContain("examples:\n");
      const wrong = await runCli([name, "--no-such-option"], { cwd: folder });
      expect(wrong).toMatchObject({ status: 2, stdout: "" });
      // What has to be given is asked for first.
      expect(wrong.stderr).toMatch(
        new RegExp(
          `^${name}: error: (unrecognized arguments: --no-such-option|the following arguments are required: \\w+)$`,
          "m",
        ),
      );
    },
  );
});

describe("opensnoop", () => {
  const [one, none] = [join(folder, "one"), join(folder, "none")];
  writeFileSync(one, "");
  const opens = join(folder, "opens.py");
  writeFileSync(
    opens,
    `import os
for path, flags in (("${one}", 0), ("${none}", 0), ("${one}", os.O_WRONLY | os.O_APPEND), ("${none}/x", os.O_CREAT)):
    try: os.open(path, flags, 0o640)
    except OSError: pass
`,
  );
  const command = `python3 ${opens}`;
  const own = (rows: readonly string[]): string[][] =>
    split(rows).filter((row) => row.at(-1)!.startsWith(folder) && row.at(-1) !== opens);

  it("prints each open with its descriptor or error", async () => {
    const rows = await runTool(command, "opensnoop");
    expect(split(rows)[0]).toEqual(["PID", "COMM", "FD", "ERR", "PATH"]);
    expect(own(rows).map(([, comm, fd, err, path]) => [comm, Number(fd) > 2, err, path])).toEqual([
      ["python3", true, "0", one],
      ["python3", false, "2", none],
      ["python3", true, "0", one],
      ["python3", false, "2", `${none}/x`],
    ]);
  });

  it("prints failed ones alone, or those with a flag, with flags and modes", async () => {
    const failed = own(await runTool(command, "opensnoop", "-x", "-e"));
    expect(failed.map((row) => row.slice(2))).toEqual([
      ["-1", "2", "02000000", "n/a", none],
      ["-1", "2", "02000100", "0640", `${none}/x`],
    ]);
    const writing = own(await runTool(command, "opensnoop", "-f", "O_WRONLY", "-T", "-U"));
    expect(writing.map(([time, uid, , , , err, path]) => [/^\d+\.\d{9}$/.test(time!), uid, err, path])).toEqual([
      [true, "0", "0", one],
    ]);
  });

  // Other architectures have no such system call.
  it.runIf(process.arch === "x64")("prints what creat(2) makes", async () => {
    const made = join(folder, "made");
    const creates = join(folder, "creates.py");
    writeFileSync(creates, `import ctypes\nctypes.CDLL(None).syscall(85, b"${made}", 0o600)\n`);
    const rows = split(await runTool(`python3 ${creates}`, "opensnoop", "-e"));
    expect(rows.filter((row) => row.at(-1) === made).map((row) => row.slice(3))).toEqual([
      ["0", "00001101", "0600", made],
    ]);
  });

  it("prints objects for --json, and other processes' opens never", async () => {
    const rows = (await runTool(`cat ${one}`, "opensnoop", "--json")).map(
      (row) => JSON.parse(row) as { comm: string; path: string },
    );
    expect(rows.at(-1)).toMatchObject({ comm: "cat", err: 0, path: one });
    expect(new Set(rows.map(({ comm }) => comm))).toEqual(new Set(["cat"]));
  });
});

describe("execsnoop", () => {
  const writeWorkload = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const script = join(folder, "starts.sh");
  writeFileSync(script, `ls -d /\n(/bin/echo a 'b "c"' >&2) 2>/dev/null\n/nonexistent 2>/dev/null\nexec true\n`);

  it("prints each program that a command starts, with its arguments and its parent", async () => {
    const rows = split((await runTool(`sh ${script}`, "execsnoop", "-q")).filter((row) => row !== "/"));
    expect(rows[0]).toEqual(["PCOMM", "PID", "PPID", "RET", "ARGS"]);
    const [, shell] = rows[1]!;
    expect(
      rows
        .slice(1)
        .map(([comm, pid, parent, ret, ...words]) => [
          comm,
          pid === shell || parent === shell,
          ret,
          words.slice(1).join(" "),
        ]),
    ).toEqual([
      ["sh", true, "0", `"${script}"`],
      ["ls", true, "0", '"-d" "/"'],
      ["echo", true, "0", '"a" "b \\"c\\""'],
      ["true", true, "0", ""],
    ]);
  });

  it("prints failed ones too, and picks by regular expressions", async () => {
    const failed = split(await runTool(`sh ${script}`, "execsnoop", "-x")).filter((row) =>
      row.includes("/nonexistent"),
    );
    expect(failed.map(([comm, , , ret]) => [comm, ret])).toEqual([["sh", "-2"]]);
    const picked = split(
      (await runTool(`sh ${script}`, "execsnoop", "-l", "^\\S*echo a")).filter((row) => row !== "/"),
    );
    expect(picked.slice(1).map(([comm]) => comm)).toEqual(["echo"]);
  });

  it("cuts long arguments and many of them, keeps empty ones, and follows a thread", async () => {
    const letters = [..."abcdefghijklmnopqrstuvwxyz"];
    const long = writeWorkload(
      "long.py",
      `import os\nos.execv("/bin/true", ["true", "x" * 200, "", *"${letters.join("")}"])\n`,
    );
    const thread = writeWorkload(
      "thread.py",
      'import os, threading\nthreading.Thread(target=os.execv, args=("/bin/true", ["true", "from", "a thread"])).start()\n',
    );
    const list = async (...args: readonly string[]): Promise<readonly string[]> =>
      (await runTool(`sh -c '/usr/bin/python3 ${long}; /usr/bin/python3 ${thread}'`, "execsnoop", ...args))
        .filter((row) => row.startsWith("true "))
        .map((row) => row.slice(row.indexOf("/bin/true") - 1));
    const [shown, cut] = [letters.slice(0, 17), "x".repeat(127)];
    expect(await list()).toEqual([` /bin/true ${cut}  ${shown.join(" ")} ...`, " /bin/true from a thread"]);
    const quoted = ["/bin/true", cut, "", ...shown].map((word) => `"${word}"`).join(" ");
    expect(await list("-q")).toEqual([`${quoted} ...`, '"/bin/true" "from" "a thread"']);
    expect(await list("--max-args", "500")).toEqual([
      ` /bin/true ${cut}  ${letters.join(" ")}`,
      " /bin/true from a thread",
    ]);
  });
});

describe("killsnoop", () => {
  const script = join(folder, "kills.sh");
  writeFileSync(script, "kill -0 $$\nkill -10 99999999 2>/dev/null\nkill -0 99999998 2>/dev/null\ntrue\n");

  it("prints each signal with its target and result", async () => {
    const rows = split(await runTool(`sh ${script}`, "killsnoop"));
    expect(rows[0]).toEqual(["TIME", "PID", "COMM", "SIG", "TPID", "RESULT"]);
    const [, pid] = rows[1]!;
    expect(rows.slice(1).map((row) => row.slice(1))).toEqual([
      [pid, "sh", "0", pid, "0"],
      [pid, "sh", "10", "99999999", "-3"],
      [pid, "sh", "0", "99999998", "-3"],
    ]);
  });

  it("picks failed ones, signals and targets", async () => {
    const pick = async (...args: readonly string[]): Promise<unknown> =>
      split(await runTool(`sh ${script}`, "killsnoop", ...args))
        .slice(1)
        .map(([, , , signal, target]) => `${signal} ${target}`);
    expect(await pick("-x")).toEqual(["10 99999999", "0 99999998"]);
    expect(await pick("-s", "10,12")).toEqual(["10 99999999"]);
    expect(await pick("-T", "99999998")).toEqual(["0 99999998"]);
  });
});

describe("bashreadline", () => {
  it("prints what is typed into a bash of any path", async () => {
    const bash = join(folder, "own-bash");
    copyFileSync("/bin/bash", bash);
    const rows = split(
      await runTool(
        `python3 ${join(programs, "typed.py")} ${bash} 'echo one' ':  two'`,
        "bashreadline",
        "--bash",
        bash,
      ),
    );
    expect(rows[0]).toEqual(["TIME", "PID", "COMMAND"]);
    const [, pid] = rows[1]!;
    expect(rows.slice(1).map((row) => [row[1], row.slice(2).join(" ")])).toEqual([
      [pid, "echo one"],
      [pid, ": two"],
      [pid, "exit"],
    ]);
  });

  it("takes the library's path behind -s as BCC does, and a path nowhere else", async () => {
    const library = join(folder, "with-readline");
    copyFileSync("/bin/bash", library);
    const typed = `python3 ${join(programs, "typed.py")} ${library} 'echo one'`;
    const rows = split(await runTool(typed, "bashreadline", "-s", library));
    expect(rows.slice(1).map((row) => row.slice(2).join(" "))).toEqual(["echo one", "exit"]);
    const wrong = await runCli(["bashreadline", library], { cwd: folder });
    expect(wrong).toMatchObject({ status: 2, stdout: "" });
    expect(wrong.stderr).toContain(`--bash ${library}`);
  });
});

describe("tcpaccept", () => {
  const command = `python3 ${join(programs, "accepts.py")}`;

  it("prints each accepted connection of IPv4 and IPv6", async () => {
    const all = split(await runTool(command, "tcpaccept"));
    const truths = all.filter(([word]) => word === "accepted").map(([, ...parts]) => parts);
    const rows = all.filter(([, comm]) => comm === "python3");
    expect(truths).toHaveLength(2);
    expect(rows.map((row) => row.slice(3))).toEqual(truths);
    expect(rows.map((row) => row[2])).toEqual(["4", "6"]);
    const four = split(await runTool(command, "tcpaccept", "-4", "-t")).filter((row) => row.includes("python3"));
    expect(four).toMatchObject([
      ["0.000", expect.any(String), "python3", "4", "127.0.0.1", expect.any(String), "127.0.0.1", expect.any(String)],
    ]);
  });
});

describe("oomkill", () => {
  it("prints who asked and who was killed", async (context) => {
    needFeature(context, port, "kprobe");
    enableMemoryControl();
    const cgroup = makeCgroup("oom");
    const memory = join(cgroup.path, "memory.max");
    writeFileSync(memory, String(24 * 1024 * 1024));
    const eater = join(folder, "eater.py");
    writeFileSync(
      eater,
      `import os, subprocess
child = os.fork()
if child == 0:
    open("${cgroup.path}/cgroup.procs", "w").write(str(os.getpid()))
    b"x" * 200000000
    os._exit(0)
print("child", child, os.waitpid(child, 0)[1], flush=True)
`,
    );
    const all = await runTool(`python3 ${eater}`, "oomkill");
    expect(all[0]).toBe("Tracing OOM kills... Ctrl-C to stop.");
    const child = /^child (\d+) 9$/m.exec(all.join("\n"))![1]!;
    const kills = all.filter((row) => row.includes("OOM kill of"));
    expect(kills).toHaveLength(1);
    expect(kills[0]).toMatch(
      new RegExp(
        `^\\d\\d:\\d\\d:\\d\\d Triggered by PID ${child} \\("python3"\\), OOM kill of PID ${child} \\("python3"\\), \\d+ pages, loadavg: [\\d.]+ `,
      ),
    );
    expect(all.join("\n")).toMatch(/ {2}Stack trace:\n {4}oom_kill_process\n/);
  });
});

describe("funccount", () => {
  const program = join(folder, "calls");
  const source = join(folder, "calls.c");
  writeFileSync(
    source,
    `${["work_one", "work_two", "work_three", "other"].map((name) => `__attribute__((noinline)) int ${name}(int x) { asm volatile(""); return x + ${name.length}; }`).join("\n")}
int main(void) {
  for (int i = 0; i < 300; i++) { work_one(i); if (i % 3 == 0) work_two(i); }
  for (int i = 0; i < 7; i++) other(i);
  return 0;
}
`,
  );
  execFileSync("gcc", ["-O1", "-fno-ipa-icf", "-o", program, source]);

  it("counts exactly the calls of functions that a pattern matches, the fewest first", async () => {
    expect(await runTool(program, "funccount", `${program}:work_*`)).toEqual([
      `Tracing 3 functions for "${program}:work_*"... Hit Ctrl-C to end.`,
      "",
      "FUNC                                    COUNT",
      "work_two                                  100",
      "work_one                                  300",
      "Detaching...",
    ]);
    const expression = await runTool(program, "funccount", "-r", `${program}:^(work_t|oth)`, "-T");
    expect(expression[0]).toMatch(/^Tracing 3 functions for /);
    expect(expression[2]).toMatch(/^\d\d:\d\d:\d\d$/);
    expect(split(expression.slice(3))).toEqual([
      ["FUNC", "COUNT"],
      ["other", "7"],
      ["work_two", "100"],
      ["Detaching..."],
    ]);
  });

  it("counts tracepoints and USDT probes by name", async () => {
    const rows = split(await runTool(program, "funccount", "t:syscalls:sys_enter_ex*"));
    expect(rows).toContainEqual(["syscalls:sys_enter_exit_group", "1"]);
    expect(rows).toContainEqual(["syscalls:sys_enter_execve", "1"]);
    const probed = buildProgram("usdt.c", join(folder, "probed"));
    writeFileSync(join(folder, "turns.sh"), `printf '\\n\\n\\n' > ${folder}/turns; exec ${probed} < ${folder}/turns\n`);
    const probes = await runTool(`sh ${join(folder, "turns.sh")}`, "funccount", `u:${probed}:t*`);
    expect(split(probes).slice(2, -1)).toContainEqual(["tick", "6"]);
  });

  it("counts by a function for each place where the kernel has no numbers for places", async () => {
    const release = join(folder, "osrelease");
    writeFileSync(release, "5.10.0-46-amd64\n");
    const older = [
      "unshare",
      "-m",
      "sh",
      "-c",
      `mount --bind ${release} /proc/sys/kernel/osrelease && exec "$@"`,
      "sh",
    ];
    const count = async (command: string, pattern: string): Promise<string[][]> => {
      const result = await runCli(["-c", command, "funccount", "-D", pattern], { cwd: folder, by: older });
      expect(result).toMatchObject({ status: 0, stderr: "" });
      expect(result.stdout).toContain("on_hit_1(");
      expect(result.stdout).not.toContain("attach_cookie");
      return split(result.stdout.slice(result.stdout.indexOf("FUNC ")).trimEnd().split("\n"));
    };
    const end = ["Detaching..."];
    const head = ["FUNC", "COUNT"];
    expect(await count(program, `${program}:work_*`)).toEqual([head, ["work_two", "100"], ["work_one", "300"], end]);
    expect(await count(program, "t:syscalls:sys_enter_ex*")).toContainEqual(["syscalls:sys_enter_execve", "1"]);
    const probed = buildProgram("usdt.c", join(folder, "probed-older"));
    writeFileSync(join(folder, "older.sh"), `printf '\\n\\n\\n' > ${folder}/turns; exec ${probed} < ${folder}/turns\n`);
    expect(await count(`sh ${join(folder, "older.sh")}`, `u:${probed}:*`)).toContainEqual(["tick", "6"]);
    const none = await runCli(["-c", program, "funccount", `${program}:nothing*`], { cwd: folder, by: older });
    expect(none).toMatchObject({ status: 1, stderr: expect.stringContaining("no function of") as string });
  });

  it("prints objects for --json, and says what a pattern lacks", async () => {
    const rows = (await runTool(program, "funccount", "--json", `${program}:other`)).map(
      (row) => JSON.parse(row) as object,
    );
    expect(rows).toEqual([{ func: "other", count: 7 }]);
    const none = await runCli(["-c", program, "funccount", `${program}:nothing*`], { cwd: folder });
    expect(none.status).toBe(1);
    expect(none.stderr).toContain("no function of");
    const wrong = await runCli(["funccount", "x:c:malloc"], { cwd: folder });
    expect(wrong).toMatchObject({ status: 1, stderr: "Type must be 'p', 't', or 'u', but got x\n" });
  });

  it("counts the calls of one process, for as long as it is told", async () => {
    const rows = await runCli(["funccount", "-p", String(process.pid), "-d", "1", "-i", "1", `${program}:work_*`]);
    expect(rows.stdout).toBe(
      `Tracing 3 functions for "${program}:work_*"... Hit Ctrl-C to end.\n\nFUNC                                    COUNT\nDetaching...\n`,
    );
  });

  it("counts kernel functions", async (context) => {
    needFeature(context, port, "kprobe");
    const script = join(folder, "sids.py");
    writeFileSync(script, "import os\nfor turn in range(41): os.getsid(0)\n");
    expect(split(await runTool(`python3 ${script}`, "funccount", "__x64_sys_getsi*"))).toContainEqual([
      "__x64_sys_getsid",
      "41",
    ]);
  });
});
