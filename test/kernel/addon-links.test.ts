import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { plainPerfEvent } from "../../runtime/kernel/hooks/perf-events.ts";
import { haveFeature } from "../../runtime/kernel/machine/features.ts";
import type { UprobeTarget } from "../../runtime/kernel/door/port.ts";
import { callMkdir, countFds, loadBpf, port, readU64, requireBytes, u32 } from "../support/live-object.ts";
import { needFeature } from "../support/need-feature.ts";

/** A program that asks for its cookie does not load on a kernel that has none. */
const hasCookies = haveFeature(port, "bpf_cookie") !== false;

const programs = `
#define COUNT(slot) do { u32 key = slot; u64 *count = bpf_map_lookup_elem(&counts, &key); if (count) __sync_fetch_and_add(count, 1); } while (0)
struct { __uint(type, 2); __uint(max_entries, 8); __type(key, u32); __type(value, u64); } counts SEC(".maps");
struct raw_arguments { u64 args[2]; };
SEC("raw_tp") int on_enter(struct raw_arguments *ctx) { if (is_target() && ctx->args[1] == MKDIR) COUNT(0); return 0; }
SEC("tp_btf/sys_enter") int on_typed_enter(u64 *ctx) { if (is_target() && ctx[1] == MKDIR) COUNT(1); return 0; }
SEC("uprobe") int on_call(void *ctx) {
  u32 key = 7;
  u64 cookie = COOKIE;
  COUNT(2);
  bpf_map_update_elem(&counts, &key, &cookie, 0);
  return 0;
}
SEC("uretprobe") int on_return(void *ctx) { COUNT(3); return 0; }
SEC("perf_event") int on_sample(void *ctx) { if (is_target()) COUNT(4); return 0; }
SEC("kprobe") int on_kprobe(void *ctx) { if (is_target()) COUNT(5); return 0; }
SEC("tp/syscalls/sys_enter_mkdir") int on_mkdir(void *ctx) { if (is_target()) COUNT(6); return 0; }
`
  .replaceAll("MKDIR", process.arch === "arm64" ? "34" : "83")
  .replace("COOKIE", hasCookies ? "bpf_get_attach_cookie(ctx)" : "0");

/** A program of our own to probe: calls its function as often as it is told. */
const probed = `
#include <stdlib.h>
__attribute__((noinline, used)) int probed_function(int value) { __asm__ volatile(""); return value + 1; }
int main(int argc, char **argv) { int sum = 0; for (int i = 0; i < atoi(argv[1]); i++) sum += probed_function(i); return sum == -1; }
`;

const folder = mkdtempSync(join(tmpdir(), "bpfts-test-"));
const binary = join(folder, "probed");
let offset = 0n;
let object = 0;

beforeAll(() => {
  writeFileSync(`${binary}.c`, probed);
  expect(spawnSync("cc", ["-O1", "-no-pie", "-o", binary, `${binary}.c`]).status).toBe(0);
  const symbol = /^([0-9a-f]+) T probed_function$/m.exec(spawnSync("nm", [binary], { encoding: "utf8" }).stdout)![1]!;
  // Not position-independent: the first segment is mapped at 0x400000.
  offset = BigInt(`0x${symbol}`) - 0x400000n;
  object = loadBpf(programs);
});

afterAll(() => {
  port.objectClose(object);
  rmSync(folder, { recursive: true });
});

const program = (name: string): number => port.programHandle(object, name);
const counted = (slot: number): number =>
  Number(readU64(requireBytes(port.mapLookup(port.mapHandle(object, "counts"), u32(slot), 0))));
const uprobe = (changes: Partial<UprobeTarget>): UprobeTarget => ({
  path: binary,
  offset,
  retprobe: false,
  pid: -1,
  refCtrOffset: 0n,
  cookie: 0n,
  ...changes,
});
const callProbed = (times: number): void => void spawnSync(binary, [String(times)]);

describe("a link", () => {
  it("on a raw tracepoint counts until it is closed", () => {
    const link = port.attachRawTracepoint(program("on_enter"), "sys_enter");
    expect(link).toBeGreaterThan(0);
    callMkdir(50);
    port.linkClose(link);
    callMkdir(50);
    expect(counted(0)).toBe(50);
    expect(port.attachRawTracepoint(program("on_enter"), "no_such_event")).toBe(-2);
  });

  it("that the section names needs no more words", () => {
    for (const [name, slot] of [
      ["on_typed_enter", 1],
      ["on_mkdir", 6],
    ] as const) {
      const link = port.attachAuto(program(name));
      expect(link).toBeGreaterThan(0);
      callMkdir(20);
      port.linkClose(link);
      expect([name, counted(slot)]).toEqual([name, 20]);
    }
  });

  it("on a user function counts its calls and its returns", () => {
    const links = [
      port.attachUprobe(program("on_call"), uprobe({})),
      port.attachUprobe(program("on_return"), uprobe({ retprobe: true })),
    ];
    for (const link of links) expect(link).toBeGreaterThan(0);
    callProbed(31);
    expect([counted(2), counted(3)]).toEqual([31, 31]);
    for (const link of links) port.linkClose(link);
    callProbed(5);
    expect(counted(2)).toBe(31);
  });

  it("on a user function brings its cookie", (context) => {
    needFeature(context, port, "bpf_cookie");
    const link = port.attachUprobe(program("on_call"), uprobe({ cookie: 0xfedcba9876543210n }));
    expect(link).toBeGreaterThan(0);
    callProbed(1);
    port.linkClose(link);
    expect(readU64(requireBytes(port.mapLookup(port.mapHandle(object, "counts"), u32(7), 0)))).toBe(
      0xfedcba9876543210n,
    );
  });

  it("on a user function of one process sees no other", () => {
    const before = counted(2);
    const child = port.processSpawn([binary, "17"], [], "", "");
    const link = port.attachUprobe(program("on_call"), uprobe({ pid: port.processPid(child) }));
    callProbed(9);
    port.processRelease(child);
    while (!(port.processState(child) as { exited: boolean }).exited) port.wait(1000);
    port.linkClose(link);
    port.processClose(child);
    expect(counted(2) - before).toBe(17);
  });

  it("on a user function that is not there tells why", () => {
    expect(port.attachUprobe(program("on_call"), uprobe({ path: "/nowhere/nothing" }))).toBe(-2);
    expect(port.lastLog()).toContain("/nowhere/nothing");
    expect(port.attachUprobe(program("on_call"), uprobe({ offset: 1n << 40n }))).toBe(-22);
  });

  it("on a clock samples the process that it was told", () => {
    const link = port.attachPerfEvent(program("on_sample"), {
      ...plainPerfEvent,
      type: 1,
      config: 0n,
      samplePeriod: 0n,
      sampleFreq: 999n,
      pid: process.pid,
      cpu: -1,
    });
    expect(link).toBeGreaterThan(0);
    const end = process.cpuUsage().user + 300_000;
    while (process.cpuUsage().user < end);
    port.linkClose(link);
    const samples = counted(4);
    expect(samples).toBeGreaterThan(50);
    const fds = countFds();
    for (const target of [
      { samplePeriod: 0n, sampleFreq: 0n },
      { samplePeriod: 1n, sampleFreq: 1n },
    ]) {
      expect(
        port.attachPerfEvent(program("on_sample"), {
          ...plainPerfEvent,
          type: 1,
          config: 0n,
          pid: process.pid,
          cpu: -1,
          ...target,
        }),
      ).toBe(-22);
    }
    // The event opens, the program does not fit it.
    expect(
      port.attachPerfEvent(program("on_enter"), {
        ...plainPerfEvent,
        type: 1,
        config: 0n,
        samplePeriod: 0n,
        sampleFreq: 99n,
        pid: process.pid,
        cpu: -1,
      }),
    ).toBe(-22);
    expect([counted(4), countFds()]).toEqual([samples, fds]);
  });

  it("on a kernel function counts where the kernel has kprobes, and says so where not", () => {
    const link = port.attachKprobe(
      program("on_kprobe"),
      `__${process.arch === "arm64" ? "arm64" : "x64"}_sys_mkdir`,
      0n,
      false,
      0n,
    );
    if (haveFeature(port, "kprobe") === false) {
      expect(link).toBe(-2);
      expect(port.lastLog()).toContain("on_kprobe");
      return;
    }
    callMkdir(12);
    expect(counted(5)).toBe(12);
    port.linkClose(link);
    expect(port.attachKprobe(program("on_kprobe"), "no_such_function", 0n, false, 0n)).toBe(-2);
  });
});
