import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { buildProgram, findInstruction, runTool } from "../support/own-program.ts";
import { makeFolder, runCli, writeScript } from "../support/run-cli.ts";

const folder = makeFolder();
const file = (name: string): string => join(folder, name);

beforeAll(() => {
  buildProgram("places.c", file("places"), "-fPIE", "-pie", "-Wl,--build-id");
  buildProgram("names.cc", file("names"), "-Wl,--build-id=md5");
  buildProgram("places.c", file("without"), "-Wl,--build-id=none");
});

/** Traces a function of a program that runs three turns and ends, and names its stacks by the text that is given, when it has ended. */
function writeTracer(program: string, symbol: string, index: number, names: string): string {
  return writeScript(
    folder,
    "tracer.ts",
    `import { BPF, Interrupt, print, sleep } from "bpfts";
const b = new BPF({ text: \`
BPF_STACK_TRACE_BUILDID(stacks, 128);
struct key { u32 pid; int id; };
BPF_HASH(ids, struct key, u64);
int on_call(struct pt_regs *ctx) {
  struct key key = { .pid = bpf_get_current_pid_tgid() >> 32, .id = stacks.get_stackid(ctx, BPF_F_USER_STACK) };
  ids.increment(key);
  return 0;
}
\` });
b.attach_uprobe({ name: ${JSON.stringify(file(program))}, sym: "${symbol}", sym_off: ${findInstruction(file(program), symbol, index)}, fn_name: "on_call" });
try { sleep(30); } catch (e) { if (!(e instanceof Interrupt)) throw e; }
${names}
for (const [key, count] of b.get_table("ids")) {
  const frames = b.get_table("stacks").walk(key.id);
  print(count, frames.slice(0, 5).map((frame) => BPF.sym(frame, key.pid, { show_module: true })).join(" < "));
  print(frames.slice(0, 2).map((frame) => (typeof frame === "bigint" ? "address" : frame.build_id + "+" + frame.offset.toString(16))).join(" "));
}
`,
  );
}

const runTurns = (program: string): string => `(sleep 0.3; echo; echo; echo; sleep 0.3) | ${file(program)} > /dev/null`;

describe("stacks by build id", () => {
  it("are named when their process, which nobody looked at, is gone", async () => {
    const script = writeTracer("places", "add_up", 2, `BPF.add_module(${JSON.stringify(file("places"))});`);
    const { stdout, stderr } = await runCli(["run", "-c", runTurns("places"), script]);
    expect(stderr).toBe("");
    const [names, frames] = stdout.split("\n");
    expect(names).toBe("3 add_up [places] < inner [places] < middle [places] < outer [places] < main [places]");
    const id = /Build ID: ([0-9a-f]+)/.exec(runTool("readelf", "-n", file("places")))![1]!;
    const [first, second] = frames!.split(" ").map((frame) => frame.split("+"));
    expect([first![0], second![0]]).toEqual([id, id]);
    // A program that is linked in the usual way has its code at the address of its offset.
    const start = parseInt(
      runTool("nm", file("places"))
        .split("\n")
        .find((line) => line.endsWith(" add_up"))!,
      16,
    );
    expect(parseInt(first![1]!, 16)).toBe(start + findInstruction(file("places"), "add_up", 2));
  });

  it("are unknown in a binary that nobody has seen, until it is added", async () => {
    const id = /Build ID: ([0-9a-f]+)/.exec(runTool("readelf", "-n", file("places")))![1]!;
    const start = parseInt(
      runTool("nm", file("places"))
        .split("\n")
        .find((line) => line.endsWith(" add_up"))!,
      16,
    );
    const frame = `{ build_id: "${id}", offset: ${start + 1}n }`;
    const ask = `print(BPF.sym(${frame}, 0, { show_offset: true, show_module: true }), BPF.sym({ build_id: "${id.replace(/^../, (byte) => (byte === "00" ? "01" : "00"))}", offset: 1n }, 4194305));`;
    const script = writeScript(
      folder,
      "ask.ts",
      `import { BPF, print } from "bpfts";\n${ask}\nBPF.add_module(${JSON.stringify(file("places"))});\n${ask}\n`,
    );
    const { stdout, stderr } = await runCli(["run", script]);
    expect(stderr).toBe("");
    expect(stdout).toBe("[unknown] [unknown]\nadd_up+0x1 [places] [unknown]\n");
  });

  it("have C++ names, and ids shorter than the kernel's room for them", async () => {
    const mangled = "_ZN4shop6Basket3AddEiPKc";
    const script = writeTracer("names", mangled, 2, `BPF.add_module(${JSON.stringify(file("names"))});`);
    const { stdout, stderr } = await runCli(["run", "-c", runTurns("names"), script]);
    expect(stderr).toBe("");
    const [names, frames] = stdout.split("\n");
    expect(names).toMatch(/^\d+ shop::Basket::Add\(int, char const\*\) \[names\] < /);
    expect(/^([0-9a-f]+)\+/.exec(frames!)![1]).toMatch(/^[0-9a-f]{32}$/);
  });

  it("are addresses where a binary has no id", async () => {
    const { stdout } = await runCli(["run", "-c", runTurns("without"), writeTracer("without", "add_up", 2, "")]);
    expect(stdout.split("\n")[1]).toMatch(/^address /);
  });

  it("say what is wrong with a module that is added", async () => {
    const script = writeScript(folder, "add.ts", `import { BPF } from "bpfts";\nBPF.add_module("/nowhere");\n`);
    const { stderr, status } = await runCli(["run", script]);
    expect(status).toBe(1);
    expect(stderr).toContain('Cannot add a module: there is no file "/nowhere"');
  });
});
