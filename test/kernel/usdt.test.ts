import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { port } from "../support/live-object.ts";
import { needFeature } from "../support/need-feature.ts";
import { buildProgram, runTool, startProgram } from "../support/own-program.ts";
import { makeFolder, runCli, startCli, writeScript } from "../support/run-cli.ts";

const folder = makeFolder();
const program = join(folder, "probed");
const path = JSON.stringify(program);
let scripts = 0;

beforeAll(() => {
  buildProgram("usdt.c", program);
});

function write(text: string): string {
  return writeScript(
    folder,
    `usdt-${++scripts}.ts`,
    `import { BPF, Interrupt, USDT, print, sleep } from "bpfts";\n${text}`,
  );
}

/** Prints the arguments of each hit of the probe "work", and how often each tick was seen. */
const readAll = `
const b = new BPF({ usdt_contexts: [u], text: \`
struct event { s64 values[6]; int failed[8]; char text[24]; };
BPF_PERF_OUTPUT(events);
BPF_HASH(ticks, int, u64);
int on_work(struct pt_regs *ctx) {
  struct event e = {};
  s64 unused = 0;
  e.failed[0] = bpf_usdt_readarg(1, ctx, &e.values[0]);
  e.failed[1] = bpf_usdt_readarg(2, ctx, &e.values[1]);
  e.failed[2] = bpf_usdt_readarg(3, ctx, &e.values[2]);
  e.failed[3] = bpf_usdt_readarg(4, ctx, &e.values[3]);
  e.failed[4] = bpf_usdt_readarg(5, ctx, &e.values[4]);
  e.failed[5] = bpf_usdt_readarg(6, ctx, &e.values[5]);
  e.failed[6] = bpf_usdt_readarg_p(7, ctx, &e.text, sizeof(e.text));
  e.failed[7] = bpf_usdt_readarg(8, ctx, &unused);
  events.perf_submit(ctx, &e, sizeof(e));
  return 0;
}
int on_tick(struct pt_regs *ctx) {
  int turn = 0;
  if (bpf_usdt_readarg(1, ctx, &turn) == 0) ticks.increment(turn);
  return 0;
}
\` });
b.get_table("events").open_perf_buffer((e) => print("work", e.values.join(" "), "failed", e.failed.join(" "), e.text), { by_time: true });
print("attached");
try { for (;;) b.perf_buffer_poll(); } catch (e) { if (!(e instanceof Interrupt)) throw e; }
for (const [turn, count] of b.get_table("ticks").entries()) print("tick", turn, count);
`;

/** Every form of operand: register, constant, memory, base and index, the same with an offset, a byte, a pointer; the last is a float. */
const rowOf = (turn: number): string =>
  `work ${turn} -7 ${1000 + turn} ${11 * (turn % 4)} ${11 * ((turn % 4) + 1)} ${-turn} failed 0 0 0 0 0 0 0 -1 text of the probe`;

const floating = `warning: Cannot read argument 8 of the USDT probe "demo:work", "8f@%xmm0": it is in a floating-point register, which the kernel shows to no eBPF program. bpf_usdt_readarg(8, …) answers -1\n`;

describe("USDT probes", () => {
  it("are listed with their places, arguments and semaphores", async () => {
    const script = write(`const u = new USDT({ path: ${path} });
print(JSON.stringify(u.enumerate_probes(), (_, value) => (typeof value === "bigint" ? value.toString(16) : value)));`);
    const { stdout, stderr } = await runCli(["run", script]);
    expect(stderr).toBe("");
    const semaphore = runTool("nm", program)
      .split("\n")
      .find((line) => line.endsWith(" demo_work_semaphore"))!
      .split(" ")[0]!
      .replace(/^0+/, "");
    const notes = [...runTool("readelf", "-n", program).matchAll(/Name: (\w+)\n\s+Location: 0x0*([0-9a-f]+)/g)].map(
      ([, name, address]) => [name, address],
    );
    const probes = JSON.parse(stdout) as {
      provider: string;
      name: string;
      locations: { address: string; arguments: string[] }[];
    }[];
    expect(probes.sort((a, b) => (`${a.name} ${a.provider}` < `${b.name} ${b.provider}` ? -1 : 1))).toMatchObject([
      { provider: "demo", name: "shared", num_arguments: 0 },
      { provider: "other", name: "shared", num_arguments: 0 },
      { provider: "demo", name: "threads", num_arguments: 6 },
      { provider: "demo", name: "tick", bin_path: program, semaphore: "0", num_locations: 2, num_arguments: 1 },
      { provider: "demo", name: "variables", num_arguments: 5 },
      { provider: "demo", name: "work", bin_path: program, semaphore, num_locations: 1, num_arguments: 8 },
    ]);
    expect(probes.flatMap(({ name, locations }) => locations.map(({ address }) => [name, address])).sort()).toEqual(
      notes.sort(),
    );
    expect(probes.find(({ name }) => name === "work")?.locations[0]?.arguments).toEqual([
      "-4@%edi",
      "-4@$-7",
      "8@16(%rdx)",
      "-4@(%rsi,%rcx,4)",
      "4@4(%rsi,%rcx,4)",
      "-1@%r8b",
      "8@%rax",
      "8f@%xmm0",
    ]);
  });

  it.for([
    ["path", `{ path: ${path} }`],
    ["process", "{ pid: PID }"],
    ["path in a process's view", `{ path: ${path}, pid: PID }`],
  ] as const)("found by %s, are switched on, read and switched off again", async ([_, options], context) => {
    // A place tells itself apart by its cookie, or else by the address in the one process that is traced.
    if (!options.includes("PID")) needFeature(context, port, "bpf_cookie");
    const probed = await startProgram(program);
    const script = write(`const u = new USDT(${options.replace("PID", String(probed.pid))});
u.enable_probe({ probe: "work", fn_name: "on_work" }).enable_probe({ probe: "demo:tick", fn_name: "on_tick" });${readAll}`);
    // The program works only while its semaphore is up, and says so.
    expect(await probed.turn()).toEqual(["0"]);
    const run = startCli(["run", script]);
    await run.waitFor("attached");
    expect(await probed.turn(5)).toEqual(["1", "1", "1", "1", "1"]);
    await run.waitFor(rowOf(6));
    run.child.kill("SIGINT");
    const { stdout, stderr, status } = await run.ended;
    expect({ stderr, status }).toEqual({ stderr: floating, status: 0 });
    expect(stdout.split("\n").filter((line) => line.startsWith("work"))).toEqual([2, 3, 4, 5, 6].map(rowOf));
    // Two places, one name, arguments in different registers.
    const ticks = stdout
      .split("\n")
      .filter((line) => line.startsWith("tick"))
      .sort();
    expect(ticks).toEqual([2, 3, 4, 5, 6].flatMap((turn) => [`tick ${turn} 1`, `tick ${turn + 100} 1`]).sort());
    expect(await probed.turn()).toEqual(["0"]);
    await probed.end();
  });

  it("of a fixed-address program, and of one that is started later, are read too", async () => {
    const fixed = join(folder, "fixed");
    buildProgram("usdt.c", fixed, "-no-pie", "-fno-pie");
    const script = write(`const u = new USDT({ path: ${JSON.stringify(fixed)} });
u.enable_probe({ probe: "work", fn_name: "on_work" });${readAll}`);
    const { stdout, stderr } = await runCli(["run", "-c", `yes | head -n 3 | ${fixed} > /dev/null`, script]);
    expect(stderr).toBe(floating);
    expect(stdout.split("\n").filter((line) => line.startsWith("work"))).toEqual([1, 2, 3].map(rowOf));
  });

  it.for<[string, readonly string[]]>([
    ["position-independent", []],
    ["fixed-address", ["-no-pie", "-fno-pie"]],
  ])("read variables and the second byte of a register, in a %s program", async ([kind, flags], context) => {
    if (flags.length === 0) needFeature(context, port, "bpf_cookie");
    const binary = join(folder, `variables-${kind}`);
    buildProgram("usdt.c", binary, ...flags);
    const script = write(`const u = new USDT({ path: ${JSON.stringify(binary)} });
u.enable_probe({ probe: "variables", fn_name: "on_variables" });
const b = new BPF({ usdt_contexts: [u], text: \`
struct event { s64 own; s64 third; s64 fourth; u64 byte; int failed; };
BPF_PERF_OUTPUT(events);
int on_variables(struct pt_regs *ctx) {
  struct event e = {};
  s64 unused = 0;
  if (bpf_usdt_readarg(1, ctx, &e.own) || bpf_usdt_readarg(2, ctx, &e.third) || bpf_usdt_readarg(3, ctx, &e.fourth) || bpf_usdt_readarg(4, ctx, &e.byte)) return 0;
  e.failed = bpf_usdt_readarg(5, ctx, &unused);
  events.perf_submit(ctx, &e, sizeof(e));
  return 0;
}
\` });
b.get_table("events").open_perf_buffer((e) => print(e.own, e.third, e.fourth, e.byte, e.failed));
try { for (;;) b.perf_buffer_poll(); } catch (e) { if (!(e instanceof Interrupt)) throw e; }`);
    const { stdout, stderr } = await runCli(["run", "-c", `yes | head -n 3 | ${binary} > /dev/null`, script]);
    expect(stderr).toBe(
      `warning: Cannot read argument 5 of the USDT probe "demo:variables", "4@no_such_variable(%rip)": it is a variable that the binary does not name. bpf_usdt_readarg(5, …) answers -1\n`,
    );
    expect(stdout).toBe("501 30 40 1 -1\n502 30 40 2 -1\n503 30 40 3 -1\n");
  });

  it.for<[string, readonly string[], string]>([
    ["position-independent", [], "0 0"],
    ["fixed-address", ["-no-pie", "-fno-pie"], "elements"],
  ])(
    "read what each thread has of its own, and elements of tables, in a %s program",
    async ([kind, flags, tables], context) => {
      if (flags.length === 0) needFeature(context, port, "bpf_cookie");
      const binary = join(folder, `threads-${kind}`);
      buildProgram("usdt.c", binary, ...flags);
      const script = write(`const u = new USDT({ path: ${JSON.stringify(binary)} });
u.enable_probe({ probe: "threads", fn_name: "on_threads" });
const b = new BPF({ usdt_contexts: [u], text: \`
struct event { int number; s64 third; s64 indexed; int again; int first; int second; int failed; };
BPF_PERF_OUTPUT(events);
int on_threads(struct pt_regs *ctx) {
  struct event e = {};
  e.failed |= bpf_usdt_readarg(1, ctx, &e.number);
  e.failed |= bpf_usdt_readarg(2, ctx, &e.third);
  e.failed |= bpf_usdt_readarg(3, ctx, &e.indexed);
  e.failed |= bpf_usdt_readarg(4, ctx, &e.again);
  e.failed |= bpf_usdt_readarg(5, ctx, &e.first);
  e.failed |= bpf_usdt_readarg(6, ctx, &e.second);
  events.perf_submit(ctx, &e, sizeof(e));
  return 0;
}
\` });
b.get_table("events").open_perf_buffer((e) => print(e.number, e.third, e.indexed, e.again, e.first, e.second, e.failed), { by_time: true });
try { for (;;) b.perf_buffer_poll(); } catch (e) { if (!(e instanceof Interrupt)) throw e; }`);
      const { stdout, stderr } = await runCli(["run", "-c", `yes | head -n 3 | ${binary} > /dev/null`, script]);
      expect(stderr).toBe("");
      const own = [100, 200, 300, 400];
      const rowOfThread = (number: number, calls: number, turn: number): string => {
        const table = own.with(2, 300 + calls);
        return `${number} ${table[2]} ${table[turn % 4]} ${number} ${tables === "0 0" ? tables : `${-1 - (turn % 4)} ${-2 - (turn % 4)}`} 0\n`;
      };
      // The main thread keeps what it has; each other one begins anew.
      const rows = [1, 2, 3].flatMap((turn) => [
        rowOfThread(7 + [0, 1, 3, 6][turn]!, turn, turn),
        rowOfThread(7 + turn, 1, turn),
      ]);
      expect(stdout.split("\n").sort()).toEqual(rows.join("").split("\n").sort());
    },
  );

  it("of one process leave others alone, unless the pid is ignored", async () => {
    const [named, other] = [await startProgram(program), await startProgram(program)];
    const counts: string[] = [];
    for (const option of ["", ", attach_usdt_ignore_pid: true"]) {
      const script = write(`const u = new USDT({ pid: ${named.pid} });
u.enable_probe({ probe: "tick", fn_name: "on_tick" });
const b = new BPF({ usdt_contexts: [u]${option}, text: "BPF_HASH(hits, u32, u64); int on_tick(void *ctx) { u32 pid = bpf_get_current_pid_tgid() >> 32; hits.increment(pid); return 0; }" });
print("attached");
try { sleep(20); } catch (e) { if (!(e instanceof Interrupt)) throw e; }
print([...b.get_table("hits").entries()].map(([pid, count]) => pid + ":" + count).sort().join(" "));`);
      const run = startCli(["run", script]);
      await run.waitFor("attached");
      await named.turn(2);
      await other.turn(3);
      run.child.kill("SIGINT");
      counts.push((await run.ended).stdout.split("\n")[1]!);
    }
    expect(counts).toEqual([`${named.pid}:4`, [`${named.pid}:4`, `${other.pid}:6`].sort().join(" ")]);
    await named.end();
    await other.end();
  });

  it("are read with libbpf's own words, by several functions that are attached one after the other", async (context) => {
    needFeature(context, port, "bpf_cookie");
    const script = write(`const u = new USDT({ path: ${path} });
u.enable_probe({ probe: "tick", fn_name: "on_tick" }).enable_probe({ probe: "demo:shared", fn_name: "on_shared" });
const b = new BPF({ usdt_contexts: [u], text: \`
BPF_HASH(ticks, int, u64);
BPF_HASH(shared, int, u64);
int BPF_USDT(on_tick, int turn) { ticks.increment(turn); return 0; }
int on_shared(struct pt_regs *ctx) { long unused; int failed = bpf_usdt_arg(ctx, 0, &unused) != 0; shared.increment(failed); return 0; }
\` });
print("attached");
try { sleep(20); } catch (e) { if (!(e instanceof Interrupt)) throw e; }
for (const name of ["ticks", "shared"] as const) print(name, [...b.get_table(name).entries()].map(([key, count]) => key + ":" + count).sort().join(" "));`);
    const { stdout, stderr } = await runCli(["run", "-c", `yes | head -n 2 | ${program} > /dev/null`, script]);
    expect(stderr).toBe("");
    expect(stdout).toBe("attached\nticks 101:1 102:1 1:1 2:1\nshared 1:2\n");
  });
});

describe("what cannot be enabled", () => {
  it.each([
    [
      "a probe that is not there",
      `new USDT({ path: ${path} }).enable_probe({ probe: "wrok", fn_name: "f" })`,
      /has no such probe/,
      /did you mean "work"\?/,
    ],
    [
      "a provider that is not there",
      `new USDT({ path: ${path} }).enable_probe({ probe: "demmo:tick", fn_name: "f" })`,
      /"demmo:tick"/,
      /did you mean "demo:tick"\?/,
    ],
    [
      "a name that several providers have",
      `new USDT({ path: ${path} }).enable_probe({ probe: "shared", fn_name: "f" })`,
      /several of that name/,
      /"demo:shared", "other:shared"/,
    ],
    [
      "a binary without probes",
      `new USDT({ path: "/bin/true" }).enable_probe({ probe: "x", fn_name: "f" })`,
      /has no such probe/,
      /no USDT probes at all/,
    ],
    [
      "a binary that is not there",
      `new USDT({ path: "/nowhere" }).enumerate_probes()`,
      /there is no file "\/nowhere"/,
      undefined,
    ],
    [
      "a process that is not there",
      `new USDT({ pid: 4194305 }).enumerate_probes()`,
      /there is no process 4194305/,
      undefined,
    ],
    ["nothing", "new USDT({})", /give pid, path, or both/, undefined],
    [
      "a function that is not in the text",
      `new BPF({ text: "int g(void *ctx) { return 0; }", usdt_contexts: [new USDT({ path: ${path} }).enable_probe({ probe: "tick", fn_name: "f" })] })`,
      /no such function/,
      /./,
    ],
  ])("says so: %s", async (_, call, message, hint) => {
    const script = write(
      `try { ${call}; print("enabled"); } catch (e) { print(JSON.stringify({ message: (e as Error).message, hint: (e as { hint?: string }).hint })); }`,
    );
    const { stdout, stderr } = await runCli(["run", script]);
    expect(stderr).toBe("");
    const error = JSON.parse(stdout) as { message: string; hint?: string };
    expect(error.message).toMatch(message);
    if (hint !== undefined) expect(error.hint).toMatch(hint);
  });

  it("ends the script by enable_probe_or_bail, with the reason", async () => {
    const result = await runCli([
      "run",
      write(`new USDT({ path: ${path} }).enable_probe_or_bail({ probe: "wrok", fn_name: "f" });\nprint("goes on");`),
    ]);
    expect(result).toMatchObject({ status: 1, stdout: "" });
    expect(result.stderr).toMatch(/^Cannot enable the USDT probe "wrok": .*\nhint: did you mean "work"\?\n$/);
  });
});
