import { describe, expect, it } from "vitest";
import { makeJsonScript, onlyCommand, readJson } from "../support/json-script.ts";
import { makeFolder, runCli } from "../support/run-cli.ts";

const folder = makeFolder();

const c = `
struct data_t { u32 pid; u64 ts; char comm[16]; u32 numbers[2]; };
BPF_RINGBUF_OUTPUT(ring, 8);
BPF_PERF_OUTPUT(perf);
BPF_PERF_OUTPUT(bytes);
TRACEPOINT_PROBE(syscalls, sys_enter_mkdir) {
    ${onlyCommand}
    struct data_t e = { .pid = 7, .ts = 1ull << 40, .numbers = { 0, 5 } };
    bpf_get_current_comm(&e.comm, sizeof(e.comm));
    ring.ringbuf_output(&e, sizeof(e), 0);
    perf.perf_submit(args, &e, sizeof(e));
    return 0;
}
`;

describe("events with chosen fields", () => {
  it("have these members and no others, in callbacks and loops", async () => {
    const path = makeJsonScript(
      folder,
      "chosen",
      c,
      `
const kept: unknown[] = [];
b.get_table("perf").open_perf_buffer((e, cpu, size) => { const { numbers, pid } = e; kept.push({ pid, numbers }, typeof cpu, size); });
try {
  for (const e of b.events("ring", { fields: ["comm", "ts"], u64: "number" })) kept.push(e, e.ts / 2);
} catch (error) {
  if (!(error instanceof Interrupt)) throw error;
}
json(kept);
`,
    );
    const names = [1, 2].map((number) => `${folder}/${number}-${Date.now()}`);
    const [kept] = readJson(await runCli(["run", "-c", `mkdir ${names.join(" ")}`, path]));
    const twice = <T>(value: T): T[] => [value, value];
    const values = [{ pid: 7, numbers: [0, 5] }, { ts: 2 ** 40, comm: "mkdir" }, 2 ** 39, 44, "number"].flatMap(twice);
    expect(new Set((kept as unknown[]).map((value) => JSON.stringify(value)))).toEqual(
      new Set(values.map((value) => JSON.stringify(value))),
    );
    expect(kept).toHaveLength(values.length);
  });

  it("are one object for all turns of a loop that reuses it, and an object each where none does", async () => {
    const path = makeJsonScript(
      folder,
      "reused",
      c
        .replace(".numbers = { 0, 5 }", ".numbers = { 0, count++ }")
        .replace("TRACEPOINT", "static u32 count = 1;\nTRACEPOINT"),
      `
const seen: any = { own: [], reused: [], copies: [] };
for (const e of b.events("ring")) { seen.own.push(e); if (e.numbers[1] === 3) break; }
for (const e of b.events("ring", { reuse: true, fields: ["numbers", "comm"] })) { seen.reused.push(e); seen.copies.push({ ...e }); if (e.numbers[1] === 6) break; }
json(seen.own.map((e: any) => [e.pid, Number(e.ts), e.comm, e.numbers]));
json(seen.copies);
json([new Set(seen.own).size, new Set(seen.reused).size]);
`,
    );
    const names = [1, 2, 3, 4, 5, 6].map((number) => `${folder}/reused-${number}-${Date.now()}`);
    const [own, copies, objects] = readJson(await runCli(["run", "-c", `mkdir ${names.join(" ")}`, path]));
    expect(own).toEqual([1, 2, 3].map((number) => [7, 2 ** 40, "mkdir", [0, number]]));
    // What the first loop left is read as the second one wants it.
    expect(copies).toEqual([4, 5, 6].map((number) => ({ numbers: [0, number], comm: "mkdir" })));
    expect(objects).toEqual([3, 1]);
  });

  it("leave a buffer to the one who has opened it", async () => {
    const path = makeJsonScript(
      folder,
      "open",
      c,
      `
let count = 0;
b.get_table("ring").open_ring_buffer(() => count++);
json([fails(() => b.events("ring")[Symbol.iterator]().next())]);
try { for (;;) b.ring_buffer_poll(); } catch (error) { if (!(error instanceof Interrupt)) throw error; }
json(count);
`,
    );
    const [failures, count] = readJson(await runCli(["run", "-c", `mkdir ${folder}/open-${Date.now()}`, path]));
    expect(failures).toEqual(['Cannot open "ring": it is open already']);
    expect(count).toBe(1);
  });

  it("say which fields there are", async () => {
    const path = makeJsonScript(
      folder,
      "wrong",
      c,
      `
const next = (name: string, fields: unknown) => () => (b as any).events(name, { fields })[Symbol.iterator]().next();
json([["pidd"], [], "pid"].map((fields) => fails(next("perf", fields))));
json([fails(next("bytes", ["pid"]))]);
`,
    );
    expect(readJson(await runCli(["run", path]))).toEqual([
      [
        'The events of "perf" have no field "pidd"',
        'fields takes the names of one or more members of the events of "perf", got []',
        'fields takes the names of one or more members of the events of "perf", got "pid"',
      ],
      ['Cannot choose fields of the events of "bytes": the C text does not tell their struct'],
    ]);
  });
});
