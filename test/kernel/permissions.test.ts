import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { makeFolder, parseCliError, runCli, writeScript } from "../support/run-cli.ts";
import type { CliResult } from "../support/run-cli.ts";

const folder = makeFolder();

/** A script with this C text, whose line 4 is the text's line 2. */
function writeC(name: string, c: string, rest = ""): string {
  return writeScript(
    folder,
    `${name}.ts`,
    `import { BPF } from "bpfts";\nconst b = new BPF({\n  text: \`\n${c}\`,\n});\n${rest}\nconsole.log("loaded");\n`,
  );
}

async function refuse(
  path: string,
  ...flags: string[]
): Promise<ReturnType<typeof parseCliError> & { readonly result: CliResult }> {
  const result = await runCli(["run", "--json-errors", ...flags, path]);
  return { ...parseCliError(result), result };
}

const onMkdir = "TRACEPOINT_PROBE(syscalls, sys_enter_mkdir)";

/** Each does one thing that acts: the flag that allows it, and the line of the script where it does. */
const acts: readonly [name: string, flag: string, line: number, c: string, rest?: string][] = [
  ["a signal", "--allow-signal", 5, `${onMkdir} {\n    bpf_send_signal(10);\n    return 0;\n}\n`],
  ["a signal to a thread", "--allow-signal", 5, `${onMkdir} {\n    bpf_send_signal_thread(10);\n    return 0;\n}\n`],
  ["a helper by its number", "--allow-signal", 5, `${onMkdir} {\n    ((int (*)(u32))109)(10);\n    return 0;\n}\n`],
  [
    "a helper by a number that the text computes",
    "--allow-signal",
    5,
    `${onMkdir} {\n    ((int (*)(u32))(100 + 9))(10);\n    return 0;\n}\n`,
  ],
  [
    "a helper by a name of the script's own",
    "--allow-signal",
    6,
    `static int (*const innocent)(u32 sig) = (void *)109;\n${onMkdir} {\n    innocent(10);\n    return 0;\n}\n`,
  ],
  [
    "a helper in assembly",
    "--allow-signal",
    5,
    `${onMkdir} {\n    asm volatile("r1 = 10; call 109" ::: "r0", "r1", "r2", "r3", "r4", "r5");\n    return 0;\n}\n`,
  ],
  [
    "memory of a process",
    "--allow-write-user",
    6,
    `${onMkdir} {\n    char c = 0;\n    bpf_probe_write_user((void *)args->pathname, &c, 1);\n    return 0;\n}\n`,
  ],
  [
    "a return value",
    "--allow-override",
    5,
    "int kprobe__f(struct pt_regs *ctx) {\n    bpf_override_return(ctx, -1);\n    return 0;\n}\n",
  ],
  [
    "a function that another one calls",
    "--allow-signal",
    5,
    `__attribute__((noinline)) int inner(u32 number) {\n    return bpf_send_signal(number);\n}\n${onMkdir} {\n    return inner(10);\n}\n`,
  ],
  [
    "a callback",
    "--allow-signal",
    5,
    `static long each(u32 index, void *context) {\n    return bpf_send_signal(10);\n}\n${onMkdir} {\n    bpf_loop(3, each, 0, 0);\n    return 0;\n}\n`,
  ],
  [
    "a function that is attached later, or never",
    "--allow-signal",
    5,
    "int later(struct pt_regs *ctx) {\n    bpf_send_signal(10);\n    return 0;\n}\n",
  ],
  [
    "a program that is tail-called",
    "--allow-signal",
    6,
    `BPF_PROG_ARRAY(next, 1);\nint tail(struct tracepoint__syscalls__sys_enter_mkdir *args) {\n    bpf_send_signal(10);\n    return 0;\n}\n${onMkdir} {\n    next.call(args, 0);\n    return 0;\n}\n`,
    'b.get_table("next").set(0, b.load_func("tail", BPF.TRACEPOINT));',
  ],
  [
    "the kernel function for signals",
    "--allow-signal",
    6,
    `extern int bpf_send_signal_task(struct task_struct *task, int sig, int type, u64 value) __ksym;\n${onMkdir} {\n    bpf_send_signal_task((void *)bpf_get_current_task_btf(), 10, 0, 0);\n    return 0;\n}\n`,
  ],
  [
    "a kernel function that nobody knows",
    "--allow-all",
    6,
    `extern int bpf_do_what_nobody_knows(int number) __ksym;\n${onMkdir} {\n    return bpf_do_what_nobody_knows(1);\n}\n`,
  ],
  [
    "a kernel function by its number",
    "--allow-all",
    5,
    `${onMkdir} {\n    asm volatile(".byte 0x85, 0x20, 0, 0; .long 1000" ::: "r0", "r1", "r2", "r3", "r4", "r5");\n    return 0;\n}\n`,
  ],
];

describe("a script whose C acts", () => {
  it.each(acts)("%s is refused, with the flag and the line", async (name, flag, line, c, rest) => {
    const error = await refuse(writeC(name.replaceAll(/\W/g, "-"), c, rest));
    expect(error).toMatchObject({ code: "BPFTS_PRIVILEGE", exitCode: 3, location: { line } });
    expect(error.message).toContain(flag);
    expect(error.hint).toContain(flag);
    expect(error.result.stdout).toBe("");
  });

  it("a check lists it and refuses nothing", async () => {
    const path = writeC("listed", acts[0]![3]);
    const result = await runCli(["check", path]);
    expect(result).toMatchObject({ status: 0, stderr: "" });
    expect(result.stdout).toMatch(/bpf_send_signal.*line 5.*--allow-signal/);
  });

  it("one flag does not allow another thing, --allow-all allows everything", async () => {
    const path = writeC(
      "both",
      `${onMkdir} {\n    char c = 0;\n    bpf_probe_write_user((void *)args->pathname, &c, 1);\n    bpf_send_signal(10);\n    return 0;\n}\n`,
    );
    const error = await refuse(path, "--allow-signal");
    expect(error.message).toContain("--allow-write-user");
    expect(error.hint).not.toContain("--allow-signal");
    // A kernel that is locked down has no bpf_probe_write_user: then its verifier says so, and not the guard.
    for (const flags of [["--allow-signal", "--allow-write-user"], ["--allow-all"]]) {
      const result = await runCli(["run", ...flags, path]);
      expect(`${result.stdout}${result.stderr}`).toMatch(/^loaded\n$|cannot use helper bpf_probe_write_user/);
    }
    expect(await runCli(["run", "--allow-all", writeC("signal-only", acts[0]![3])])).toMatchObject({
      status: 0,
      stdout: "loaded\n",
    });
  });

  it("a script cannot allow itself what the user has not", async () => {
    const path = writeC("self", acts[0]![3]);
    const result = await runCli(["run", "--json-errors", path, "--", "--allow-signal"]);
    expect(parseCliError(result).message).toContain("--allow-signal");
  });

  it("what the user allows happens: the signal comes", async () => {
    const made = join(folder, "made");
    const target = writeScript(
      folder,
      "target.mjs",
      `import { mkdirSync } from "node:fs";
process.on("SIGUSR2", () => { console.log("the signal came"); process.exit(); });
mkdirSync(process.argv[2]);
setTimeout(() => {}, 5000);
`,
    );
    const script = writeScript(
      folder,
      "kill.ts",
      `import { BPF, command, sleep } from "bpfts";
new BPF({
  text: \`${onMkdir} {
    if (bpf_get_current_pid_tgid() >> 32 == \${command!.root_pid})
        bpf_send_signal(12);
    return 0;
}\`,
});
sleep(10);
`,
    );
    const result = await runCli(["run", "--allow-signal", "-c", `${process.execPath} ${target} ${made}`, script]);
    expect(result.stdout).toBe("the signal came\n");
  });
});

describe("a program that acts by its kind", () => {
  it.each([
    ["fmod_ret by its section", 'SEC("fmod_ret/bpf_modify_return_test") int f(void *ctx) { return -1; }', ""],
    ["LSM by its macro, with an answer", "LSM_PROBE(file_open, struct file *file) { return -1; }", ""],
    [
      "LSM whose answer a map gives",
      "BPF_ARRAY(answers, int, 1);\nLSM_PROBE(file_open, struct file *file) { u32 z = 0; int *a = answers.lookup(&z); return a ? *a : 0; }",
      "",
    ],
    [
      "LSM by the script's call",
      "int lsm__file_open(void *ctx) { return -1; }",
      'b.attach_lsm({ fn_name: "lsm__file_open" });',
    ],
  ])("%s is refused", async (name, c, rest) => {
    const error = await refuse(writeC(`kind-${name.replaceAll(/\W/g, "-")}`, `${c}\n`, rest));
    expect(error).toMatchObject({ code: "BPFTS_PRIVILEGE", exitCode: 3 });
    expect(error.message).toContain("--allow-override");
  });

  it("an LSM program that always answers 0 only looks: the kernel is asked", async () => {
    const error = await refuse(
      writeC(
        "kind-looks",
        "BPF_HASH(seen, u32, u64);\nLSM_PROBE(file_open, struct file *file) { seen.increment(bpf_get_current_pid_tgid() >> 32); return 0; }\n",
      ),
    );
    expect(error.message).not.toContain("--allow");
  });
});
