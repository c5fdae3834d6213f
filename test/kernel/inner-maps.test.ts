import { describe, expect, it } from "vitest";
import { openAddon } from "../../runtime/kernel/door/addon.ts";
import { makeJsonScript, onlyCommand, readJson } from "../support/json-script.ts";
import { makeFolder, runCli, startCli } from "../support/run-cli.ts";

const folder = makeFolder();
const port = openAddon();

async function runLines(name: string, c: string, lines: string, options: readonly string[] = []): Promise<unknown[]> {
  return readJson(await runCli(["run", ...options, makeJsonScript(folder, name, c, lines)]));
}

const declarations = `BPF_HASH(ports, u32, u64, 4);
BPF_ARRAY(slots, u32, 3);
BPF_HASH_OF_MAPS(by_key, u32, "ports", 2);
BPF_ARRAY_OF_MAPS(by_index, slots, 2);
BPF_TABLE("hash_of_maps$slots", u64, int, generic, 4);
struct { __uint(type, BPF_MAP_TYPE_HASH_OF_MAPS); __uint(max_entries, 4); __type(key, u32);
  __array(values, struct { __uint(type, BPF_MAP_TYPE_PERCPU_HASH); __uint(max_entries, 4); __type(key, u32); __type(value, u64); }); } unnamed SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS); __uint(max_entries, 4); __type(key, u32);
  __array(values, struct { __uint(type, BPF_MAP_TYPE_QUEUE); __uint(max_entries, 4); __type(value, u32); }); } queues SEC(".maps");`;

describe("a table that is made for a map of maps", () => {
  it("has the shape of the declaration, in BCC's words and in libbpf's", async () => {
    const rows = await runLines(
      "shapes",
      declarations,
      `
const { by_key, by_index, generic, unnamed, queues, ports } = b.tables;
const one = by_key.create(7, [[80, 1n], [443, 2n]]);
json([one.name, by_key.inner(7) === one, by_key.get(7) === one.id, one.max_entries, [...one].sort((x, y) => x[0] - y[0])]);
json([by_index.create(1, [[2, 9]]).get(2), by_index.size, generic.create(5n, new Map([[0, 3]])).get(0)]);
const sums = unnamed.create(1);
sums.set(3, Array.from({ length: bpfts.possible_cpus }, () => 2n) as never);
json([sums.sum(3) === 2n * BigInt(bpfts.possible_cpus), queues.create(0).push(5 as never) === undefined, queues.inner(0)?.pop()]);
ports.set(1, 5n);
by_key.set(9, ports);
json([by_key.inner(9)?.get(1), by_key.inner(8) ?? null, by_key.delete(8)]);`,
    );
    expect(rows).toEqual([
      [
        "by_key.inner",
        true,
        true,
        4,
        [
          [80, "1n"],
          [443, "2n"],
        ],
      ],
      [9, 1, 3],
      [true, true, 5],
      ["5n", null, false],
    ]);
  });

  it("stays out when it cannot be filled or put in, and what was there stays", async () => {
    const rows = await runLines(
      "refusals",
      declarations,
      `
const { by_key, by_index, queues } = b.tables;
by_key.create(7, [[1, 1n]]);
const five = [1, 2, 3, 4, 5].map((key) => [key, 1n] as const);
json([fails(() => by_key.create(7, five)), fails(() => by_key.create(7, [[-1, 1n]])), fails(() => by_index.create(2)), fails(() => queues.create(0, [] as never)), fails(() => by_key.create("x" as never))]);
json([[...by_key.inner(7)!], by_key.size, by_index.size, queues.size]);
by_key.create(8);
json(fails(() => by_key.create(9)));
json([[...by_key.keys()].sort(), fails(() => by_key.close_inner({} as never))]);`,
    );
    expect(rows).toEqual([
      [
        'Cannot write to "by_key.inner": it is full, it holds 4 entries',
        expect.stringContaining("-1 is out of range"),
        'Cannot write to "by_index": its indices go from 0 to 1',
        'Cannot fill a table of "queues": its kind has no keys and values',
        expect.stringContaining('key of "by_key"'),
      ],
      [[[1, "1n"]], 1, 0, 0],
      'Cannot write to "by_key": it is full, it holds 2 entries',
      [[7, 8], 'Cannot close a table: "by_key" made none like it, or it is closed already'],
    ]);
  });

  it("is closed when it is replaced, deleted or given back, and says so", async () => {
    const rows = await runLines(
      "closed",
      declarations,
      `
const { by_key } = b.tables;
const first = by_key.create(7), second = by_key.create(7);
json([fails(() => first.get(1)), second.size]);
by_key.set(7, b.tables.ports);
json([fails(() => second.get(1)), b.tables.ports.size]);
const third = by_key.create(7, [[1, 3n]]);
const old = by_key.swap(7, [[1, 4n]]);
json([old === third, old?.get(1), by_key.inner(7)?.get(1), b.tables.by_key.swap(8) ?? null]);
by_key.close_inner(old!);
json(fails(() => old!.get(1)));
const [x, y] = [by_key.inner(7)!, by_key.inner(8)!];
by_key.delete(7);
by_key.clear();
json([fails(() => x.get(1)), fails(() => y.get(1)), by_key.size]);
const last = by_key.create(1);
b.close();
json([fails(() => last.get(1)), fails(() => by_key.create(1))]);`,
    );
    const out = 'Cannot use table "by_key.inner": it was taken out of "by_key"';
    expect(rows).toEqual([
      [out, 0],
      [out, 0],
      [true, "3n", "4n", null],
      'Cannot use table "by_key.inner": it was closed',
      [out, out, 0],
      ['Cannot use table "by_key.inner": its program was closed', 'Cannot use table "by_key": its program was closed'],
    ]);
  });

  it("counts for the program, and a swap under load loses nothing and shows no half table", async () => {
    const turns = 150_000;
    const rows = await runLines(
      "load",
      `BPF_ARRAY(generation, u64, 64);
BPF_ARRAY_OF_MAPS(now, generation, 1);
BPF_ARRAY(torn, u64, 1);
TRACEPOINT_PROBE(syscalls, sys_enter_chdir) {
    ${onlyCommand}
    int zero = 0, last = 62, counter = 63;
    void *inner = now.lookup(&zero);
    if (!inner) return 0;
    u64 *first = bpf_map_lookup_elem(inner, &zero), *end = bpf_map_lookup_elem(inner, &last), *count = bpf_map_lookup_elem(inner, &counter);
    if (!first || !end || !count) return 0;
    if (*first != *end || !*first) torn.increment(0);
    __sync_fetch_and_add(count, 1);
    return 0;
}`,
      `
const fill = (generation: bigint) => Array.from({ length: 64 }, (_, at) => [at, at === 63 ? 0n : generation] as const);
const { now, torn } = b.tables;
now.create(0, fill(1n));
let sum = 0n, swaps = 0, busy = 0;
for (let generation = 2n; ; generation++) {
  try { sleep(0.001); } catch { break; }
  const old = now.swap(0, fill(generation))!;
  const count = old.get(63)!;
  if (count > 0n) busy++;
  sum += count;
  now.close_inner(old);
  swaps++;
}
json([sum + now.inner(0)!.get(63)!, torn.get(0), swaps >= 10 && busy >= 5]);`,
      ["-c", `i=0; while [ $i -lt ${turns} ]; do cd /; i=$((i+1)); done`],
    );
    expect(rows).toEqual([[`${turns}n`, "0n", true]]);
  });

  it("leaves no map in the kernel when it was replaced or deleted, or when the script is killed", async () => {
    const script = makeJsonScript(
      folder,
      "leaks",
      declarations,
      `
const ids: number[] = [];
for (let i = 0; i < 20; i++) ids.push(b.tables.by_key.create(1).id);
const old = b.tables.by_key.swap(1)!;
ids.push(old.id);
b.tables.by_key.close_inner(old);
ids.push(b.tables.by_key.create(2).id);
b.tables.by_key.delete(2);
json([ids, b.tables.by_key.get(1)]);
print("made");
wait();`,
    );
    const run = startCli(["run", script]);
    let printed = "";
    run.child.stdout!.on("data", (text: string) => {
      printed += text;
    });
    await run.waitFor("made");
    const [gone, kept] = JSON.parse(printed.split("\n")[0]!) as [number[], number];
    const isThere = (id: number): boolean => {
      const handle = port.mapOpenId(id);
      if (handle > 0) port.mapClose(handle);
      return handle > 0;
    };
    await expect.poll(() => gone.filter(isThere)).toEqual([]);
    expect(gone).toHaveLength(22);
    expect(isThere(kept)).toBe(true);
    run.child.kill("SIGKILL");
    await run.ended;
    await expect.poll(() => isThere(kept)).toBe(false);
  });
});
