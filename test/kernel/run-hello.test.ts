import { spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { cli, makeFolder, parseCliError, root, runCli, startCli, writeScript } from "../support/run-cli.ts";

const folder = makeFolder();

describe("the lessons", () => {
  it("hello.ts prints a line for each directory that the command makes, and ends with it", async () => {
    // Another test's hello.ts prints for every process of the machine, this command too.
    const word = `world-${process.pid}-${Date.now()}`;
    const own = writeScript(
      folder,
      "own-hello.ts",
      readFileSync(join(root, "scripts/hello.ts"), "utf8").replace("hello world", `hello ${word}`),
    );
    const made = ["a", "b", "c"].map((name) => join(folder, `${name}-${word}`));
    const result = await runCli(["run", "-c", `mkdir ${made.join(" ")}`, own]);
    expect(result.stderr).toBe("");
    expect(result.status).toBe(0);
    const lines = result.stdout.split("\n").filter((line) => line.includes(word));
    expect(lines).toHaveLength(3);
    for (const line of lines)
      expect(line).toMatch(new RegExp(`^ +mkdir-\\d+ +\\[\\d{3}\\] .* \\d+\\.\\d+: bpf_trace_printk: hello ${word}$`));
    expect(made.every((path) => existsSync(path))).toBe(true);
  });

  it("a text that needs all of the kernel's types tells a terminal what takes its time, and takes the line back", () => {
    // Its name for the struct is put together by the preprocessor.
    const text = "#define KERNEL(name) struct task_##name\nint f(void *ctx) { return sizeof(KERNEL(struct)) > 0; }\n";
    const file = join(folder, "pasted.c");
    writeFileSync(file, text);
    const { stdout } = spawnSync("script", ["-qec", `'${process.execPath}' '${cli}' check '${file}'`, "/dev/null"], {
      cwd: root,
      encoding: "utf8",
      env: { ...process.env, BPFTS_CACHE: join(folder, "first-run") },
    });
    const clear = "\r\x1b[K";
    const steps = ["reading them (1 of 2)", "compiling them (2 of 2)"];
    const lines = steps.map((step) => `${clear}first text on this kernel that needs all of its types: ${step}`);
    expect(stdout).toMatch(`${lines.join("")}${clear}${file}: ok`);
  });

  it("counts.ts counts the calls of the command exactly", async () => {
    const script = `for i in 1 2 3 4 5 6 7; do : < /proc/self/stat; done`;
    const result = await runCli(["run", "-c", script, "scripts/counts.ts"]);
    expect(result.status).toBe(0);
    // dash itself opens what it reads from: seven times here, besides what its start opens.
    const plain = await runCli(["run", "-c", ": ; true", "scripts/counts.ts"]);
    const count = (text: string): number => Number(/Total:\nPID +OPENS\n\d+ +(\d+)\n/.exec(text)?.[1]);
    expect(count(result.stdout) - count(plain.stdout)).toBe(7);
  });

  it("hello_fields.ts says what this kernel lacks, or prints the fields where it lacks nothing", async () => {
    const result = await runCli([
      "run",
      "--json-errors",
      "-c",
      `mkdir ${join(folder, "d")}`,
      "scripts/hello_fields.ts",
    ]);
    if (
      / register_kprobe$/m.test(spawnSync("cat", ["/proc/kallsyms"], { encoding: "utf8", maxBuffer: 1 << 28 }).stdout)
    ) {
      expect(result.stdout).toMatch(/^TIME\(s\) +COMM +PID +MESSAGE\n\d+\.\d{9} +mkdir +\d+ +Hello, World!\n$/);
      return;
    }
    const error = parseCliError(result);
    expect(error).toMatchObject({ code: "BPFTS_UNSUPPORTED", exitCode: 3 });
    expect(error.message).toContain("CONFIG_KPROBES");
    expect(error.hint).toContain("TRACEPOINT_PROBE");
    expect(result.status).toBe(3);
  });

  it("what a probe prints before the script first reads is not lost", async () => {
    const path = writeScript(
      folder,
      "early.ts",
      `import { BPF, command, print, sleep } from "bpfts";
const b = new BPF({ text: \`TRACEPOINT_PROBE(syscalls, sys_enter_mkdir) { bpf_trace_printk("early\\n"); return 0; }\` });
try { sleep(10); } catch {}
for (const [task, pid, , , , msg] of b.trace_fields({ nonblocking: true })) {
  if (task === undefined) break;
  if (pid === command?.pid) print(task + " " + msg);
}
`,
    );
    const result = await runCli(["run", "-c", `mkdir ${join(folder, "early")}`, path]);
    expect(result.stderr).toBe("");
    expect(result.stdout).toBe("mkdir early\n");
  });

  it("what one run starts from is not what the run before it left in the cache", async () => {
    const path = writeScript(
      folder,
      "fresh.ts",
      'import { BPF, argv, possible_cpus } from "bpfts";\nnew BPF({ text: "" });\nconsole.log(argv[0], possible_cpus, Math.random());\n',
    );
    const env = { BPFTS_CACHE: join(folder, "cache-fresh") };
    const outputs = [];
    for (const word of ["one", "two", "three"])
      outputs.push((await runCli(["run", path, "--", word], { env })).stdout.trim().split(" "));
    expect(outputs.map(([word]) => word)).toEqual(["one", "two", "three"]);
    const cpus = readFileSync("/sys/devices/system/cpu/possible", "utf8").trim().replace(/^.*-/, "");
    expect(outputs.map(([, count]) => Number(count))).toEqual(Array(3).fill(Number(cpus) + 1));
    expect(new Set(outputs.map(([, , random]) => random)).size).toBe(3);
    // The second run found the first one's work.
    for (const kind of ["image", "library", "bundle"])
      expect(readdirSync(join(folder, "cache-fresh", kind))).toHaveLength(1);
    // The first one bundled, for which it read the second file of the CLI.
    expect(readdirSync(join(folder, "cache-fresh", "code"))).toHaveLength(2);
  });

  it("what a run left in the cache serves one that is started by another name, as npx and npm link do", async () => {
    const path = writeScript(folder, "named.ts", 'import { argv } from "bpfts";\nconsole.log("fine", argv.length);\n');
    const cache = join(folder, "cache-named");
    const long = join(folder, "a-link-with-a-much-longer-name-than-the-file-itself-has.cjs");
    symlinkSync(cli, long);
    for (const entry of [cli, long, cli]) {
      const run = spawnSync(process.execPath, [entry, "run", path], {
        encoding: "utf8",
        env: { ...process.env, BPFTS_CACHE: cache },
      });
      expect(run).toMatchObject({ status: 0, stdout: "fine 0\n", stderr: "" });
    }
    expect(readdirSync(join(cache, "image"))).toHaveLength(1);
  });

  it("an image or compiled code that is damaged in the cache is made anew", async () => {
    const path = writeScript(folder, "damaged.ts", 'console.log("fine");\n');
    const cache = join(folder, "cache-damaged");
    const run = async (): Promise<string> => (await runCli(["run", path], { env: { BPFTS_CACHE: cache } })).stdout;
    expect(await run()).toBe("fine\n");
    const files = ["image", "code", "library", "bundle"].flatMap((kind) =>
      readdirSync(join(cache, kind)).map((name) => join(cache, kind, name)),
    );
    const damaged = files.map((file) => {
      const bytes = readFileSync(file);
      return bytes.fill(0x55, bytes.length >> 1);
    });
    files.forEach((file, at) => writeFileSync(file, damaged[at]!));
    expect(await run()).toBe("fine\n");
    expect(files.map((file, at) => readFileSync(file).equals(damaged[at]!))).toEqual(files.map(() => false));
    expect(files).toHaveLength(5);
    expect(await run()).toBe("fine\n");
  });

  it("a script sees its own arguments and the pid of its command", async () => {
    const path = writeScript(
      folder,
      "argv.ts",
      'import { argv, command, print } from "bpfts";\nprint(JSON.stringify({ argv, pid: typeof command?.pid }));\n',
    );
    const result = await runCli(["run", "-c", "true", path, "--", "-p", "1", "--json"]);
    expect(JSON.parse(result.stdout)).toEqual({ argv: ["-p", "1", "--json"], pid: "number" });
  });

  it("new BPF with an empty text is legal and starts no clang", async () => {
    const path = writeScript(
      folder,
      "empty.ts",
      'import { BPF, print } from "bpfts";\nconst b = new BPF({ text: "" });\nprint(b.get_syscall_fnname("mkdir"));\n',
    );
    const result = await runCli(["run", path], { env: { BPFTS_CLANG: "/nonexistent/clang" } });
    expect(result.stderr).toBe("");
    expect(result.stdout).toMatch(/sys_mkdir\n$/);
  });
});

const events = `import { BPF, printf, on_exit, sleep } from "bpfts";
const b = new BPF({ text: \`TRACEPOINT_PROBE(syscalls, sys_enter_mkdir) { return 0; }\` });
on_exit(() => printf("bye\\n"));
printf("ready\\n");
`;

/** What a run may take to end: it would never end by itself. A second is wanted; a busy machine needs more, and an emulated one is ten times as slow. Units: milliseconds. */
const endMs = process.env["BPFTS_REQUIRE"] === undefined ? 5000 : 10_000;

describe("signals and the end", () => {
  const waits: readonly [name: string, code: string][] = [
    ["asleep", "sleep(1000);"],
    ["in trace_fields", "for (const line of b.trace_fields()) printf('%s', line[5]);"],
    ["in an endless loop", "sleep(0.01); for (;;) {}"],
    ["in a timer's callback", "setInterval(() => { for (;;) {} }, 10);"],
    ["waiting for a timer", "setInterval(() => {}, 1000);"],
  ];
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    it.each(waits)(`${signal} while %s ends it soon, after its end handlers`, async (name, code) => {
      const path = writeScript(folder, `wait-${name.replace(/\W+/g, "-")}.ts`, events + code);
      const run = startCli(["run", path]);
      await run.waitFor("ready");
      await new Promise((resolve) => setTimeout(resolve, 100));
      const sent = performance.now();
      run.child.kill(signal);
      const result = await run.ended;
      expect(performance.now() - sent).toBeLessThan(endMs);
      expect(result.stdout).toBe("ready\nbye\n");
      expect(result.stderr).toBe("");
      expect(result.status).toBe(0);
    });
  }

  it("a signal at any moment of the start ends it soon and leaves nothing", async () => {
    const path = writeScript(folder, "start.ts", `${events}sleep(1000);\n`);
    const pids: (number | undefined)[] = [];
    for (const delayMs of [0, 40, 80, 120, 160, 220]) {
      const run = startCli(["run", path], { env: { BPFTS_CACHE: join(folder, `cache-${delayMs}`) } });
      pids.push(run.child.pid);
      await new Promise((resolve) => setTimeout(resolve, delayMs));
      const sent = performance.now();
      run.child.kill("SIGTERM");
      const result = await run.ended;
      expect(performance.now() - sent).toBeLessThan(endMs + 500);
      expect(result.stderr).toBe("");
    }
    expect(
      readdirSync("/sys/kernel/tracing/instances").filter(
        (name) => name.startsWith("bpfts") && pids.some((pid) => name.includes(`-${pid}-`)),
      ),
    ).toEqual([]);
  });

  it("a second signal kills a script that holds on to the first", async () => {
    const path = writeScript(
      folder,
      "stubborn.ts",
      `${events}import { Interrupt } from "bpfts";\nfor (;;) { try { sleep(1000); } catch (e) { if (!(e instanceof Interrupt)) throw e; printf("no\\n"); const until = Date.now() + 100_000; while (Date.now() < until); } }\n`,
    );
    const run = startCli(["run", path]);
    await run.waitFor("ready");
    run.child.kill("SIGINT");
    // The same signal again within a quarter of a second is npm's echo of the first.
    await new Promise((resolve) => setTimeout(resolve, 400));
    run.child.kill("SIGINT");
    const result = await run.ended;
    expect(result.durationMs).toBeLessThan(5 * endMs);
  });

  it.each([
    ["of a loop that never waits", ""],
    ["of one that waits between its lines", " if (n % 1000 === 0) sleep(0.001);"],
  ])("a reader that stops reading holds up the output %s, and Ctrl-C ends it all the same", async (_, wait) => {
    const script = `import { eprint, flush, on_exit, printf, sleep } from "bpfts";\nvoid sleep;\non_exit(() => eprint("end"));\neprint("ready");\nflush();\nfor (let n = 0; ; n++) { printf("%0100d\\n", n);${wait} }\n`;
    const child = spawn(process.execPath, [cli, "run", writeScript(folder, "unread.ts", script)], {
      cwd: root,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let stderr = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    const ended = new Promise<number | null>((resolve) => child.on("exit", resolve));
    while (!stderr.includes("ready")) await new Promise((resolve) => setTimeout(resolve, 50));
    await new Promise((resolve) => setTimeout(resolve, 500));
    const sent = performance.now();
    child.kill("SIGINT");
    expect(await ended).toBe(0);
    expect(performance.now() - sent).toBeLessThan(5 * endMs);
    expect(stderr).toMatch(/^ready\nend\n/);
  });

  it("a closed stdout ends it quietly", () => {
    const path = writeScript(
      folder,
      "pipe.ts",
      `import { printf, sleep } from "bpfts";\nfor (;;) { printf("line\\n"); sleep(0.01); }\n`,
    );
    const result = spawnSync(
      "bash",
      ["-c", `set -o pipefail; "${process.execPath}" dist/bpfts.cjs run "${path}" | head -1`],
      { cwd: root, encoding: "utf8", timeout: 10_000 },
    );
    expect(result.stdout).toBe("line\n");
    expect(result.stderr).toBe("");
    expect(result.status).toBe(0);
  });
});
