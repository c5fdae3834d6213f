import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "vitest";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildText, clangs, openTools } from "../support/build-text.ts";
import { callMkdir, port, readU64, requireBytes, u32 } from "../support/live-object.ts";
import { buildProgram, runTool } from "../support/own-program.ts";

const folder = mkdtempSync(join(tmpdir(), "bpfts-test-"));
const helper = join(folder, "process-side");
const mkdir = process.arch === "arm64" ? 34 : 83;
const newest = clangs.at(-1)!;
const objects: number[] = [];

beforeAll(() => void buildProgram("process-side.c", helper, "-lbpf"), 120_000);
afterAll(() => {
  for (const object of objects) port.objectClose(object);
  rmSync(folder, { recursive: true, force: true });
});

/** The kinds' names in enum bpf_map_type, and the kernel that brought them. */
const kinds = {
  devmap_hash: ["DEVMAP_HASH", "5.4"],
  reuseport_array: ["REUSEPORT_SOCKARRAY", "4.19"],
  bloom_filter: ["BLOOM_FILTER", "5.16"],
  user_ringbuf: ["USER_RINGBUF", "6.1"],
  cgrp_storage: ["CGRP_STORAGE", "6.2"],
  arena: ["ARENA", "6.9"],
} as const;

/** libbpf may be older than a kind: the kernel's own types know it. */
function needKind(context: TestContext, name: keyof typeof kinds): void {
  const [word, since] = kinds[name];
  if (openTools(newest.clang).env.findEnumValue(`BPF_MAP_TYPE_${word}`) === undefined)
    context.skip(`needs ${name}: this kernel has no such map (since Linux ${since})`);
}

function load(text: string): number {
  const object = port.objectOpen(buildText(text, openTools(newest.clang)).bytes, "kinds");
  objects.push(object);
  const loaded = port.objectLoad(object, 0);
  if (loaded.status < 0)
    throw new Error(`load: ${loaded.status} ${loaded.log} ${JSON.stringify(loaded.programLogs).slice(-2000)}`);
  return object;
}

/** Runs `attach`'s program while this process enters mkdir(2) so often, and answers what it wrote into `out`. */
function trace(object: number, program: string, times: number, count: number): bigint[] {
  const link = port.attachRawTracepoint(port.programHandle(object, program), "sys_enter");
  expect(link).toBeGreaterThan(0);
  callMkdir(times);
  port.linkClose(link);
  return readOut(object, count);
}

function readOut(object: number, count: number): bigint[] {
  const out = port.mapHandle(object, "out");
  return Array.from({ length: count }, (_, slot) => readU64(requireBytes(port.mapLookup(out, u32(slot), 0))));
}

function findIds(object: number, map: string, program: string): string[] {
  const [inMap, inProgram] = [
    port.mapInfo(port.mapHandle(object, map)),
    port.programInfo(port.programHandle(object, program)),
  ];
  if (typeof inMap === "number" || typeof inProgram === "number") throw new Error("no ids");
  return [String(inMap.id), String(inProgram.id)];
}

const mine = (pid: number | string = process.pid): string =>
  `if (bpf_get_current_pid_tgid() >> 32 != ${pid} || ctx->args[1] != ${mkdir}) return 0;`;
const put = "static void put(int slot, u64 value) { out.update(&slot, &value); }";

describe("a map of a kind that BCC has no macro for", () => {
  it("bloom filter: knows what was pushed, and mostly what was not", (context) => {
    needKind(context, "bloom_filter");
    const object = load(`
BPF_ARRAY(out, u64, 3);
BPF_BLOOM_FILTER(seen, u32, 1000);
${put}
RAW_TRACEPOINT_PROBE(sys_enter) {
	u32 known = 77, other = 78;
	${mine()}
	put(0, seen.push(&known, 0));
	put(1, seen.peek(&known));
	put(2, -seen.peek(&other));
	return 0;
}`);
    expect(trace(object, "raw_tracepoint__sys_enter", 1, 3)).toEqual([0n, 0n, 2n]);
  });

  it("user ring buffer: takes out what a process wrote, in order", (context) => {
    needKind(context, "user_ringbuf");
    const object = load(`
BPF_ARRAY(out, u64, 4);
BPF_USER_RINGBUF(commands, 1);
static long take(struct bpf_dynptr *command, u64 *count) {
	u64 value = 0;
	int slot = *count & 3;
	bpf_dynptr_read(&value, sizeof(value), command, 0, 0);
	out.update(&slot, &value);
	*count += 1;
	return 0;
}
RAW_TRACEPOINT_PROBE(sys_enter) {
	char comm[16];
	u64 count = 0;
	bpf_get_current_comm(comm, sizeof(comm));
	if (ctx->args[1] != ${mkdir} || comm[0] != 'p' || comm[8] != 's' || comm[11] != 'e') return 0;
	bpf_user_ringbuf_drain(&commands, take, &count, 0);
	int last = 3;
	out.update(&last, &count);
	return 0;
}`);
    const link = port.attachRawTracepoint(port.programHandle(object, "raw_tracepoint__sys_enter"), "sys_enter");
    expect(link).toBeGreaterThan(0);
    runTool(helper, "ring", ...findIds(object, "commands", "raw_tracepoint__sys_enter"));
    port.linkClose(link);
    expect(readOut(object, 4)).toEqual([100n, 200n, 300n, 3n]);
  });

  it("cgroup storage by id: keeps a value with the cgroup of a task", (context) => {
    needKind(context, "cgrp_storage");
    const object = load(`
BPF_ARRAY(out, u64, 2);
BPF_CGRP_STORAGE(calls, u64);
${put}
SEC("tp_btf/sys_enter") int BPF_PROG(on_enter, struct pt_regs *regs, long id) {
	struct task_struct *task = bpf_get_current_task_btf();
	if (task->tgid != ${process.pid} || id != ${mkdir}) return 0;
	u64 *count = calls.cgrp_storage_get(task->cgroups->dfl_cgrp, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!count) return 0;
	*count += 1;
	put(0, *count);
	if (*count == 3) put(1, 1 + calls.cgrp_storage_delete(task->cgroups->dfl_cgrp));
	return 0;
}`);
    const link = port.attachAuto(port.programHandle(object, "on_enter"));
    expect(link).toBeGreaterThan(0);
    callMkdir(3);
    expect(readOut(object, 2)).toEqual([3n, 1n]);
    callMkdir(1);
    port.linkClose(link);
    expect(readOut(object, 1)).toEqual([1n]);
  });

  it("devmap by hash: redirects where there is a device, and answers the flags where there is none", (context) => {
    needKind(context, "devmap_hash");
    const object = load(`
BPF_DEVMAP_HASH(devices, 4);
int there(struct xdp_md *ctx) { return devices.redirect_map(700, XDP_PASS); }
int nowhere(struct xdp_md *ctx) { return devices.redirect_map(701, XDP_PASS); }
`);
    // The loopback device has index 1 in every network namespace.
    expect(port.mapUpdate(port.mapHandle(object, "devices"), u32(700), u32(1), 0)).toBe(0);
    const run = (program: string): string => runTool(helper, "packet", ...findIds(object, "devices", program)).trim();
    expect([run("there"), run("nowhere")]).toEqual(["4", "2"]);
  });

  it("reuseport array: chooses the socket that gets a datagram", (context) => {
    needKind(context, "reuseport_array");
    const object = load(`
BPF_REUSEPORT_ARRAY(sockets, 2);
SEC("sk_reuseport") int choose(struct sk_reuseport_md *ctx) {
	u32 first = 0;
	return bpf_sk_select_reuseport(ctx, &sockets, &first, 0) == 0 ? SK_PASS : SK_DROP;
}`);
    expect(runTool(helper, "reuseport", ...findIds(object, "sockets", "choose"))).toBe("0\n10\n");
  });

  it("arena: pages that a program takes and fills", (context) => {
    needKind(context, "arena");
    if (newest.version < 19) context.skip("needs clang 19: older ones have no pointers into an arena");
    const object = load(`
#define __arena __attribute__((address_space(1)))
BPF_ARENA(pages, 4);
BPF_ARRAY(out, u64, 2);
${put}
extern void __arena *bpf_arena_alloc_pages(void *map, void __arena *address, u32 count, int node, u64 flags) __ksym;
SEC("syscall") int fill(void *ctx) {
	u64 __arena *page = bpf_arena_alloc_pages(&pages, 0, 1, -1, 0);
	if (!page) return 1;
	page[0] = 40;
	page[1] = 2;
	put(0, page[0] + page[1]);
	put(1, page[2]);
	return 0;
}`);
    expect(runTool(helper, "call", ...findIds(object, "pages", "fill")).trim()).toBe("0");
    expect(readOut(object, 2)).toEqual([42n, 0n]);
  });

  it("of libbpf's own words stands beside BCC's in one text", () => {
    const object = load(`
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 8); __type(key, u32); __type(value, u64); } plain SEC(".maps");
BPF_ARRAY(out, u64, 4);
BPF_HASH(words, u32, u64);
${put}
RAW_TRACEPOINT_PROBE(sys_enter) {
	u32 key = 1;
	u64 value = 5, *found;
	${mine()}
	put(3, words.delete(&key) == -ENOENT);
	bpf_map_update_elem(&plain, &key, &value, BPF_ANY);
	bpf_map_update_elem(&words, &key, &value, BPF_ANY);
	words.increment(key, 2);
	found = bpf_map_lookup_elem(&plain, &key);
	put(0, found ? *found : 0);
	found = bpf_map_lookup_elem(&words, &key);
	put(1, found ? *found : 0);
	found = words.lookup(&key);
	put(2, found ? *found : 0);
	return 0;
}`);
    expect(trace(object, "raw_tracepoint__sys_enter", 1, 4)).toEqual([5n, 7n, 7n, 1n]);
  });
});
