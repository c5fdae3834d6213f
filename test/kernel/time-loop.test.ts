import { describe, expect, it } from "vitest";
import { readJson } from "../support/json-script.ts";
import { makeFolder, runCli, startCli, writeScript } from "../support/run-cli.ts";
import type { CliResult } from "../support/run-cli.ts";

const folder = makeFolder();
/** What passes for a moment: an emulated machine is many times as slow. Units: milliseconds. */
const moment = process.env["BPFTS_REQUIRE"] === undefined ? 1 : 20;

/** A program whose buffers and trace pipe stay empty unless somebody makes a directory of that name. */
const head = `import { BPF, Interrupt, monotonic_ns, on_exit, print, sleep, strftime } from "bpfts";
const json = (value: unknown) => print(JSON.stringify(value, (_, item) => (typeof item === "bigint" ? String(item) : item)));
const b = new BPF({ text: \`
struct event_t { u64 ts; };
BPF_PERF_OUTPUT(events);
BPF_RINGBUF_OUTPUT(ring, 1);
TRACEPOINT_PROBE(syscalls, sys_enter_mkdir) {
    char name[16] = {};
    bpf_probe_read_user_str(name, sizeof(name), args->pathname);
    if (name[0] != 'l' || name[1] != 'o' || name[2] != 'o' || name[3] != 'p' || name[4] != '@') return 0;
    struct event_t event = { .ts = bpf_ktime_get_ns() };
    events.perf_submit(args, &event, sizeof(event));
    ring.ringbuf_output(&event, sizeof(event), 0);
    bpf_trace_printk("made\\\\n");
    return 0;
}
\` });
void [Interrupt, monotonic_ns, on_exit, sleep, strftime, json];
const open = { perf: () => b.get_table("events").open_perf_buffer(() => undefined), ring: () => b.get_table("ring").open_ring_buffer(() => undefined) };
void open;
`;

let last = 0;
const write = (lines: string): string => writeScript(folder, `loop-${++last}.ts`, head + lines);
const run = (lines: string, ...options: readonly string[]): Promise<CliResult> =>
  runCli(["run", ...options, write(lines)]);

/** Calls that block, with what has to be open for them. */
const waits: readonly (readonly [name: string, before: string, call: string])[] = [
  ["sleep", "", "sleep(100)"],
  ["perf_buffer_poll", "open.perf();", "b.perf_buffer_poll()"],
  ["ring_buffer_poll", "open.ring();", "b.ring_buffer_poll()"],
  ["a perf iterator", "", `for (const _ of b.events("events"));`],
  ["a ring iterator", "", `for (const _ of b.events("ring"));`],
  ["an async iterator", "", `for await (const _ of b.events("events"));`],
  ["trace_fields", "", "for (const _ of b.trace_fields());"],
  ["trace_readline", "", "b.trace_readline()"],
];

describe.each(waits)("%s", (_, before, call) => {
  it("lets timers and promises run, and gives Ctrl-C to the script, which goes on", async () => {
    const running = startCli([
      "run",
      write(`${before}
const seen: string[] = [];
on_exit(() => json({ end: seen }));
const every = setInterval(() => { if (seen.filter((one) => one === "every").length < 3) seen.push("every"); }, ${10 * moment});
setTimeout(() => seen.push("later"), ${60 * moment});
setTimeout(async () => { await null; seen.push("promise"); await new Promise<void>((done) => setTimeout(done, 5)); seen.push("awaited"); print("ready"); }, ${80 * moment});
const never = setTimeout(() => seen.push("never"), ${20 * moment});
clearTimeout(never);
try { ${call}; } catch (error) { seen.push(error instanceof Interrupt ? error.reason : String(error)); }
clearInterval(every);
const start = Date.now();
sleep(0.05);
seen.push(Date.now() - start >= 50 ? "slept" : "woke early");`),
    ]);
    await running.waitFor("ready");
    running.child.kill("SIGINT");
    const [{ end }] = readJson(await running.ended) as [{ end: string[] }];
    expect(end.filter((one) => one !== "every")).toEqual(["later", "promise", "awaited", "signal", "slept"]);
    // How many beats came before the rest is a matter of how busy the machine is.
    expect(end[0]).toBe("every");
  });

  it("is interrupted by the end of the command, once", async () => {
    const result = await run(
      `${before}
const seen: string[] = [];
try { ${call}; } catch (error) { seen.push(error instanceof Interrupt ? error.reason : String(error)); }
const start = Date.now();
sleep(0.05);
json([...seen, Date.now() - start >= 50]);`,
      "-c",
      "sleep 0.2",
    );
    expect(readJson(result)).toEqual([["command", true]]);
  });

  it("ends the script quietly at a signal that it does not catch, after its end handlers", async () => {
    const running = startCli([
      "run",
      write(
        `${before} on_exit(() => print("bye")); setTimeout(() => print("ready"), 20); ${call}; print("not reached");`,
      ),
    ]);
    await running.waitFor("ready");
    running.child.kill("SIGTERM");
    expect(await running.ended).toMatchObject({ status: 0, stdout: "ready\nbye\n", stderr: "" });
  });
});

describe("a loop in a promise", () => {
  it.each(waits.filter(([name]) => /^(?:sleep|ring_buffer_poll|trace_)/.test(name)))(
    "goes on while %s blocks, and ends with it at the end of the command",
    async (_, before, call) => {
      const rows = readJson(
        await run(
          `${before}
let taken = 0, early = 0, over = false;
async function watch() { try { for await (const _ of b.events("events")) { taken++; if (!over) early++; } } catch (error) { json({ watch: (error as Interrupt).reason, taken }); } }
watch();
try { for (;;) ${call}; } catch (error) { if (!(error instanceof Interrupt)) throw error; }
over = true;
json({ early: early > 0, taken });`,
          "-c",
          `cd /proc; for i in 1 2 3; do mkdir loop@$i 2>/dev/null; sleep ${0.3 * moment}; done`,
        ),
      );
      expect(rows).toHaveLength(2);
      expect(rows).toEqual(
        expect.arrayContaining([
          { early: true, taken: expect.any(Number) as number },
          { watch: "command", taken: 3 },
        ]),
      );
    },
  );
});

describe("a loop that is left", () => {
  it.each(["for", "for await"])("(%s) leaves to the next one what had come", async (loop) => {
    const result = await run(
      `
const counts: number[] = [];
sleep(${0.4 * moment});
for (const most of [1, 2, 9]) {
  counts.push(0);
  try { ${loop} (const _ of b.events("ring")) if (++counts[counts.length - 1]! === most) break; } catch (error) { if (!(error instanceof Interrupt)) throw error; }
}
json(counts);`,
      "-c",
      `cd /proc; mkdir loop@1 loop@2 loop@3 loop@4 loop@5 2>/dev/null; sleep ${0.8 * moment}`,
    );
    expect(readJson(result)).toEqual([[1, 2, 2]]);
  });
});

describe("time", () => {
  it("passes for the script as for the kernel", async () => {
    const result = await run(`
open.ring();
const before = { date: Date.now(), ns: monotonic_ns() };
sleep(0.25);
const after = { date: Date.now(), ns: monotonic_ns() };
const polled = Date.now();
b.ring_buffer_poll(120);
const end = Date.now();
b.ring_buffer_consume();
json([Number((after.ns - before.ns) / 1000000n), after.date - before.date, end - polled, Date.now() - end]);`);
    const [ns, date, poll, consume] = readJson(result)[0] as [number, number, number, number];
    for (const took of [ns, date]) expect(took).toBeGreaterThanOrEqual(249);
    expect(Math.abs(ns - date)).toBeLessThan(50 * moment);
    expect(poll).toBeGreaterThanOrEqual(120);
    expect(consume).toBeLessThan(poll * moment);
  });

  it("of the kernel is that of monotonic_ns()", async () => {
    const result = await run(
      `
let ts = 0n;
b.get_table("ring").open_ring_buffer((event) => { ts = event.ts; });
const before = monotonic_ns();
try { for (;;) b.ring_buffer_poll(); } catch (error) { if (!(error instanceof Interrupt)) throw error; }
json([ts > before, ts < monotonic_ns()]);`,
      "-c",
      "cd /proc; mkdir loop@nothing 2>/dev/null || true",
    );
    expect(readJson(result)).toEqual([[true, true]]);
  });

  it("of day is the machine's, in the zone of TZ", async () => {
    const path = write(`json([Date.now(), strftime("%Y-%m-%d %H:%M"), new Date().getTimezoneOffset()]);`);
    const zoned = await runCli(["run", path], { env: { TZ: "Asia/Kolkata" } });
    const [now, text, offset] = readJson(zoned)[0] as [number, string, number];
    expect(Math.abs(now - Date.now())).toBeLessThan(60_000);
    expect(offset).toBe(-330);
    expect(text).toBe(new Date(now + 330 * 60_000).toISOString().slice(0, 16).replace("T", " "));
  });

  it("goes on after the last line while timers or promises are left, and no longer", async () => {
    const result = await run(`
const seen: string[] = [];
on_exit(() => json(seen));
let left = 3;
const every = setInterval(() => { seen.push(\`tick \${left}\`); if (--left === 0) clearInterval(every); }, ${80 * moment});
setTimeout((word: string) => seen.push(word), ${400 * moment}, "last");
await new Promise<void>((done) => setTimeout(done, ${10 * moment}));
seen.push("after await");`);
    expect(readJson(result)).toEqual([["after await", "tick 3", "tick 2", "tick 1", "last"]]);
    expect(result.stderr).toBe("");
  });

  it("of a poll ends while nothing comes, and a negative or missing time does not", async () => {
    const result = await run(
      `
open.perf(); open.ring();
const measure = (run: () => unknown) => { const start = Date.now(); run(); return Date.now() - start; };
json([measure(() => b.perf_buffer_poll(100)) >= 100, measure(() => b.ring_buffer_poll(100)) >= 100, measure(() => b.perf_buffer_poll(0)) < ${100 * moment}, measure(() => b.perf_buffer_consume()) < ${100 * moment}, b.trace_readline({ nonblocking: true }) ?? null]);
setTimeout(() => print("still waiting"), 150);
try { b.perf_buffer_poll(-1); } catch (error) { json((error as Interrupt).reason); }`,
      "-c",
      `sleep ${0.6 * moment}`,
    );
    expect(result.stdout).toContain("still waiting");
    expect(readJson(result)).toEqual([[true, true, true, true, null], "command"]);
  });
});
