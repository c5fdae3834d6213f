import { describe, expect, it } from "vitest";
import { makeFolder, runCli, writeScript } from "../support/run-cli.ts";

const folder = makeFolder();

/** A program that emits an event for each write of the command, into a buffer that is too small. */
const program = (kind: "perf" | "ring"): string => `import { BPF, Interrupt, command, printf, sleep } from "bpfts";
const b = new BPF({ text: \`
struct event { u64 number; u64 padding[6]; };
${kind === "perf" ? "BPF_PERF_OUTPUT(events);" : "BPF_RINGBUF_OUTPUT(events, 2);"}
BPF_ARRAY(emitted, u64, 1);
TRACEPOINT_PROBE(syscalls, sys_enter_write) {
    if (bpf_get_current_pid_tgid() >> 32 != COMMAND) return 0;
    int zero = 0;
    u64 *count = emitted.lookup(&zero);
    if (!count) return 0;
    struct event event = { .number = (*count)++ };
    ${kind === "perf" ? "events.perf_submit(args, &event, sizeof event);" : "events.ringbuf_output(&event, sizeof event, 0);"}
    return 0;
}
\`, cflags: ["-DCOMMAND=" + command!.pid] });
const events = b.table<never, { readonly number: bigint }>("events");
let delivered = 0;
let told = 0;
const take = (): number => delivered++;
const open = (): void => ${kind === "perf" ? "events.open_perf_buffer(take, { page_cnt: 1, lost_cb: (count) => void (told += count) })" : "events.open_ring_buffer(take)"};
const poll = (ms: number): unknown => ${kind === "perf" ? "b.perf_buffer_poll(ms)" : "b.ring_buffer_poll(ms)"};
const drain = (): void => {
  for (let before = -1; before !== delivered; ) {
    before = delivered;
    poll(0);
  }
};
const emitted = (): number => Number(b.table<number, bigint>("emitted").get(0));
const say = (): void => printf("%d %d %d %d\\n", emitted(), delivered, events.lost, told);
`;

const count = async (
  kind: "perf" | "ring",
  body: string,
): Promise<{ readonly rows: number[][]; readonly stderr: string }> => {
  const script = writeScript(folder, `${kind}-${body.length}.ts`, program(kind) + body);
  const { status, stdout, stderr } = await runCli([
    "run",
    "-c",
    "dd if=/dev/zero of=/dev/null bs=1 count=100000 status=none",
    script,
  ]);
  expect([status, stderr]).toEqual([
    0,
    expect.stringMatching(
      /^warning: Lost \d+ events of "events"(?: on CPU \d+|, \d+ % of them on CPU \d+| on \d+ CPUs)?: .*\n$/,
    ),
  ]);
  return {
    rows: stdout
      .trim()
      .split("\n")
      .map((line) => line.split(" ").map(Number)),
    stderr,
  };
};

describe.each(["perf", "ring"] as const)("the losses of a %s buffer", (kind) => {
  it("are exact when the script reads them, not only at the next batch", async () => {
    const { rows, stderr } = await count(
      kind,
      `open();
try { for (;;) { poll(20); const until = Date.now() + 20; while (Date.now() < until); } } catch (error) { if (!(error instanceof Interrupt)) throw error; }
say();
drain();
say();`,
    );
    const [[emittedFirst, deliveredFirst, lostFirst], [emitted, delivered, lost, told]] = rows as [number[], number[]];
    expect([emittedFirst, emitted]).toEqual([100000, 100000]);
    expect(lost).toBeGreaterThan(1000);
    expect(delivered! + lost!).toBe(emitted);
    // What still lies in the buffer is neither lost nor delivered; nothing more is lost by reading it.
    expect([lostFirst, deliveredFirst! <= delivered!]).toEqual([lost, true]);
    if (kind === "perf") expect(told).toBe(lost);
    expect(stderr).toContain(`Lost ${lost} events`);
  });

  it("stay when the buffer is closed, and go on when it is opened again", async () => {
    const { rows, stderr } = await count(
      kind,
      `open();
sleep(0.02);
const first = events.lost;
drain();
events.close_buffer();
const kept = events.lost;
open();
try { for (;;) sleep(1); } catch (error) { if (!(error instanceof Interrupt)) throw error; }
const last = events.lost;
b.close();
printf("%d %d %d %d\\n", first, kept, last, events.lost);`,
    );
    const [first, kept, last, closed] = rows[0]!;
    expect([kept! >= first!, last! >= kept!, closed]).toEqual([true, true, last]);
    expect(stderr).toContain(`Lost ${last} events`);
  });
});

describe.each(["perf", "ring"] as const)("the cause of a loss in a %s buffer", (kind) => {
  /** The command writes a thousand times on one CPU while the script does something else. */
  const lose = async (pages: number): Promise<string> => {
    const text = program(kind)
      .replace("page_cnt: 1", `page_cnt: ${pages}`)
      .replace("(events, 2)", `(events, ${pages})`);
    const body = `open();
poll(1);
const until = Date.now() + 600;
while (Date.now() < until);
try { for (;;) poll(50); } catch (error) { if (!(error instanceof Interrupt)) throw error; }
drain();
say();`;
    const result = await runCli([
      "run",
      "-c",
      "taskset -c 0 dd if=/dev/zero of=/dev/null bs=1 count=1000 status=none",
      writeScript(folder, `cause-${kind}-${pages}.ts`, text + body),
    ]);
    const [emitted, delivered, lost] = result.stdout.split(" ").map(Number);
    expect([result.status, emitted, delivered! + lost!]).toEqual([0, 1000, 1000]);
    return result.stderr;
  };

  it("is the CPU and a size that really holds the burst", async () => {
    const stderr = await lose(2);
    expect(stderr).toMatch(
      /^warning: Lost \d+ events of "events"(?: on CPU 0)?: the script read them too slowly, and 2 pages /,
    );
    const size = Number(/(?:page_cnt: |events, )(\d+)/.exec(stderr)![1]);
    // A thousand events take 80000 bytes, or 64000.
    expect(size).toBe(kind === "perf" ? 32 : 16);
    expect(await lose(size)).toBe("");
    expect(await lose(size / 2)).toContain("Lost ");
  });
});

it("tells the cause in the record of a report's JSON as in the warning", async () => {
  const text = program("ring").split("\nconst events")[0]!.replace("printf, sleep", "report");
  const script = writeScript(folder, "report-json.ts", `${text}\nreport(b, { json: true });\n`);
  const { status, stdout, stderr } = await runCli([
    "run",
    "-c",
    "dd if=/dev/zero of=/dev/null bs=1 count=100000 status=none",
    script,
  ]);
  expect(status).toBe(0);
  const lines = stdout.trimEnd().split("\n");
  const record = JSON.parse(lines.at(-1)!) as Readonly<Record<string, unknown>>;
  expect(record).toEqual({
    type: "lost",
    name: "events",
    count: 100_000 - lines.filter((line) => line.startsWith('{"type":"event"')).length,
    cause: expect.stringMatching(/^(?:burst|rate)$/),
    cpus: expect.any(Array),
    pages: 2,
    needed_pages: record["cause"] === "burst" ? expect.any(Number) : null,
    burst_seconds: expect.any(Number),
    text: stderr.replace(/^warning: |\n$/g, ""),
  });
  const cpus = record["cpus"] as readonly { readonly lost: number }[];
  expect(cpus.reduce((sum, { lost }) => sum + lost, 0)).toBe(record["count"]);
});
