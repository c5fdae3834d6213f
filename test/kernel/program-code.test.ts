import { execFileSync } from "node:child_process";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { haveDisassembler } from "../../runtime/inspect/prog/dump-jited.ts";
import type { JitedFunction } from "../../runtime/inspect/prog/dump-jited.ts";
import type { XlatedRow } from "../../runtime/inspect/prog/dump-xlated.ts";
import { loadBpf, port } from "../support/live-object.ts";
import { parseCliError, runCli } from "../support/run-cli.ts";

/** As many kinds of instructions as clang makes out of C. */
const text = `
struct { __uint(type, 1); __uint(max_entries, 8); __type(key, u32); __type(value, u64); } pc_map SEC(".maps");
volatile u64 pc_numbers[8];
volatile __s32 pc_small = 0;
static __attribute__((noinline)) u64 pc_mix(u64 a, u64 b) {
  a = (a << 3) ^ (b >> 5);
  a |= b % 7;
  a -= b / 3;
  return -a;
}
SEC("tp/syscalls/sys_enter_mkdir") int pc_on_mkdir(void *ctx) {
  u32 key = bpf_get_prandom_u32();
  u64 one = 0x1122334455667788ull;
  u64 *found;
  if (!is_target()) return 0;
  pc_numbers[1] = pc_mix(key, one);
  pc_numbers[2] = __builtin_bswap64(key);
  pc_small = (pc_small >> 2) + 5;
  __sync_fetch_and_add(&pc_numbers[3], 2);
  found = bpf_map_lookup_elem(&pc_map, &key);
  if (found && (__s64)*found < -5) bpf_map_update_elem(&pc_map, &key, &one, 0);
  if ((u32)key > 1000 && (key & 4)) bpf_trace_printk("%d", 3, key);
  return 0;
}
`.replace('bpf_trace_printk("%d", 3, key);', "pc_numbers[4] = bpf_ktime_get_ns();");

let object = 0;
let id = "";
beforeAll(() => {
  object = loadBpf(text);
  id = String((port.programInfo(port.programHandle(object, "pc_on_mkdir")) as { id: number }).id);
});
afterAll(() => void port.objectClose(object));

async function dump(...args: readonly string[]): Promise<string> {
  const result = await runCli(["prog", "dump", ...args]);
  expect(result).toMatchObject({ status: 0, stderr: "" });
  return result.stdout;
}

describe("bpfts prog dump", () => {
  it("disassembles as the kernel's own notation has it, instruction by instruction", async () => {
    const theirs = execFileSync("bpftool", ["prog", "dump", "xlated", "id", id], { encoding: "utf8" });
    const pick = (listing: string): string[] =>
      listing
        .split("\n")
        .filter((line) => /^\s*\d+: \(/.test(line))
        // bpftool adds the addresses of functions to their names.
        .map((line) => line.trim().replace(/#\S+$| <\w+>$/, ""));
    const ours = pick(await dump("xlated", id));
    expect(ours.length).toBeGreaterThan(40);
    expect(ours).toEqual(pick(theirs));
    expect(ours.some((line) => line.includes("atomic") || line.includes("lock"))).toBe(true);
  });

  it("names functions and source lines where they begin", async () => {
    const listing = await dump("xlated", "pc_on_mkdir");
    expect(listing).toMatch(/^pc_on_mkdir:\n/);
    expect(listing).toContain("\n\npc_mix:\n");
    expect(listing).toMatch(/call pc\+\d+ <pc_mix>\n/);
    const rows = JSON.parse(await dump("xlated", id, "--json")) as XlatedRow[];
    expect(rows.filter((row) => row.function !== undefined).map((row) => row.function)).toEqual([
      "pc_on_mkdir",
      "pc_mix",
    ]);
    const lines = text.split("\n");
    const divided = lines.findIndex((line) => line.includes("b / 3")) + 1;
    expect(
      rows
        .filter(({ source }) => source?.line === divided)
        .map(({ text: instruction }) => instruction)
        .join("\n"),
    ).toMatch(/\/= 3|s?\/=/);
  });

  it("shows the machine code with the lines that it is made from", async (context) => {
    const functions = JSON.parse(await dump("jited", id, "--json")) as JitedFunction[];
    expect(functions.map(({ name }) => name)).toEqual(["pc_on_mkdir", "pc_mix"]);
    const lines = functions.flatMap(({ rows }) => rows.flatMap(({ source }) => source?.line ?? []));
    expect(lines).toContain(text.split("\n").findIndex((line) => line.includes("bpf_ktime_get_ns")) + 1);
    if (!haveDisassembler()) context.skip("needs binutils: there is no objdump");
    const listing = await dump("jited", id);
    expect(listing).toMatch(/^pc_on_mkdir: 0x[0-9a-f]+\n/);
    if (process.arch === "x64") expect(listing).toMatch(/call +0x[0-9a-f]+ <.*ktime_get.*>/);
  });

  it("says what is wrong with what is asked for", async () => {
    const fail = async (...args: readonly string[]): Promise<object> =>
      parseCliError(await runCli(["prog", "dump", ...args, "--json-errors"]));
    expect(await fail("elf", id)).toMatchObject({
      message: 'There is no form "elf" of a program',
      hint: "bpfts prog dump xlated PROGRAM prints its instructions, jited its machine code",
    });
    expect(await fail("xlated", "pc_on_mkdri")).toMatchObject({ hint: 'did you mean "pc_on_mkdir"?' });
    expect(await fail("xlated")).toMatchObject({ code: "BPFTS_USAGE" });
  });
});
