import { spawn } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { buildProgram, findInstruction, runTool, startProgram } from "../support/own-program.ts";
import { makeFolder, root, runCli, startCli, writeScript } from "../support/run-cli.ts";
import type { CliResult } from "../support/run-cli.ts";

const folder = makeFolder();
const file = (name: string): string => join(folder, name);
let scripts = 0;

beforeAll(() => {
  buildProgram("places.c", file("places"));
  buildProgram("names.cc", file("names"));
  buildProgram("library.c", file("libown.so"), "-shared", "-fPIC");
  buildProgram("places.c", file("linked"), "-Wl,--no-as-needed", "-L", folder, "-lown", `-Wl,-rpath,${folder}`);
});

/** A script that attaches what the test says, waits for its command's end and prints the counts by value. */
function writeCounter(attach: string): string {
  return writeScript(
    folder,
    `count-${++scripts}.ts`,
    `import { BPF, Interrupt, USDT, print, sleep } from "bpfts";
void USDT;
const b = new BPF({ text: \`
#include <uapi/linux/ptrace.h>
BPF_HASH(counts, long, u64);
BPF_HASH(others, u32, u64);
int on_enter(struct pt_regs *ctx) { long a = (int)PT_REGS_PARM1(ctx) * 1000 + PT_REGS_PARM2(ctx); counts.increment(a); return 0; }
int on_call(struct pt_regs *ctx) { long a = (int)PT_REGS_PARM1(ctx); counts.increment(a); return 0; }
int on_method(struct pt_regs *ctx) { long a = (int)PT_REGS_PARM2(ctx); counts.increment(a); return 0; }
int on_return(struct pt_regs *ctx) { long a = (int)PT_REGS_RC(ctx); counts.increment(a); return 0; }
int on_pid(struct pt_regs *ctx) { u32 pid = bpf_get_current_pid_tgid() >> 32; others.increment(pid); return 0; }
\` });
${attach}
print("attached", b.num_open_uprobes());
try { sleep(20); } catch (e) { if (!(e instanceof Interrupt)) throw e; }
for (const [value, count] of b.get_table("counts").entries()) print("count", value, count);
for (const [pid, count] of b.get_table("others").entries()) print("pid", pid, count);
`,
  );
}

function readCounts({ stdout }: CliResult): Record<string, number> {
  return Object.fromEntries(
    [...stdout.matchAll(/^count (-?\d+) (\d+)$/gm)].map(([, value, count]) => [value!, Number(count)]),
  );
}

async function count(attach: string, command: string): Promise<Record<string, number>> {
  const result = await runCli(["run", "-c", command, writeCounter(attach)]);
  expect(result.stderr).toBe("");
  expect(result.status).toBe(0);
  return readCounts(result);
}

/** Gives the program as many lines as it is to work turns. */
const feed = (program: string, turns: number): string => `yes | head -n ${turns} | ${program} > /dev/null`;
const path = (name: string): string => JSON.stringify(file(name));

describe("uprobes", () => {
  it("count every call and read its arguments", async () => {
    const counts = await count(
      `b.attach_uprobe({ name: ${path("places")}, sym: "add_up", fn_name: "on_enter" });`,
      feed(file("places"), 50),
    );
    // add_up(turn, 2 * turn) once a turn.
    expect(counts).toEqual(
      Object.fromEntries(Array.from({ length: 50 }, (_, index) => [String((index + 1) * 1002), 1])),
    );
  });

  it("see what functions answer, static ones too", async () => {
    const counts = await count(
      `b.attach_uretprobe({ name: ${path("places")}, sym: "inner", fn_name: "on_return" });`,
      feed(file("places"), 4),
    );
    expect(counts).toEqual({ 4: 1, 7: 1, 10: 1, 13: 1 });
  });

  it("sit on every function that a pattern fits from its start, once where it has two names", async () => {
    const attach = `b.attach_uprobe({ name: ${path("places")}, sym_re: "add_up$|in{2}er|__known|known_", fn_name: "on_call" });`;
    const result = await runCli(["run", "-c", feed(file("places"), 3), writeCounter(attach)]);
    expect(result.stdout).toMatch(/^attached 3$/m);
    expect(readCounts(result)).toEqual({ 1: 2, 2: 2, 3: 2 });
  });

  it("take an address as nm prints it, and an offset into a function", async () => {
    const address = runTool("nm", file("places"))
      .split("\n")
      .find((line) => line.endsWith(" add_up"))!
      .split(" ")[0]!;
    expect(
      await count(
        `b.attach_uprobe({ name: ${path("places")}, addr: 0x${address}n, fn_name: "on_call" });`,
        feed(file("places"), 2),
      ),
    ).toEqual({ 1: 1, 2: 1 });
    const attach = `b.attach_uprobe({ name: ${path("places")}, sym: "middle", sym_off: ${findInstruction(file("places"), "middle", 1)}, fn_name: "on_call" });`;
    expect(await count(attach, feed(file("places"), 2))).toEqual({ 1: 1, 2: 1 });
  });

  it("find a program at a fixed address, and a C++ method by the name that people write", async () => {
    buildProgram("places.c", file("fixed"), "-no-pie", "-fno-pie");
    expect(
      await count(
        `b.attach_uprobe({ name: ${path("fixed")}, sym: "outer", fn_name: "on_call" });`,
        feed(file("fixed"), 2),
      ),
    ).toEqual({ 1: 1, 2: 1 });
    for (const sym of ["shop::Basket::Add", "shop::Basket::Add(int, char const*)", "_ZN4shop6Basket3AddEiPKc"]) {
      expect(
        await count(
          `b.attach_uprobe({ name: ${path("names")}, sym: ${JSON.stringify(sym)}, fn_name: "on_method" });`,
          feed(file("names"), 2),
        ),
      ).toEqual({ 1: 1, 2: 1 });
    }
  });

  it("find functions by the names that C++ gives to templates and hidden ones, where they start and not in a part that was moved away", async () => {
    buildProgram("names.cc", file("parts"), "-O2");
    expect(runTool("nm", "-C", file("parts"))).toContain("shop::Pay(int) [clone .cold]");
    for (const sym of ["shop::Pay", "(anonymous namespace)::Hide", "(anonymous namespace)::Hide(int)"]) {
      expect(
        await count(
          `b.attach_uprobe({ name: ${path("parts")}, sym: ${JSON.stringify(sym)}, fn_name: "on_call" });`,
          feed(file("parts"), 2),
        ),
      ).toEqual({ 1: 1, 2: 1 });
    }
    expect(
      await count(
        `b.attach_uprobe({ name: ${path("parts")}, sym: "shop::Basket::Count<long>", fn_name: "on_method" });`,
        feed(file("parts"), 2),
      ),
    ).toEqual({ 1: 2 });
  });

  it("leave alone what is no start of a function: a probe there would write over the program's own numbers", async () => {
    buildProgram("parted.c", file("parted"), "-O2");
    expect(runTool("nm", file("parted"))).toMatch(/ t parted\.cold$/m);
    const attach = `b.attach_uretprobe({ name: ${path("parted")}, sym_re: "parted", fn_name: "on_return" });
for (const where of [{ sym: "parted.cold" }, { sym: "parted", sym_off: 4 }]) try { b.attach_uretprobe({ name: ${path("parted")}, ...where, fn_name: "on_return" }); } catch (e) { print((e as Error).message); }`;
    const result = await runCli(["run", "-c", file("parted"), writeCounter(attach)]);
    const refusal = 'Cannot attach "on_return" to uretprobe: a return probe belongs where a function starts\n';
    expect(result.stdout.slice(0, result.stdout.indexOf("count"))).toBe(
      `${refusal}${refusal}attached 1\n952\n1064\n1204\n1323\n`,
    );
    expect(readCounts(result)).toEqual({ 136: 1, 152: 1, 172: 1, 189: 1 });
  });

  it("sit on the version of a function that programs are linked with today", async () => {
    mkdirSync(file("versions"));
    const library = buildProgram(
      "versioned.c",
      file("versions/libown.so"),
      "-shared",
      "-fPIC",
      `-Wl,--version-script=${join(root, "test/kernel/programs/versioned.map")}`,
    );
    buildProgram(
      "places.c",
      file("asks-new"),
      "-Wl,--no-as-needed",
      "-L",
      file("versions"),
      "-lown",
      `-Wl,-rpath,${file("versions")}`,
    );
    runTool("strip", library);
    const [before, now] = ["@SHOP_1", "@@SHOP_2"].map((version) =>
      parseInt(
        runTool("nm", "-D", library)
          .split("\n")
          .find((line) => line.endsWith(` in_library${version}`))!,
        16,
      ),
    );
    expect(before).toBeLessThan(now!);
    expect(
      await count(
        `b.attach_uprobe({ name: ${JSON.stringify(library)}, sym: "in_library", fn_name: "on_call" });`,
        feed(file("asks-new"), 2),
      ),
    ).toEqual({ 1: 1, 2: 1 });
  });

  it("find a library by its short name in what a process has loaded, and trace that process alone", async () => {
    const [traced, other] = [await startProgram(file("linked")), await startProgram(file("linked"))];
    const run = startCli([
      "run",
      writeCounter(`b.attach_uprobe({ name: "own", sym: "in_library", pid: ${traced.pid}, fn_name: "on_pid" });`),
    ]);
    await run.waitFor("attached 1");
    await traced.turn(3);
    await other.turn(5);
    run.child.kill("SIGINT");
    expect((await run.ended).stdout).toMatch(new RegExp(`^attached 1\npid ${traced.pid} 3\n$`));
    await traced.end();
    await other.end();
  });

  it("find a process's program when its file was deleted", async () => {
    copyFileSync(file("places"), file("gone"));
    const program = await startProgram(file("gone"));
    runTool("rm", file("gone"));
    const run = startCli([
      "run",
      writeCounter(`b.attach_uprobe({ name: ${path("gone")}, sym: "outer", pid: ${program.pid}, fn_name: "on_pid" });`),
    ]);
    await run.waitFor("attached 1");
    await program.turn(2);
    run.child.kill("SIGINT");
    expect((await run.ended).stdout).toContain(`pid ${program.pid} 2\n`);
    await program.end();
  });

  it("come off again by the same words", async () => {
    const attach = `const where = { name: ${path("places")}, sym: "outer" };
b.attach_uprobe({ ...where, fn_name: "on_call" });
b.attach_uretprobe({ ...where, fn_name: "on_return" });
b.detach_uprobe(where);
try { b.detach_uprobe(where); } catch (e) { print("again:", (e as Error).message); }`;
    const result = await runCli(["run", "-c", feed(file("places"), 1), writeCounter(attach)]);
    expect(result.stdout).toMatch(
      /^again: Cannot detach: nothing is attached to uprobe ".*places:outer"\nattached 1\ncount 6 1\n$/,
    );
  });
});

describe("a name that stands for several functions", () => {
  beforeAll(() => {
    buildProgram("overloads.cc", file("overloads"), join(root, "test/kernel/programs/overloads-other.cc"));
  });

  it("is probed in all of them: overloads of C++, and static functions of two files", async () => {
    const attach = (call: string, sym: string, fn: string): string =>
      `b.${call}({ name: ${path("overloads")}, sym: "${sym}", fn_name: "${fn}" });`;
    expect(await count(attach("attach_uprobe", "Shelf::add", "on_method"), file("overloads"))).toEqual({
      1: 1,
      2: 1,
      3: 1,
    });
    expect(await count(attach("attach_uprobe", "Shelf::add(long)", "on_method"), file("overloads"))).toEqual({ 2: 1 });
    expect(await count(attach("attach_uprobe", "twin", "on_call"), file("overloads"))).toEqual({ 5: 1, 6: 1 });
    expect(await count(attach("attach_uretprobe", "twin", "on_return"), file("overloads"))).toEqual({ 6: 1, 18: 1 });
  });

  it("comes off all of them, and is an error that lists them where an offset would fit one", async () => {
    const attach = `const where = { name: ${path("overloads")}, sym: "twin" };
b.attach_uprobe({ ...where, fn_name: "on_call" });
print(b.num_open_uprobes());
b.detach_uprobe(where);
try { b.attach_uprobe({ ...where, sym_off: 4, fn_name: "on_call" }); } catch (e) { print((e as Error).message, (e as { hint?: string }).hint); }`;
    const result = await runCli(["run", "-c", file("overloads"), writeCounter(attach)]);
    expect(result.stdout).toMatch(
      /^2\nCannot attach "on_call" to uprobe: "twin" stands for 2 functions of ".*overloads", which sym_off cannot tell apart give the place with addr; the functions are: twin at 0x[0-9a-f]+, twin at 0x[0-9a-f]+\nattached 0\n/,
    );
  });
});

it("an offset past the function's end is an error, and no probe in the next function", async () => {
  const attach = `try { b.attach_uprobe({ name: ${path("places")}, sym: "middle", sym_off: 1_000_000, fn_name: "on_call" }); } catch (e) { print((e as Error).message, (e as { reason?: string }).reason); }`;
  const { stdout } = await runCli(["run", "-c", "true", writeCounter(attach)]);
  expect(stdout).toMatch(
    /^Cannot attach "on_call" to uprobe: "middle" of ".*places" has \d+ bytes, and sym_off is 1000000 no_such_place\nattached 0\n/,
  );
});

describe("a process that cannot be traced", () => {
  it("is named with what became of it", async () => {
    const zombie = spawn("python3", [
      "-c",
      "import os,sys; pid=os.fork() or os._exit(0); print(pid, flush=True); sys.stdin.read()",
    ]);
    const pid = Number(
      await new Promise<string>((resolve) => zombie.stdout.once("data", (data: Buffer) => resolve(data.toString()))),
    );
    while (!/\) Z/.test(readFileSync(`/proc/${pid}/stat`, "latin1")))
      await new Promise((resolve) => setTimeout(resolve, 10));
    const attach = [4194305, pid, 2]
      .flatMap((one) => [
        `b.attach_uprobe({ name: "c", sym: "malloc", fn_name: "on_call", pid: ${one} })`,
        `BPF.get_user_functions("c", "malloc", ${one})`,
        `new USDT({ pid: ${one} }).enumerate_probes()`,
      ])
      .map(
        (call) =>
          `try { ${call}; } catch (e) { print((e as Error).message.replace(/^[^:]*: /, ""), "|", (e as { hint?: string }).hint); }`,
      )
      .join("\n");
    const result = await runCli(["run", "-c", "true", writeCounter(attach)]);
    zombie.stdin.end();
    const lines = result.stdout.split("\n").filter((line) => line.includes(" | "));
    expect(result.stderr).toBe("");
    expect(lines).toHaveLength(9);
    for (const line of lines.slice(0, 3))
      expect(line).toMatch(/^there is no process 4194305: it has ended \| start it first/);
    for (const line of lines.slice(3, 6))
      expect(line).toMatch(
        new RegExp(`^process ${pid} \\(python3\\) has ended; its parent has not taken notice yet \\| `),
      );
    for (const line of lines.slice(6))
      expect(line).toMatch(/^process 2 \(kthreadd\) is a thread of the kernel: it runs no program \| /);
  });
});

describe("what cannot be attached", () => {
  it.each([
    [
      "a function that is not there",
      `name: ${"$places"}, sym: "ad_up"`,
      /has no function "ad_up"/,
      /did you mean "add_up"\?/,
    ],
    [
      "a library that is not there",
      `name: "libcc", sym: "malloc"`,
      /no library or program is called "libcc"/,
      /did you mean "\w+"\?/,
    ],
    [
      "a file that is not there",
      `name: "/nowhere/at/all", sym: "x"`,
      /there is no file "\/nowhere\/at\/all"/,
      undefined,
    ],
    ["a script", `name: ${"$script"}, sym: "x"`, /is no ELF binary/, /interpreter/],
    ["a stripped program", `name: ${"$bare"}, sym: "x"`, /has no (?:symbols|function)/, /./],
    ["a function that only picks another", `name: "c", sym: "memcpy"`, /"memcpy" is an indirect function/, /sym_re/],
    [
      "a pattern that fits nothing",
      `name: ${"$places"}, sym_re: "nothing.*"`,
      /no function of ".*places" fits the pattern/,
      /get_user_functions/,
    ],
    ["a pattern that is none", `name: ${"$places"}, sym_re: "("`, /Cannot read the pattern "\("/, undefined],
    [
      "an address outside of the code",
      `name: ${"$places"}, addr: 0x7f0000000000n`,
      /0x7f0000000000 is not in the code/,
      /nm/,
    ],
    ["nothing at all", `name: ${"$places"}`, /exactly one of sym, sym_re and addr/, undefined],
    [
      "a process that is not there",
      `name: ${"$places"}, sym: "outer", pid: 4194305`,
      /there is no (?:process|file)/,
      undefined,
    ],
  ])("says so: %s", async (_, options, message, hint) => {
    writeScript(folder, "script.sh", "#!/bin/sh\n");
    runTool("strip", "-o", file("bare"), file("places"));
    const given = options
      .replace("$places", path("places"))
      .replace("$script", path("script.sh"))
      .replace("$bare", path("bare"));
    const attach = `try { b.attach_uprobe({ ${given}, fn_name: "on_call" }); } catch (e) { print(JSON.stringify({ message: (e as Error).message, hint: (e as { hint?: string }).hint })); }`;
    const result = await runCli(["run", "-c", "true", writeCounter(attach)]);
    expect(result.stderr).toBe("");
    const error = JSON.parse(result.stdout.split("\n")[0]!) as { message: string; hint?: string };
    expect(error.message).toMatch(message);
    if (hint !== undefined) expect(error.hint).toMatch(hint);
    expect(result.stdout).toContain("attached 0\n");
  });
});

describe("stacks", () => {
  it("are walked and named from the innermost function to main, after the process has ended, too", async () => {
    const script = writeScript(
      folder,
      "stack.ts",
      `import { BPF, Interrupt, command, print, sleep } from "bpfts";
const b = new BPF({ text: \`
BPF_STACK_TRACE(stacks, 128);
struct key { u32 pid; int id; };
BPF_HASH(ids, struct key, u64);
int on_add(struct pt_regs *ctx) {
  struct key key = { .pid = bpf_get_current_pid_tgid() >> 32, .id = stacks.get_stackid(ctx, BPF_F_USER_STACK) };
  ids.increment(key);
  return 0;
}
\` });
// Past the instructions that make its frame: before them older kernels miss the caller.
b.attach_uprobe({ name: ${path("places")}, sym: "add_up", sym_off: ${findInstruction(file("places"), "add_up", 2)}, fn_name: "on_add" });
const describe = () => {
  for (const [key, count] of b.get_table("ids").entries()) {
    if (key.id < 0) continue;
    const names = b.get_table("stacks").walk(key.id, (ip) => BPF.sym(ip, key.pid, { show_module: true }));
    print(count, names.slice(0, 5).join(" < "));
    print(b.get_table("stacks").walk(key.id).slice(0, 2).map((ip) => BPF.sym(ip, key.pid, { show_offset: true })).join(" < "));
  }
};
print("attached");
try { for (;;) { sleep(0.3); describe(); } } catch (e) { if (!(e instanceof Interrupt)) throw e; }
print("ended");
describe();
`,
    );
    const run = startCli([
      "run",
      "-c",
      `(sleep 0.5; echo; echo; echo; sleep 1.2) | ${file("places")} > /dev/null`,
      script,
    ]);
    const { stdout, stderr, status } = await run.ended;
    expect(stderr).toBe("");
    expect(status).toBe(0);
    const chain = "3 add_up [places] < inner [places] < middle [places] < outer [places] < main [places]";
    const [living, ended] = stdout.split("ended\n");
    expect(living).toContain(`${chain}\n`);
    expect(living).toMatch(/^add_up\+0x[1-9a-f] < inner\+0x[1-9a-f][0-9a-f]*$/m);
    expect(ended).toContain(`${chain}\n`);
  });
});

/** A script that names stacks only when their process is gone: nobody asked for a name before. */
function writeLateNamer(pid: string): string {
  return writeScript(
    folder,
    "late.ts",
    `import { BPF, Interrupt, argv, command, print, sleep } from "bpfts";
void argv; void command;
const b = new BPF({ text: \`
BPF_STACK_TRACE(stacks, 128);
BPF_HASH(ids, int, u64);
int on_add(struct pt_regs *ctx) { int id = stacks.get_stackid(ctx, BPF_F_USER_STACK); ids.increment(id); return 0; }
\` });
const pid = ${pid};
b.attach_uprobe({ name: ${path("linked")}, sym: "add_up", sym_off: ${findInstruction(file("linked"), "add_up", 2)}, fn_name: "on_add", pid });
print("attached");
try { sleep(60); } catch (e) { if (!(e instanceof Interrupt)) throw e; }
for (const [id, count] of b.get_table("ids")) print(count, b.get_table("stacks").walk(id, (ip) => BPF.sym(ip, pid, { show_module: true })).slice(0, 5).join(" < "));
`,
  );
}

describe("stacks of processes that ended before anybody asked for a name", () => {
  const chain = "3 add_up [linked] < inner [linked] < middle [linked] < outer [linked] < main [linked]\n";

  it("are named when a probe was attached to the process", async () => {
    const program = await startProgram(file("linked"));
    const run = startCli(["run", writeLateNamer(String(program.pid))]);
    await run.waitFor("attached");
    await program.turn(3);
    await program.end();
    run.child.kill("SIGINT");
    const { stdout, stderr } = await run.ended;
    expect(stderr).toBe("");
    expect(stdout).toBe(`attached\n${chain}`);
  });

  it("are named when the process is the command", async () => {
    const run = startCli(["run", "-c", file("linked"), writeLateNamer("command!.pid")]);
    await run.waitFor("ready");
    // It is looked at while it runs: one that is gone in a few milliseconds is not seen.
    await new Promise((resolve) => setTimeout(resolve, 1000));
    run.child.stdin.end("\n\n\n");
    const { stdout, stderr } = await run.ended;
    expect(stderr).toBe("");
    expect(stdout).toContain(chain);
  });
});

describe("functions of binaries", () => {
  it("are listed by pattern, with their addresses, and libraries and commands are found", async () => {
    const script = writeScript(
      folder,
      "list.ts",
      `import { BPF, print } from "bpfts";
print(JSON.stringify([BPF.get_user_functions(${path("places")}, "(add|kno|__kno)"), BPF.get_user_functions(${path("places")}, /outer/), BPF.get_user_functions(${path("places")}, "uter")]));
print(JSON.stringify(BPF.get_user_functions_and_addresses(${path("places")}, "add_up").map(([name, address]) => [name, address.toString(16)])));
print(BPF.get_user_addresses(${path("places")}, "(__)?known_name").length);
print(BPF.find_library("c"), BPF.find_library("c.so.6"), BPF.find_library("nothing-of-the-kind"));
print(BPF.find_exe("sh"), BPF.find_exe("nothing-of-the-kind"));
`,
    );
    const result = await runCli(["run", script]);
    expect(result.stderr).toBe("");
    const lines = result.stdout.trimEnd().split("\n");
    const [some, outer, none] = JSON.parse(lines[0]!) as string[][];
    expect(some!.sort()).toEqual(["__known_name", "add_up", "known_name"]);
    expect(outer).toEqual(["outer"]);
    expect(none).toEqual([]);
    const address = runTool("nm", file("places"))
      .split("\n")
      .find((line) => line.endsWith(" add_up"))!
      .split(" ")[0]!
      .replace(/^0+/, "");
    expect(JSON.parse(lines[1]!)).toEqual([["add_up", address]]);
    expect(lines[2]).toBe("1");
    expect(lines[3]).toMatch(/^(\/\S+\/libc\.so\.6) \1 undefined$/);
    expect(lines[4]).toMatch(/^\/\S*\/sh undefined$/);
  });
});
