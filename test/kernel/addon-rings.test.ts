import { describe, expect, it } from "vitest";
import { callMkdir, countFds, loadBpf, port, readRing, readU64, type RingRecord } from "../support/live-object.ts";

const perf = `
struct { __uint(type, 4); __uint(key_size, 4); __uint(value_size, 4); } events SEC(".maps");
u64 sequence = 0;
SEC("tracepoint/syscalls/sys_enter_mkdir") int on_mkdir(void *ctx) {
  u64 record[3] = {};
  if (!is_target()) return 0;
  record[0] = sequence++;
  record[1] = bpf_get_smp_processor_id();
  bpf_perf_event_output(ctx, &events, 0xffffffffULL, record, sizeof record);
  return 0;
}
`;

const ring = `
struct { __uint(type, 27); __uint(max_entries, 4096); } events SEC(".maps");
u64 sequence = 0; u64 dropped = 0;
SEC("tracepoint/syscalls/sys_enter_mkdir") int on_mkdir(void *ctx) {
  u64 record[3] = {};
  if (!is_target()) return 0;
  record[0] = sequence++;
  if (bpf_ringbuf_output(&events, record, record[0] % 2 ? 20 : 24, 0)) dropped++;
  return 0;
}
`;

interface Traced {
  readonly handle: number;
  readAll(maxBytes?: number): RingRecord[];
  close(): void;
}

function trace(text: string, open: (map: number) => number): Traced {
  const object = loadBpf(text);
  const handle = open(port.mapHandle(object, "events"));
  expect(handle).toBeGreaterThan(0);
  expect(
    port.attachTracepoint(port.programHandle(object, "on_mkdir"), "syscalls", "sys_enter_mkdir", 0n),
  ).toBeGreaterThan(0);
  return {
    handle,
    readAll(maxBytes = 1 << 20) {
      const records: RingRecord[] = [];
      for (;;) {
        const batch = readRing(handle, maxBytes);
        if (batch.length === 0) return records;
        records.push(...batch);
      }
    },
    close: () => void port.objectClose(object),
  };
}

const sequenceOf = (records: readonly RingRecord[]): number[] => records.map(({ bytes }) => Number(readU64(bytes)));
const count = (length: number): number[] => Array.from({ length }, (_, index) => index);

describe("a perf buffer", () => {
  it("delivers every record once, with its CPU", () => {
    const traced = trace(perf, (map) => port.perfBufferOpen(map, 64));
    callMkdir(1000);
    const records = traced.readAll();
    expect(sequenceOf(records).sort((a, b) => a - b)).toEqual(count(1000));
    expect(records.every(({ cpu, bytes }) => BigInt(cpu) === readU64(bytes, 1))).toBe(true);
    expect(port.ringLost(traced.handle)).toBe(0);
    traced.close();
  });

  it("stops at the budget and leaves the rest for the next read, for which no wait waits", () => {
    const traced = trace(perf, (map) => port.perfBufferOpen(map, 64));
    callMkdir(100);
    const first = readRing(traced.handle, 200);
    expect(first.length).toBeGreaterThan(3);
    expect(first.length).toBeLessThan(8);
    expect(port.wait(10_000)).toBeGreaterThan(0);
    expect(port.wait(10_000)).toBeGreaterThan(0);
    const rest = traced.readAll(100);
    expect([...sequenceOf(first), ...sequenceOf(rest)].sort((a, b) => a - b)).toEqual(count(100));
    expect(port.wait(0)).toBe(0);
    traced.close();
  });

  it("counts exactly what found no room", () => {
    const traced = trace(perf, (map) => port.perfBufferOpen(map, 1));
    callMkdir(5000);
    const early = port.ringLost(traced.handle);
    const delivered = traced.readAll().length;
    expect(early).toBeGreaterThan(0);
    expect(delivered + port.ringLost(traced.handle)).toBe(5000);
    callMkdir(10);
    expect(delivered + traced.readAll().length + port.ringLost(traced.handle)).toBe(5010);
    traced.close();
  });
});

describe("a ring buffer", () => {
  it("delivers every record in order, at its size", () => {
    const traced = trace(ring, (map) => port.ringBufferOpen(map));
    const records: RingRecord[] = [];
    for (let i = 0; i < 50; i++) {
      callMkdir(20);
      records.push(...traced.readAll());
    }
    expect(sequenceOf(records)).toEqual(count(1000));
    expect(records.map(({ bytes }) => bytes.length)).toEqual(count(1000).map((index) => (index % 2 === 1 ? 20 : 24)));
    traced.close();
  });

  it("wakes nobody once it is closed, though its map goes on filling, and opens again", () => {
    const object = loadBpf(ring);
    const map = port.mapHandle(object, "events");
    const other = port.ringBufferOpen(map);
    port.attachTracepoint(port.programHandle(object, "on_mkdir"), "syscalls", "sys_enter_mkdir", 0n);
    for (let i = 0; i < 3; i++) {
      const handle = port.ringBufferOpen(map);
      expect(handle).toBeGreaterThan(0);
      callMkdir(1);
      expect(readRing(other, 1000).length).toBe(1);
      expect(port.ringClose(handle)).toBe(0);
    }
    expect(port.ringClose(other)).toBe(0);
    callMkdir(1);
    expect(port.wait(30)).toBe(0);
    port.objectClose(object);
  });

  it("stops at the budget and loses nothing", () => {
    const traced = trace(ring, (map) => port.ringBufferOpen(map));
    callMkdir(100);
    const first = readRing(traced.handle, 64);
    expect(first.length).toBe(2);
    expect(port.wait(10_000)).toBeGreaterThan(0);
    expect([...sequenceOf(first), ...sequenceOf(traced.readAll(40))]).toEqual(count(100));
    expect(port.wait(0)).toBe(0);
    expect(readRing(traced.handle, 1000).length).toBe(0);
    traced.close();
  });
});

describe.each([
  ["perf buffer", perf, (map: number) => port.perfBufferOpen(map, 8)],
  ["ring buffer", ring, (map: number) => port.ringBufferOpen(map)],
] as const)("a %s", (_, text, open) => {
  it("wakes a wait within moments, and not one that leaves rings out", () => {
    const child = port.processSpawn(
      [
        "python3",
        "-c",
        "import os, time\ntime.sleep(0.1)\ntry: os.mkdir('/proc/self/nowhere/nothing')\nexcept OSError: pass\ntime.sleep(60)",
      ],
      [],
      "",
      "",
    );
    const object = loadBpf(text, port.processPid(child));
    const handle = open(port.mapHandle(object, "events"));
    port.attachTracepoint(port.programHandle(object, "on_mkdir"), "syscalls", "sys_enter_mkdir", 0n);
    port.processRelease(child);
    expect(port.wait(30_000)).toBeGreaterThan(0);
    expect(port.wait(30, 2)).toBe(0);
    expect(readRing(handle, 1000).length).toBe(1);
    expect(port.wait(30)).toBe(0);
    port.processClose(child);
    port.objectClose(object);
  });

  it("ends a rest when an eighth of it is taken, and not before", () => {
    const traced = trace(ring, (map) => port.ringBufferOpen(map));
    callMkdir(3);
    // 0: nothing wakes the rest but a ring that fills.
    expect(port.wait(30, 0, 5)).toBe(0);
    // Records of 32 bytes in 4096.
    callMkdir(29);
    const start = performance.now();
    expect(port.wait(30_000, 0, 5)).toBe(1);
    expect(performance.now() - start).toBeLessThan(5000);
    expect(sequenceOf(traced.readAll())).toEqual(count(32));
    expect(port.wait(30, 0, 5)).toBe(0);
    traced.close();
  });

  it("is closed with its object, gives everything back, and answers EBADF afterwards", () => {
    trace(text, open).close();
    const before = countFds();
    const traced = trace(text, open);
    callMkdir(3);
    traced.close();
    expect(countFds()).toBe(before);
    expect([
      port.ringRead(traced.handle, new Uint8Array(100), false),
      port.ringLost(traced.handle),
      port.ringClose(traced.handle),
      port.wait(0),
    ]).toEqual([-9, -9, 0, 0]);
  });
});

describe.each([
  ["perf buffer", perf, (map: number) => port.perfBufferOpen(map, 8)],
  ["ring buffer", ring, (map: number) => port.ringBufferOpen(map)],
] as const)("a %s whose record finds no room", (_, text, open) => {
  it("says so and keeps it", () => {
    const traced = trace(text, open);
    callMkdir(2);
    expect([
      port.ringRead(traced.handle, new Uint8Array(31), false),
      port.ringRead(traced.handle, new Uint8Array(0), false),
    ]).toEqual([-90, -90]);
    expect(port.wait(10_000)).toBeGreaterThan(0);
    expect([...sequenceOf(readRing(traced.handle, 40)), ...sequenceOf(traced.readAll())].sort()).toEqual([0, 1]);
    traced.close();
  });
});

describe("two rings on one map", () => {
  it("share its records, and the one that stays is still woken", () => {
    const object = loadBpf(ring);
    const map = port.mapHandle(object, "events");
    const [first, second] = [port.ringBufferOpen(map), port.ringBufferOpen(map)];
    port.attachTracepoint(port.programHandle(object, "on_mkdir"), "syscalls", "sys_enter_mkdir", 0n);
    callMkdir(1);
    expect(readRing(first, 1000).length).toBe(1);
    expect(port.ringClose(first)).toBe(0);
    expect(port.wait(0)).toBe(0);
    callMkdir(1);
    expect(port.wait(10_000)).toBeGreaterThan(0);
    expect(readRing(second, 1000).length).toBe(1);
    port.objectClose(object);
  });
});

describe("a ring on the wrong map", () => {
  it("does not open", () => {
    const object = loadBpf(ring);
    const events = port.mapHandle(object, "events");
    expect(port.perfBufferOpen(events, 8)).toBe(-22);
    expect(port.lastLog()).toContain("should be BPF_MAP_TYPE_PERF_EVENT_ARRAY");
    expect(
      port.ringBufferOpen(
        port.mapHandle(object, port.objectMaps(object).find(({ name }) => name.endsWith(".bss"))!.name),
      ),
    ).toBe(-22);
    expect(port.ringBufferOpen(12345)).toBe(-9);
    port.objectClose(object);
    const perfObject = loadBpf(perf);
    expect(port.perfBufferOpen(port.mapHandle(perfObject, "events"), 3)).toBe(-22);
    port.objectClose(perfObject);
  });
});
