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
