import { expect, it } from "vitest";
import { makeFolder, runCli, writeScript } from "../support/run-cli.ts";

const folder = makeFolder();

/** Runs a script that attaches one function with the given bits; answers what it wrote to stderr. */
async function build(debug: string, { cliArgs = [] as readonly string[], command = "run" } = {}): Promise<string> {
  const script = writeScript(
    folder,
    `debug-${debug.replace(/\W+/g, "-")}.ts`,
    `import { BPF, DEBUG_BPF, DEBUG_BPF_REGISTER_STATE, DEBUG_BTF, DEBUG_LLVM_IR, DEBUG_PREPROCESSOR, DEBUG_SOURCE } from "bpfts";
const all = { DEBUG_BPF, DEBUG_BPF_REGISTER_STATE, DEBUG_BTF, DEBUG_LLVM_IR, DEBUG_PREPROCESSOR, DEBUG_SOURCE };
new BPF({ text: \`
struct pair_t { u32 first; u64 second; }; enum { TCP_CLOSE_WAIT = 99 }; /* the kernel's, too */
BPF_HASH(counts, u32, struct pair_t);
static __noinline int double_it(u32 pid) { return pid * 2; }
int on_call(struct pt_regs *ctx) {
    u32 pid = double_it(bpf_get_current_pid_tgid() >> 32);
    counts.delete(&pid);
    return 0;
}\`, debug: ${debug} }).load_func("on_call", BPF.KPROBE);
`,
  );
  const { status, stderr } = await runCli([command, ...cliArgs, script]);
  expect([status, stderr.includes("error")], stderr).toEqual([0, false]);
  return stderr;
}

const listHeadings = (text: string): string[] => [...text.matchAll(/^--- (.*) ---$/gm)].map(([, heading]) => heading!);

it("says nothing without bits", async () => {
  expect(await build("0")).toBe("");
});

it("shows the rewritten text", async () => {
  const text = await build("DEBUG_PREPROCESSOR");
  expect(listHeadings(text)).toEqual(["C text for clang"]);
  expect(text).toContain("bpfts_delete(counts, &pid)");
  expect(text).toMatch(/^#line 3 ".*\.ts"$/m);
});

it("shows instructions under the lines of the script, from the compiler and from the cache", async () => {
  const text = await build("DEBUG_SOURCE");
  expect(listHeadings(text)).toEqual(["bytecode with source lines"]);
  expect(text).toMatch(/^on_call: SEC\("/m);
  expect(text).toMatch(/^double_it: SEC\("\.text"\)$/m);
  const after = text.slice(text.indexOf("; counts.delete(&pid);"));
  expect(after).toMatch(/^; counts\.delete\(&pid\); {2}\(.*debug-DEBUG_SOURCE\.ts:9\)\n/);
  expect(after).toMatch(/r1 = 0x0 <counts>\n(?:.*\n)*?.*call bpf_map_delete_elem#3\n/);
  expect(text).toMatch(/call bpf_get_current_pid_tgid#14\n(?:.*\n)*?.*call pc[+-]\d+ <double_it>\n/);
  expect(await build("DEBUG_SOURCE")).toBe(text);
});

it("shows types, IR and both kinds of the verifier's log", async () => {
  const types = await build("DEBUG_BTF");
  expect(types).toMatch(
    /struct pair_t \{\n +u32 first; +\/\* 0 4 \*\/\n +u64 second; +\/\* 8 8 \*\/\n\}; \/\* 16 bytes \*\//,
  );
  expect(types).toContain("int on_call(struct pt_regs *ctx);");
  expect(await build("DEBUG_LLVM_IR")).toMatch(/define .*@on_call\(/);
  const brief = await build("DEBUG_BPF");
  expect(listHeadings(brief)).toEqual(['verifier\'s log of "on_call"']);
  expect(brief).toMatch(/^processed \d+ insns/m);
  expect(brief).not.toContain("R1=ctx");
  const whole = await build("DEBUG_BPF_REGISTER_STATE");
  expect(whole).toMatch(/R1=ctx/);
  expect(whole).toMatch(/call bpf_map_delete_elem#3/);
});

it("joins bits, takes BCC's numbers, and refuses others", async () => {
  expect(listHeadings(await build("DEBUG_SOURCE | DEBUG_PREPROCESSOR | DEBUG_BPF"))).toEqual([
    "C text for clang",
    "bytecode with source lines",
    'verifier\'s log of "on_call"',
  ]);
  expect(listHeadings(await build("0x8"))).toEqual(["bytecode with source lines"]);
  const script = writeScript(folder, "bad.ts", 'import { BPF } from "bpfts"; new BPF({ text: "int a;", debug: 64 });');
  const { status, stderr } = await runCli(["run", script]);
  expect([status, stderr]).toEqual([1, expect.stringContaining("takes debug as a whole number from 0 to 63, got 64")]);
});

it("shows the text of a program that does not compile, and the log of one that is refused", async () => {
  const write = (name: string, body: string): string =>
    writeScript(
      folder,
      name,
      `import { BPF } from "bpfts"; new BPF({ text: \`BPF_HASH(counts, u32);
int on_call(struct pt_regs *ctx) { u32 key = 0; ${body} return 0; }\`, debug: 6 }).load_func("on_call", BPF.KPROBE);`,
    );
  const broken = await runCli(["run", write("broken.ts", 'counts.increment(key); asm volatile("no such thing");')]);
  expect(broken.status).toBe(1);
  expect(broken.stderr).toContain("bpfts_increment(counts, key)");
  const refused = await runCli(["run", write("refused.ts", "u64 *value = counts.lookup(&key); return *value;")]);
  expect(refused.status).toBe(1);
  expect(listHeadings(refused.stderr)).toEqual(["C text for clang", 'verifier\'s log of "on_call"']);
  expect(refused.stderr.match(/R0 invalid mem access/g)).not.toBeNull();
});

it("shows the verifier's log of accepted programs under --verbose of run and check, once", async () => {
  for (const command of ["run", "check"]) {
    const text = await build("0", { cliArgs: ["--verbose"], command });
    expect(listHeadings(text)).toEqual(['verifier\'s log of "on_call"']);
    expect(text).toMatch(/^processed \d+ insns/m);
  }
  const c = writeScript(folder, "one.c", "int on_call(struct pt_regs *ctx) { return 0; }");
  expect(listHeadings((await runCli(["check", "--verbose", c])).stderr)).toEqual(['verifier\'s log of "on_call"']);
});

it("loads a program whose log is longer than the kernel writes", async () => {
  const script = writeScript(
    folder,
    "long.ts",
    `import { BPF, argv } from "bpfts";
const lines = Array.from({ length: 60 }, (_, i) => \`x += bpf_ktime_get_ns() * \${i + 3};\`).join(" ");
new BPF({ text: \`int f(struct pt_regs *ctx) { volatile u64 x = 1; for (int i = 0; i < 800; i++) { \${lines} } return x; }\`,
  debug: Number(argv[0]) }).load_func("f", BPF.KPROBE);`,
  );
  const verbose = await runCli(["run", "--verbose", script, "0"]);
  expect([verbose.status, listHeadings(verbose.stderr).length], verbose.stderr.slice(0, 500)).toEqual([0, 1]);
  const whole = await runCli(["run", script, "16"]);
  expect([whole.status, listHeadings(whole.stderr)]).toEqual([
    0,
    ['part of the verifier\'s log, which is too long, of "f"'],
  ]);
});

it("names the program that the kernel refuses, also where logs of those before it are shown", async () => {
  const script = writeScript(
    folder,
    "second.ts",
    `import { BPF, DEBUG_BPF } from "bpfts";
new BPF({ text: \`
BPF_HASH(counts, u32, u64);
TRACEPOINT_PROBE(syscalls, sys_enter_kill) { counts.increment(1); return 0; }
TRACEPOINT_PROBE(syscalls, sys_enter_lseek) {
    u32 key = 0;
    u64 *value = counts.lookup(&key);
    *value = 1;
    return 0;
}\`, debug: DEBUG_BPF });
`,
  );
  for (const cliArgs of [["run"], ["run", "--verbose"], ["check", "--verbose"]]) {
    const { status, stderr } = await runCli([...cliArgs, script]);
    expect([status, stderr]).toEqual([
      1,
      expect.stringContaining('rejects "tracepoint__syscalls__sys_enter_lseek": R0 invalid mem'),
    ]);
    expect(stderr).toMatch(/^ {2}--> \S*second\.ts:8:/m);
    expect(stderr).toContain("*value = 1;\n");
  }
  // A line that the script has made is shown as it is.
  const made = writeScript(
    folder,
    "made.ts",
    `import { BPF } from "bpfts";
const name = "seek";
new BPF({ text: ["BPF_HASH(counts, u32, u64);", \`TRACEPOINT_PROBE(syscalls, sys_enter_l\${name}) { u32 key = 0; *counts.lookup(&key) = 1; return 0; }\`].join("\\n") });
`,
  );
  const { stderr } = await runCli(["run", made]);
  expect(stderr).toMatch(/^ {2}--> (?:\S*made\.ts:3|<text>:2):\d+$/m);
  expect(stderr).toMatch(/^ *\d+ \| .*TRACEPOINT_PROBE\(syscalls, sys_enter_l/m);
});
