import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { callMkdir, loadBpf, port } from "../support/live-object.ts";
import { cli, makeFolder, parseCliError, root, runCli } from "../support/run-cli.ts";
import type { CliError } from "../support/run-cli.ts";

const text = `
enum mood { CALM = 1, BUSY = 2 };
enum change { DOWN = -5, UP = 3 };
struct signs { enum change bits : 4; __s8 bytes[4]; double number; };
struct key { u32 id; char comm[8]; };
struct value { u64 total; enum mood mood; u8 mac[6]; void *where; };
#define MAP(name, kind, count, k, v) struct { __uint(type, kind); __uint(max_entries, count); __type(key, k); __type(value, v); } name SEC(".maps")
#define KEYLESS(name, kind, count, v) struct { __uint(type, kind); __uint(max_entries, count); __type(value, v); } name SEC(".maps")
MAP(mc_rows, 1, 3, struct key, struct value);
MAP(mc_signs, 1, 4, enum change, struct signs);
MAP(mc_slots, 2, 64, u32, u64);
MAP(mc_percpu, 5, 4, u32, u64);
KEYLESS(mc_queue, 22, 2, u64);
KEYLESS(mc_bloom, 30, 16, u32);
struct { __uint(type, 27); __uint(max_entries, 4096); } mc_ring SEC(".maps");
struct { __uint(type, 3); __uint(max_entries, 2); __type(key, u32); __type(value, u32); } mc_jumps SEC(".maps");
const volatile u64 mc_limit = 77;
volatile u32 mc_hits = 0;
volatile enum mood mc_mood = BUSY;
SEC("tp/syscalls/sys_enter_mkdir") int mc_on_mkdir(void *ctx) {
  u32 slot = 3, key = 1, id = 9;
  u64 one = 1;
  u64 *count;
  if (!is_target()) return 0;
  mc_hits += 1;
  count = bpf_map_lookup_elem(&mc_slots, &slot);
  if (count) __sync_fetch_and_add(count, mc_limit > 5);
  bpf_map_update_elem(&mc_percpu, &key, &one, 0);
  if (mc_mood == CALM) { bpf_map_push_elem(&mc_queue, &one, 0); bpf_map_push_elem(&mc_bloom, &id, 0); bpf_ringbuf_output(&mc_ring, &one, 8, 0); bpf_tail_call(ctx, &mc_jumps, 0); }
  struct key row = {};
  if (mc_mood == CALM) bpf_map_delete_elem(&mc_rows, &row);
  if (mc_mood == CALM) bpf_map_delete_elem(&mc_signs, &key);
  return 0;
}
`;

const folder = makeFolder();
let object = 0;
beforeAll(() => {
  object = loadBpf(text);
  expect(
    port.attachTracepoint(port.programHandle(object, "mc_on_mkdir"), "syscalls", "sys_enter_mkdir", 0n),
  ).toBeGreaterThan(0);
  callMkdir(5);
});
afterAll(() => void port.objectClose(object));

/** Its id: other tests may have maps of that name. */
function idOf(name: string): string {
  const found = port.objectMaps(object).find((map) => map.name === name || map.name.endsWith(name))!;
  return String((port.mapInfo(port.mapHandle(object, found.name)) as { id: number }).id);
}

async function map(...args: readonly string[]): Promise<string> {
  const result = await runCli(["map", ...args], { cwd: folder });
  expect(result).toMatchObject({ status: 0, stderr: "" });
  return result.stdout;
}

async function fail(...args: readonly string[]): Promise<CliError> {
  return parseCliError(await runCli(["map", ...args, "--json-errors"], { cwd: folder }));
}

describe("bpfts map dump, get, set and delete", () => {
  it("knows signs: of enumerators without one in the type information, of bit-fields, of bytes", async () => {
    const id = idOf("mc_signs");
    await map("set", id, "--", "-5", '{"bits":"DOWN","bytes":[-1,0,5,-128],"number":0.5}');
    const value = { bits: -5, bytes: [-1, 0, 5, -128], number: 0.5 };
    expect(JSON.parse(await map("dump", "--json", id))).toEqual([{ key: -5, value }]);
    expect(JSON.parse(await map("get", "--json", id, "--", "-5"))).toMatchObject({ value });
    expect(await map("dump", id)).toContain("DOWN => { bits: DOWN, ");
  });

  it("writes and reads keys and values by their C types", async () => {
    const id = idOf("mc_rows");
    await map(
      "set",
      id,
      '{"id":1,"comm":"bash"}',
      '{"total":18446744073709551615,"mood":"BUSY","mac":[1,2,3,4,5,255],"where":0}',
    );
    await map("set", id, '{"id":2,"comm":"a"}', '{"total":5,"mood":7,"mac":[0,0,0,0,0,0],"where":4096}');
    expect((await map("dump", id)).trimEnd().split("\n").sort()).toEqual([
      '{ id: 1, comm: "bash" } => { total: 18446744073709551615, mood: BUSY, mac: 01 02 03 04 05 ff, where: 0x0 }',
      '{ id: 2, comm: "a" } => { total: 5, mood: 7, mac: 00 00 00 00 00 00, where: 0x1000 }',
    ]);
  });

  it("says of entries what bpftool says", async () => {
    const id = idOf("mc_rows");
    const theirs = JSON.parse(execFileSync("bpftool", ["-j", "map", "dump", "id", id], { encoding: "utf8" })) as {
      formatted: { key: { id: number; comm: string }; value: { total: bigint; mac: number[] } };
    }[];
    const ours = JSON.parse(await map("dump", id, "--json")) as (typeof theirs)[number]["formatted"][];
    expect(ours.length).toBe(2);
    for (const { key, value } of ours) {
      const other = theirs.find(({ formatted }) => formatted.key.id === key.id)!.formatted;
      expect([key, value.mac]).toEqual([other.key, other.value.mac]);
    }
  });

  it("finds and deletes one key", async () => {
    const id = idOf("mc_rows");
    expect(await map("get", id, '{"id":1,"comm":"bash"}')).toContain("total: 18446744073709551615, mood: BUSY");
    await map("delete", id, '{"id":1,"comm":"bash"}');
    expect((JSON.parse(await map("dump", id, "--json")) as unknown[]).length).toBe(1);
    expect(await fail("get", id, '{"id":1,"comm":"bash"}')).toMatchObject({ message: '"mc_rows" has no such key' });
  });

  it("draws what a program counted", async () => {
    expect(await map("dump", "--hist", "usecs", idOf("mc_slots"))).toBe(
      [
        "     usecs               : count     distribution",
        `         0 -> 1          : 0        |${" ".repeat(40)}|`,
        `         2 -> 3          : 0        |${" ".repeat(40)}|`,
        `         4 -> 7          : 5        |${"*".repeat(40)}|`,
        "",
      ].join("\n"),
    );
    expect(await map("dump", "--linear", "--", idOf("mc_slots"))).toMatch(/3 {10}: 5 {8}\|\*{40}\|\n$/);
  });

  it("has a value for each CPU where the map has", async () => {
    const id = idOf("mc_percpu");
    const [row] = JSON.parse(await map("dump", id, "--json")) as {
      key: number;
      values: { cpu: number; value: number }[];
    }[];
    expect(row!.values.map(({ cpu }) => cpu)).toEqual(Array.from({ length: port.possibleCpus() }, (_, cpu) => cpu));
    expect(row!.values.some(({ value }) => value === 1)).toBe(true);
    await map("set", id, "2", "9");
    expect(await map("get", id, "2")).toBe(
      Array.from({ length: port.possibleCpus() }, (_, cpu) => `  cpu ${cpu}: 9\n`).join(""),
    );
  });

  it("reads and writes the variables of a program, and says which are frozen", async () => {
    expect(await map("dump", idOf(".rodata"))).toBe("0 => { mc_limit: 77 }\n");
    expect(await map("dump", idOf(".data"))).toBe("0 => { mc_mood: BUSY }\n");
    expect(await map("get", idOf(".bss"), "0")).toContain("mc_hits: 5");
    await map("set", idOf(".data"), "0", '{"mc_mood":"CALM"}');
    expect(await map("dump", idOf(".data"))).toBe("0 => { mc_mood: CALM }\n");
    expect(await fail("set", idOf(".rodata"), "0", '{"mc_limit":1}')).toMatchObject({
      message: expect.stringMatching(/^Cannot write to ".*rodata": user space may not/) as string,
    });
  });

  it("takes maps without keys, and maps that hold programs", async () => {
    const queue = idOf("mc_queue");
    expect(await fail("get", queue)).toMatchObject({ message: '"mc_queue" is empty' });
    await map("set", queue, "11");
    await map("set", queue, "12");
    expect(await fail("set", queue, "13")).toMatchObject({
      message: 'Cannot write to "mc_queue": it is full, it holds 2 entries',
    });
    expect(await map("get", queue)).toBe("11\n");
    await map("delete", queue);
    expect(await map("get", queue)).toBe("12\n");
    const bloom = idOf("mc_bloom");
    await map("set", bloom, "5");
    expect(await map("get", bloom, "5")).toBe("it may be there\n");
    const jumps = idOf("mc_jumps");
    const program = port.programInfo(port.programHandle(object, "mc_on_mkdir")) as { id: number };
    await map("set", jumps, "1", String(program.id));
    expect(await map("dump", jumps)).toBe(`1 => ${program.id}\n`);
    await map("delete", jumps, "1");
    expect(await map("dump", jumps)).toBe("");
    expect(await fail("set", jumps, "1", "4294967290")).toMatchObject({
      message: 'Cannot write to "mc_jumps": there is no program with the id 4294967290',
    });
  });

  it("takes maps of bpftool's, which have no types", () => {
    const bpffs = join(folder, "bpf");
    mkdirSync(bpffs);
    const pin = `${bpffs}/mc_raw`;
    const bpfts = `'${process.execPath}' '${cli}' map`;
    const line = [
      `mount -t bpf bpf ${bpffs}`,
      `bpftool map create ${pin} type hash key 4 value 6 entries 5 name mc_raw`,
      `bpftool map update pinned ${pin} key 5 0 0 0 value 1 2 3 4 5 6`,
      `${bpfts} set ${pin} 7 0x0a0b0c0d0e0f`,
      `bpftool map lookup pinned ${pin} key 7 0 0 0`,
      `${bpfts} dump ${pin} | sort`,
    ].join(" && ");
    const { stdout, stderr } = spawnSync("unshare", ["-m", "bash", "-c", line], { encoding: "utf8", cwd: root });
    expect(stderr).toBe("");
    expect(stdout).toBe("key: 07 00 00 00  value: 0a 0b 0c 0d 0e 0f\n5 => 01 02 03 04 05 06\n7 => 0a 0b 0c 0d 0e 0f\n");
  });

  it("says what is wrong with a key, a value or a map", async () => {
    const rows = idOf("mc_rows");
    const slots = idOf("mc_slots");
    expect(await fail("get", rows)).toMatchObject({
      message: 'The key of "mc_rows" is missing',
      hint: 'it is a JSON object: {"id":0,"comm":""}',
    });
    expect(await fail("get", rows, '{"id":1}')).toMatchObject({
      code: "BPFTS_MAP",
      message: expect.stringContaining('field "comm"') as string,
    });
    expect(await fail("get", slots, "-1")).toMatchObject({
      message: expect.stringContaining("out of range") as string,
    });
    expect(await fail("set", slots, "1", "x")).toMatchObject({ hint: "it is a number (u64)" });
    expect(await fail("set", slots, "64", "1")).toMatchObject({
      message: 'Cannot write to "mc_slots": its indices go from 0 to 63',
    });
    expect(await fail("set", slots, "1")).toMatchObject({
      code: "BPFTS_USAGE",
      message: "A key and a value are wanted, 1 word was given",
    });
    expect(await fail("delete", slots, "1")).toMatchObject({
      message: expect.stringContaining("has a value always") as string,
    });
    expect(await fail("dump", idOf("mc_ring"))).toMatchObject({
      message: expect.stringContaining("has no keys to list") as string,
    });
    expect(await fail("dump", idOf("mc_queue"))).toMatchObject({
      hint: expect.stringContaining("bpfts map get") as string,
    });
    expect(await fail("dump", "--hist", "x", rows)).toMatchObject({
      message: expect.stringContaining("its values are no counts") as string,
    });
  });
});
