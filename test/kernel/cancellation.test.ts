import { execFile } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { cli, makeFolder, root, runCli, writeScript } from "../support/run-cli.ts";

const folder = makeFolder();
const target = join(folder, "made-by-the-test");

const head = `import { BPF, MapError, print, sleep, sleep_async, terminal } from "bpfts";
void MapError; void sleep; void sleep_async; void terminal;
const b = new BPF({ text: \`
struct made_t { char name[100]; };
BPF_RINGBUF_OUTPUT(ring, 8);
BPF_PERF_OUTPUT(perf);
TRACEPOINT_PROBE(syscalls, sys_enter_mkdir) {
    struct made_t made = {};
    bpf_probe_read_user_str(made.name, sizeof(made.name), args->pathname);
    ring.ringbuf_output(&made, sizeof(made), 0);
    perf.perf_submit(args, &made, sizeof(made));
    return 0;
}\` });
const isOurs = (made: { name: string }): boolean => made.name === ${JSON.stringify(target)};
`;

/** Runs a script beside a command that makes the folder and then rests: what ends the script is the script. */
async function run(name: string, text: string): ReturnType<typeof runCli> {
  rmSync(target, { recursive: true, force: true });
  return runCli(["run", "-c", `sh -c 'mkdir ${target}; exec sleep 60'`, writeScript(folder, name, head + text)]);
}

describe.each(["ring", "perf"])("a loop over events of a %s buffer", (buffer) => {
  it("ends quietly when its time is over, with all that came before, as does a for await", async () => {
    const { stdout, stderr } = await run(
      `time-${buffer}.ts`,
      `let count = 0;
const begun = performance.now();
for (const made of b.events("${buffer}", { timeout_ms: 700 })) if (isOurs(made)) count++;
print(count, performance.now() - begun >= 690);
for await (const made of b.events("${buffer}", { timeout_ms: 100 })) void made;
print("second");
for await (const made of b.events("${buffer}", { timeout_ms: 0 })) void made;
print("end");
`,
    );
    expect(stderr).toBe("");
    expect(stdout).toBe("1 true\nsecond\nend\n");
  });

  it("throws the reason of a signal that is aborted, while it waits and within", async () => {
    const { stdout, stderr } = await run(
      `signal-${buffer}.ts`,
      `const shown = (error: unknown): void => print((error as Error).name ?? error);
try { for (const made of b.events("${buffer}", { signal: AbortSignal.timeout(300) })) void made; } catch (error) { shown(error); }
const controller = new AbortController();
setTimeout(() => controller.abort("enough"), 100);
try { for await (const made of b.events("${buffer}", { signal: controller.signal })) void made; } catch (error) { print(error); }
try { for await (const made of b.events("${buffer}", { signal: controller.signal })) void made; } catch (error) { print("again", error); }
for (const made of b.events("${buffer}", { timeout_ms: 20 })) void made;
print("open again");
`,
    );
    expect(stderr).toBe("");
    expect(stdout).toBe("TimeoutError\nenough\nagain enough\nopen again\n");
  });
});

describe("polls", () => {
  it("answer whether an event came", async () => {
    const { stdout, stderr } = await run(
      "polls.ts",
      `let ours = 0;
b.tables.ring.open_ring_buffer((made) => { if (isOurs(made)) ours++; });
b.tables.perf.open_perf_buffer((made) => { if (isOurs(made)) ours++; });
let came = false;
for (let turn = 0; turn < 50 && ours < 1; turn++) came = b.ring_buffer_poll(100);
print(came, ours >= 1);
for (let turn = 0; turn < 50 && ours < 2; turn++) came = b.perf_buffer_poll(100);
print(ours);
b.close();
using quiet = new BPF({ text: "BPF_RINGBUF_OUTPUT(none, 8); BPF_PERF_OUTPUT(nothing);" });
quiet.get_table("none").open_ring_buffer(() => undefined);
quiet.get_table("nothing").open_perf_buffer(() => undefined);
print(quiet.ring_buffer_poll(20), quiet.ring_buffer_consume(), quiet.perf_buffer_poll(20), quiet.perf_buffer_consume());
`,
    );
    expect(stderr).toBe("");
    expect(stdout).toBe("true true\n2\nfalse false false false\n");
  });
});

describe("sleep_async", () => {
  it("lets the script go on, ends with the signal's reason or in its time, and with Ctrl-C", async () => {
    const script = writeScript(
      folder,
      "sleeps.ts",
      `import { Interrupt, print, sleep_async } from "bpfts";
const order: string[] = [];
await Promise.all([sleep_async(0.05).then(() => order.push("later")), sleep_async(0.01).then(() => order.push("sooner"))]);
print(order.join());
try { await sleep_async(60, { signal: AbortSignal.timeout(20) }); } catch (error) { print((error as Error).name); }
try { await sleep_async(60, { signal: AbortSignal.abort("before") }); } catch (error) { print(error); }
try { await sleep_async(Number.NaN); } catch (error) { print((error as Error).name); }
print("resting");
try { await sleep_async(60); } catch (error) { print(error instanceof Interrupt); }
`,
    );
    const { stdout } = await promisify(execFile)("sh", [
      "-c",
      `"${process.execPath}" "${cli}" run "${script}" & pid=$!; sleep 3; kill -INT $pid; wait $pid`,
    ]);
    expect(stdout).toBe("sooner,later\nTimeoutError\nbefore\nArgumentError\nresting\ntrue\n");
  });
});

describe("terminal", () => {
  const script = writeScript(
    folder,
    "terminal.ts",
    `import { print, terminal } from "bpfts";\nconst { is_tty, columns, rows, no_color, colors } = terminal();\nprint(is_tty, columns, rows, no_color, colors);\n`,
  );

  it.each([
    [{}, "false 80 24 false false"],
    [{ COLUMNS: "132", LINES: "50" }, "false 132 50 false false"],
    [{ NO_COLOR: "1", FORCE_COLOR: "1" }, "false 80 24 true false"],
    [{ FORCE_COLOR: "1", COLUMNS: "wide" }, "false 80 24 false true"],
    [{ NO_COLOR: "" }, "false 80 24 false false"],
  ])("of a pipe, with %j", async (env, shown) => {
    const none = { COLUMNS: "", LINES: "", NO_COLOR: "", FORCE_COLOR: "" };
    expect(await runCli(["run", script], { env: { ...none, ...env } })).toMatchObject({
      status: 0,
      stdout: `${shown}\n`,
    });
  });

  it("is one under a terminal, with its size", async () => {
    const { stdout } = await promisify(execFile)(
      "script",
      ["-qec", `stty cols 97 rows 31; "${process.execPath}" "${cli}" run "${script}"`, "/dev/null"],
      { cwd: root, env: { PATH: process.env["PATH"], HOME: process.env["HOME"], TERM: "xterm" } },
    );
    expect(stdout.trim()).toBe("true 97 31 false true");
  });
});
