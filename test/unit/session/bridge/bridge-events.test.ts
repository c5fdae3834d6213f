import { describe, expect, it } from "vitest";
import type { Layout } from "../../../../sdk/wire/layout.ts";
import { answerBatches } from "../../../support/fake-kernel.ts";
import type { KernelScript } from "../../../support/fake-kernel.ts";
import { makeProgram, makeSignals, runScriptText } from "../../../support/guest-run.ts";
import type { GuestResult } from "../../../support/guest-run.ts";

const u32: Layout = { kind: "int", name: "u32", size: 4, signed: false };
const event: Layout = {
  kind: "struct",
  name: "event_t",
  size: 8,
  members: [
    { name: "pid", offset: 0, layout: u32 },
    { name: "n", offset: 4, layout: u32 },
  ],
};
const maps = [
  { name: "events", type: 4, maxEntries: 2, flags: 0 },
  { name: "ring", type: 27, maxEntries: 4096, flags: 0 },
];

/** A batch of records of `event`, all of one CPU. */
function makeBatch(cpu: number, ...pids: readonly number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(pids.length * 16));
  pids.forEach((pid, index) => {
    view.setUint32(index * 16, 8, true);
    view.setUint32(index * 16 + 4, cpu, true);
    view.setUint32(index * 16 + 8, pid, true);
    view.setUint32(index * 16 + 12, index, true);
  });
  return new Uint8Array(view.buffer);
}

/** Runs lines with a program that has a perf buffer and a ring buffer; `batches` come out of both in turn, then a signal. */
async function runWithRings(
  batches: Uint8Array[],
  lines: string,
  kernel: KernelScript = {},
  listFailedOutputs = (): number[] => [],
): Promise<GuestResult> {
  const signals = makeSignals();
  return runScriptText(
    `import { BPF, Interrupt, print, sleep } from "bpfts"; void [Interrupt, sleep]; const b = new BPF<string>({ text: "x" }); ${lines}`,
    {
      build: () =>
        makeProgram(
          { maps, structs: { event_t: event } },
          { eventStructs: { events: "event_t", ring: "event_t" }, listFailedOutputs },
        ),
      kernel: {
        ...signals.script,
        perfBufferOpen: () => 11,
        ringBufferOpen: () => 12,
        ringRead: answerBatches(batches),
        ringClose: () => 0,
        wait: () => (signals.raise(), 0),
        ...kernel,
      },
    },
  );
}

const loop = `try { for (;;) b.perf_buffer_poll(); } catch (error) { if (!(error instanceof Interrupt)) throw error; }`;

describe("a perf buffer", () => {
  it("hands events in their order to the callback, with CPU and size", async () => {
    const { stdout, error, kernel } = await runWithRings(
      [makeBatch(0, 1, 2), makeBatch(1, 3)],
      `
      b.table<never, { pid: number; n: number }>("events").open_perf_buffer((e, cpu, size) => print(e.pid, e.n, cpu, size), { page_cnt: 16 }); ${loop}`,
    );
    expect(error).toBeUndefined();
    expect(stdout).toBe("1 0 0 8\n2 1 0 8\n3 0 1 8\n");
    expect(kernel.argsOf("perfBufferOpen")).toEqual([[1, 16]]);
  });

  it("counts what was lost for the callback, the table and the last line", async () => {
    const batches = [makeBatch(0, 1), makeBatch(0, 2)];
    const { stdout, warnings } = await runWithRings(
      batches,
      `
      const t = b.table<never, unknown>("events");
      t.open_perf_buffer(() => {}, { lost_cb: (count) => print("lost", count) }); ${loop} print(t.lost);`,
      { ringLost: () => (batches.length === 0 ? 5 : 0) },
    );
    expect(stdout).toBe("lost 5\n5\n");
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(/^Lost 5 events of "events": /);
  });

  it("has told the script of every loss when a stream of events ends", async () => {
    const batches = [makeBatch(0, 1), makeBatch(0, 2)];
    const lines = `const t = b.table<never, unknown>("ring"); t.open_ring_buffer(() => {}); ${loop.replace("perf", "ring")} print(t.lost);`;
    const { stdout } = await runWithRings(batches, lines, {}, () => [0, batches.length === 0 ? 7 : 0]);
    expect(stdout).toBe("7\n");
  });

  it.each([
    [
      `b.get_table("events").open_perf_buffer(() => {}, { page_cnt: 3 })`,
      'Cannot open perf buffer "events" with 3 pages: page_cnt must be a power of two',
    ],
    [
      `b.get_table("ring").open_perf_buffer(() => {})`,
      'Cannot call open_perf_buffer() on "ring": it is a ring buffer (BPF_RINGBUF_OUTPUT)',
    ],
    [
      `b.get_table("events").open_perf_buffer(() => {}); b.get_table("events").open_perf_buffer(() => {})`,
      'Cannot open "events": it is open already',
    ],
  ])("says what is wrong with %s", async (line, message) => {
    expect((await runWithRings([], line)).error).toMatchObject({ message });
  });

  it("goes on behind a callback that threw, with nothing lost", async () => {
    const { stdout, error } = await runWithRings(
      [makeBatch(0, 1, 2, 3)],
      `
      b.table<never, { pid: number }>("events").open_perf_buffer((e) => { if (e.pid === 2) throw new Error("two"); print(e.pid); });
      try { b.perf_buffer_poll(); } catch (error) { print(error.message); }
      b.perf_buffer_poll();`,
    );
    expect(error).toBeUndefined();
    expect(stdout).toBe("1\ntwo\n3\n");
  });

  it("may be closed, and polled again, from within its callback", async () => {
    const { stdout, error } = await runWithRings(
      [makeBatch(0, 1, 2, 3)],
      `
      const t = b.table<never, { pid: number }>("events");
      t.open_perf_buffer((e) => { print(e.pid); if (e.pid === 1) b.perf_buffer_poll(0); if (e.pid === 2) t.close_buffer(); });
      b.perf_buffer_poll();`,
    );
    expect(error).toBeUndefined();
    expect(stdout).toBe("1\n2\n");
  });

  it("gives timers their turn while it waits", async () => {
    const { stdout } = await runWithRings(
      [],
      `
      b.table<never, unknown>("events").open_perf_buffer(() => {});
      setTimeout(() => print("timer"), 5);
      b.perf_buffer_poll(20); print("over");`,
      { wait: (timeoutMs) => (Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, timeoutMs), 0) },
    );
    expect(stdout).toBe("timer\nover\n");
  });
});

describe("a ring buffer", () => {
  it("is polled and consumed", async () => {
    const { stdout, kernel } = await runWithRings(
      [makeBatch(0, 1), makeBatch(0, 2)],
      `
      b.table<never, { pid: number }>("ring").open_ring_buffer((e) => print(e.pid)); b.ring_buffer_poll(); b.ring_buffer_consume(); b.ring_buffer_consume();`,
    );
    expect(stdout).toBe("1\n2\n");
    expect(kernel.argsOf("wait")).toEqual([]);
  });

  it("hands out batches of any size, and one event that is larger than most batches", async () => {
    const many = makeBatch(0, ...Array.from({ length: 20_000 }, (_, index) => index));
    const large = new Uint8Array(8 + 1_200_000);
    new DataView(large.buffer).setUint32(0, 1_200_000, true);
    const { stdout, error } = await runWithRings(
      [many.slice(), makeBatch(0, 3), large, makeBatch(0, 4)],
      `
      const sizes: number[] = []; let sum = 0;
      b.table<never, { pid: number }>("ring").open_ring_buffer((e, cpu, size) => { sizes.push(size); sum += e.pid; });
      for (let i = 0; i < 4; i++) b.ring_buffer_poll();
      print(sizes.length, sum, Math.max(...sizes.slice(-3)));`,
    );
    expect(error).toBeUndefined();
    expect(stdout).toBe(`20003 ${(19_999 * 20_000) / 2 + 7} 1200000\n`);
  });

  it("is read in turn with the others", async () => {
    const { stdout } = await runWithRings(
      [makeBatch(0, 1), makeBatch(0, 2), makeBatch(0, 3), makeBatch(0, 4)],
      `
      b.table<never, { pid: number }>("events").open_perf_buffer((e) => print("perf", e.pid));
      const events = b.table<never, { pid: number }>("ring"); events.open_ring_buffer((e) => print("ring", e.pid));
      for (const e of [1, 2]) { b.ring_buffer_poll(); b.perf_buffer_poll(); }`,
    );
    expect(stdout).toBe("ring 1\nperf 2\nring 3\nperf 4\n");
  });

  it("is an iterator, which closes it when the loop is left", async () => {
    const { stdout, kernel } = await runWithRings(
      [makeBatch(0, 1, 2), makeBatch(0, 3, 4)],
      `
      for (const e of b.events("ring")) { print(e.pid); if (e.pid === 3) break; }`,
    );
    expect(stdout).toBe("1\n2\n3\n");
    expect(kernel.argsOf("ringClose")).toEqual([[12]]);
  });

  it("is an async iterator, which lets promises go on", async () => {
    const batches: Uint8Array[] = [];
    let waits = 0;
    const { stdout, error } = await runWithRings(
      batches,
      `
      setTimeout(() => print("timer"), 1);
      for await (const e of b.events("ring")) { print(e.pid); if (e.pid === 2) break; }
      print("end");`,
      {
        wait(timeoutMs) {
          Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Math.min(Math.max(timeoutMs, 0), 20));
          if (++waits === 2) batches.push(makeBatch(0, 1, 2));
          return 0;
        },
      },
    );
    expect(error).toBeUndefined();
    expect(stdout).toBe("timer\n1\n2\nend\n");
  });
});

describe("a wait for what never comes", () => {
  it.each([
    [
      "nothing is open",
      ``,
      "perf_buffer_poll",
      /of a perf buffer: none is open$/,
      "open one before: b.get_table(…).open_perf_buffer(callback)",
    ],
    [
      "it was closed",
      `const t = b.table<never, unknown>("ring"); t.open_ring_buffer(() => undefined); t.close_buffer();`,
      "ring_buffer_poll",
      /of a ring buffer: none is open$/,
      "open one before: b.get_table(…).open_ring_buffer(callback)",
    ],
    [
      "another kind is open",
      `b.table<never, unknown>("ring").open_ring_buffer(() => undefined);`,
      "perf_buffer_poll",
      /of a perf buffer: none is open$/,
      '"ring" is a ring buffer: use ring_buffer_poll()',
    ],
  ])("is an error: %s", async (_, before, call, message, hint) => {
    const { error } = await runWithRings([], `${before}\nb.${call}(0);\nb.${call}(1);\nb.${call}();`, {
      wait: () => 0,
    });
    expect(error).toMatchObject({
      code: "BPFTS_ARGUMENT",
      message: expect.stringMatching(message) as string,
      hint,
      location: { line: 4 },
    });
  });
});

describe("a loop over events", () => {
  const watch = `async function watch() { for await (const e of b.events("ring")) { print(e.pid); } print("left"); } watch();`;
  const arriving = (batches: Uint8Array[]): KernelScript => {
    let waits = 0;
    const read = answerBatches(batches);
    return {
      ringRead: (ring, room) => (ring === 12 ? read(ring, room, false) : 0),
      wait() {
        if (++waits <= 2) batches.push(makeBatch(0, waits * 10, waits * 10 + 1));
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
        return 0;
      },
    };
  };

  it.each([
    ["sleep", "sleep(0.1);"],
    [
      "a poll of other buffers",
      `b.table<never, { pid: number }>("events").open_perf_buffer(() => undefined); const end = Date.now() + 100; while (Date.now() < end) b.perf_buffer_poll(20);`,
    ],
  ])("goes on while the script blocks in %s", async (_, call) => {
    const batches: Uint8Array[] = [];
    const { stdout, error } = await runWithRings(
      batches,
      `${watch} ${call} print("over"); b.close();`,
      arriving(batches),
    );
    expect(error).toBeUndefined();
    expect(stdout).toBe("10\n11\n20\n21\nover\nleft\n");
  });

  it("ends when the buffer or its program is closed, from within the loop and from outside", async () => {
    for (const close of [`b.close()`, `b.table<never, { pid: number }>("ring").close_buffer()`]) {
      const inside = await runWithRings(
        [makeBatch(0, 1, 2)],
        `for (const e of b.events("ring")) { print(e.pid); ${close}; } print("left");`,
      );
      expect(inside).toMatchObject({ exitCode: 0, error: undefined, stdout: "1\nleft\n" });
      const outside = await runWithRings([], `setTimeout(() => ${close}, 1); ${watch}`, { wait: () => 0 });
      expect(outside).toMatchObject({ exitCode: 0, error: undefined, stdout: "left\n", warnings: [] });
    }
  });

  it("reports what an async callback is rejected with, and goes on behind it where the script catches that", async () => {
    const { stdout, error } = await runWithRings(
      [makeBatch(0, 1, 2)],
      `
      b.table<never, { pid: number }>("ring").open_ring_buffer(async (e) => { await null; if (e.pid === 1) throw new RangeError("of " + e.pid); print(e.pid); });
      for (;;) try { b.ring_buffer_poll(20); } catch (error) { print(String(error)); if (error instanceof Interrupt) break; }`,
    );
    expect(error).toBeUndefined();
    expect(stdout).toBe("2\nRangeError: of 1\nInterrupt: Interrupted\n");
  });
});

describe("rows that the host writes", () => {
  it("come out by the format, in order with what the script prints", async () => {
    const { stdout, error } = await runWithRings(
      [makeBatch(1, 7, 8)],
      `
      b.table<never, { pid: number; n: number }>("ring").printf("%-4d|%3u|%s\\n", "pid", "n", "cpu");
      print("before"); b.ring_buffer_poll(); print("after");`,
    );
    expect(error).toBeUndefined();
    expect(stdout).toBe("before\n7   |  0|1\n8   |  1|1\nafter\n");
  });

  it("are JSON when that is asked for", async () => {
    const { stdout } = await runWithRings(
      [makeBatch(1, 7)],
      `
      const { json_output, RowPrinter } = await import("bpfts");
      json_output();
      b.table<never, { pid: number; n: number }>("ring").printf("%d %d\\n", "pid", "n"); b.ring_buffer_poll();
      new RowPrinter([{ head: "PID", format: "%-6d", value: "pid" }, { head: "Twice", format: "%d", value: (row) => row.pid * 2n }]).print({ pid: 7n });`,
    );
    expect(stdout).toBe('{"pid":7,"n":0}\n{"pid":7,"twice":14}\n');
  });

  it("have a header as wide as their columns", async () => {
    const { stdout } = await runWithRings(
      [],
      `
      const { RowPrinter } = await import("bpfts");
      const rows = new RowPrinter([{ head: "PID", format: "%-6d", value: "pid" }, { head: "LAT", format: "%8.2f", value: "lat" }, { head: "NAME", format: "%s", value: "name" }]);
      rows.print_header(); rows.print({ pid: 7, lat: 1.5, name: "x" });`,
    );
    expect(stdout).toBe("PID         LAT NAME\n7          1.50 x\n");
  });

  it("keep what stands around a value, and are comma-separated when that is asked for", async () => {
    const { stdout } = await runWithRings(
      [],
      `
      const { RowPrinter } = await import("bpfts");
      const columns = [{ head: "COMM", format: "%-6.6s", value: "comm" }, { head: "NEW", format: "-> %-5s", value: "state" }, { head: "MS", format: "%.3f", value: "ms" }];
      for (const csv of [false, true]) {
        const rows = new RowPrinter(columns, { csv });
        rows.print_header(); rows.print({ comm: "longer, \\"name", state: "A", ms: 1 });
      }`,
    );
    expect(stdout).toBe('COMM   -> NEW   MS\nlonger -> A     1.000\nCOMM,NEW,MS\n"longer, ""name",A,1.000\n');
  });

  it.each([
    [`printf("%d", "pdi" as never)`, 'Cannot print field "pdi" of "ring": struct event_t has none of that name'],
    [
      `printf("%d %d", "pid")`,
      'Cannot print rows by "%d %d" with the fields pid: Cannot format "%d %d": it wants 2 values, 1 were given',
    ],
  ])("are refused at the call: %s", async (call, message) => {
    expect((await runWithRings([], `b.table<never, { pid: number }>("ring").${call};`)).error).toMatchObject({
      message,
    });
  });
});

describe("the trace pipe", () => {
  const line = "           mkdir-1234    [001] d..2.  3312.405079: bpf_trace_printk: hello: world";
  const runTrace = async (chunks: readonly string[], lines: string): Promise<GuestResult> => {
    const signals = makeSignals();
    const left = chunks.map((chunk) => new TextEncoder().encode(chunk));
    return runScriptText(`import { BPF, print } from "bpfts"; const b = new BPF({ text: "" }); ${lines}`, {
      kernel: {
        ...signals.script,
        fileRead: () => left.shift() ?? new Uint8Array(0),
        wait: () => (left.length === 0 && signals.raise(), 0),
      },
    });
  };

  it("is taken apart, a task with a dash and spaces too, and lines that are cut anywhere", async () => {
    const odd = " a-1 b [002] x-c-7       [003] ...1.   1.000001: bpf_trace_printk: x";
    const { stdout } = await runTrace(
      [line.slice(0, 20), `${line.slice(20)}\n\n${odd}\nno event\n`],
      `for (const fields of b.trace_fields()) print(...fields);`,
    );
    expect(stdout).toBe("mkdir 1234 1 d..2. 3312.405079 hello: world\na-1 b [002] x-c 7 3 ...1. 1.000001 x\n");
  });

  it("is printed as it is or by positions, of one process or all", async () => {
    expect((await runTrace([`${line}\n\n`], `b.trace_print();`)).stdout).toBe(`${line}\n`);
    expect((await runTrace([`${line}\n`], `b.trace_print({ fmt: "{1} {5}" });`)).stdout).toBe("1234 hello: world\n");
    expect((await runTrace([`${line}\n`], `b.trace_print("{0}: {5}");`)).stdout).toBe("mkdir: hello: world\n");
    expect(
      (await runTrace([`${line}\nno event\n`], `(await import("bpfts")).json_output(); b.trace_print();`)).stdout,
    ).toBe('{"task":"mkdir","pid":1234,"cpu":1,"flags":"d..2.","ts":3312.405079,"msg":"hello: world"}\n');
    expect((await runTrace([`${line}\n`], `b.trace_print({ pid: 1234 });`)).stdout).toBe(`${line}\n`);
    expect((await runTrace([`${line}\n`], `b.trace_print({ pid: 1 });`)).stdout).toBe("");
  });

  it("ends where nothing is left when it must not wait, and counts lost lines", async () => {
    const { stdout, warnings } = await runTrace(
      [`${line}\nCPU:1 [LOST 12 EVENTS]\n${line}\n`],
      `print([...b.trace_fields({ nonblocking: true })].length, b.trace_readline({ nonblocking: true }));`,
    );
    expect(stdout).toBe("2 undefined\n");
    expect(warnings[0]).toMatch(/^Lost 12 lines of the trace pipe/);
  });
});
