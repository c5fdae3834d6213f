import { plainPerfEvent } from "../../runtime/kernel/hooks/perf-events.ts";
import { describe, expect, it } from "vitest";
import { compileBpf } from "../support/compile-bpf.ts";
import { callMkdir, countFds, loadBpf, port, readU64, requireBytes, u32, u64 } from "../support/live-object.ts";

const counter = `
struct { __uint(type, 1); __uint(max_entries, 16); __type(key, u32); __type(value, u64); } a_map_whose_name_is_long SEC(".maps");
SEC("tracepoint/syscalls/sys_enter_mkdir") int on_mkdir(void *ctx) {
  u32 key = 7; u64 one = 1, *count;
  if (!is_target()) return 0;
  count = bpf_map_lookup_elem(&a_map_whose_name_is_long, &key);
  if (count) __sync_fetch_and_add(count, 1); else bpf_map_update_elem(&a_map_whose_name_is_long, &key, &one, 0);
  return 0;
}
SEC("tracepoint/syscalls/sys_exit_mkdir") int on_exit(void *ctx) { return 0; }
`;

const rejected = `
SEC("raw_tp/sys_enter") int fine(void *ctx) { return 0; }
SEC("raw_tp/sys_enter") int reads_null(void *ctx) { return *(volatile int *)0; }
`;

describe("an object", () => {
  it("opens, loads, attaches and counts exactly what this process does", () => {
    const object = loadBpf(counter);
    const map = port.mapHandle(object, "a_map_whose_name_is_long");
    const link = port.attachTracepoint(port.programHandle(object, "on_mkdir"), "syscalls", "sys_enter_mkdir", 0n);
    expect(link).toBeGreaterThan(0);
    callMkdir(123);
    expect(readU64(requireBytes(port.mapLookup(map, u32(7), 0)))).toBe(123n);
    expect(port.linkClose(link)).toBe(0);
    callMkdir(5);
    expect(readU64(requireBytes(port.mapLookup(map, u32(7), 0)))).toBe(123n);
    expect(port.objectClose(object)).toBe(0);
  });

  it("tells what is in it before and after the load", () => {
    const object = port.objectOpen(compileBpf(counter), "described");
    expect(port.objectPrograms(object)).toEqual([
      { name: "on_mkdir", section: "tracepoint/syscalls/sys_enter_mkdir", type: 5 },
      { name: "on_exit", section: "tracepoint/syscalls/sys_exit_mkdir", type: 5 },
    ]);
    expect(port.objectMaps(object)[0]).toEqual({
      name: "a_map_whose_name_is_long",
      type: 1,
      keySize: 4,
      valueSize: 8,
      maxEntries: 16,
      flags: 0,
    });
    const map = port.mapHandle(object, "a_map_whose_name_is_long");
    expect(port.mapHandle(object, "a_map_whose_name_is_long")).toBe(map);
    expect([port.descriptorPath(map), port.mapInfo(map), port.mapLookup(map, u32(7), 0)]).toEqual([-9, -9, -9]);
    expect(port.mapSetMaxEntries(object, "a_map_whose_name_is_long", 99)).toBe(0);
    expect(port.programSetAutoload(object, "on_exit", false)).toBe(0);
    expect(port.objectLoad(object, 0)).toEqual({ status: 0, log: "", programLogs: {} });
    expect(port.mapInfo(map)).toMatchObject({
      name: "a_map_whose_name_is_long",
      maxEntries: 99,
      id: expect.any(Number),
    });
    expect(port.descriptorPath(port.programHandle(object, "on_mkdir"))).toMatch(/^\/proc\/self\/fd\/\d+$/);
    expect(port.descriptorPath(port.programHandle(object, "on_exit"))).toBe(-9);
    expect(port.programInfo(port.programHandle(object, "on_mkdir"))).toMatchObject({
      id: expect.any(Number),
      recursionMisses: 0n,
    });
    expect(port.objectLoad(object, 0).status).toBe(-114);
    expect([
      port.mapHandle(object, "nothing"),
      port.programHandle(object, "nothing"),
      port.mapSetMaxEntries(object, "nothing", 1),
    ]).toEqual([-2, -2, -2]);
    port.objectClose(object);
  });

  it("answers the verifier's log of the program that was rejected, and only of that one", () => {
    const object = port.objectOpen(compileBpf(rejected), "rejected");
    const result = port.objectLoad(object, 0);
    expect(result.status).toBe(-13);
    expect(Object.keys(result.programLogs)).toEqual(["reads_null"]);
    expect(result.programLogs["reads_null"]).toContain("invalid mem access");
    expect(result.log).toContain("reads_null");
    port.objectClose(object);
  });

  it("answers the log of programs that were accepted when it is asked for", () => {
    const object = port.objectOpen(compileBpf(counter), "logged");
    const result = port.objectLoad(object, 1);
    expect(Object.keys(result.programLogs)).toEqual(["on_mkdir", "on_exit"]);
    expect(result.programLogs["on_mkdir"]).toMatch(/processed \d+ insns/);
    port.objectClose(object);
  });

  it("says why bytes are no object", () => {
    expect(port.objectOpen(new Uint8Array([1, 2, 3]), "broken")).toBeLessThan(0);
    expect(port.lastLog()).toContain("ELF");
    expect(port.objectOpen(new Uint8Array(), "empty")).toBeLessThan(0);
  });

  it("uses a map that exists, and opens maps by id", () => {
    const first = loadBpf(counter);
    const map = port.mapHandle(first, "a_map_whose_name_is_long");
    port.mapUpdate(map, u32(1), u64(42), 0);
    const second = port.objectOpen(compileBpf(counter), "second");
    expect(port.mapReuse(second, "a_map_whose_name_is_long", map)).toBe(0);
    expect(port.objectLoad(second, 0).status).toBe(0);
    const info = port.mapInfo(map);
    const byId = port.mapOpenId(typeof info === "number" ? -1 : info.id);
    port.objectClose(first);
    for (const handle of [port.mapHandle(second, "a_map_whose_name_is_long"), byId])
      expect(readU64(requireBytes(port.mapLookup(handle, u32(1), 0)))).toBe(42n);
    expect(port.mapClose(byId)).toBe(0);
    port.objectClose(second);
  });

  it("gives every file descriptor back, in whatever order things are closed", () => {
    const bytes = compileBpf(counter);
    const cycle = (closesLinkFirst: boolean): void => {
      const object = port.objectOpen(bytes, "cycle");
      port.objectLoad(object, 0);
      const program = port.programHandle(object, "on_mkdir");
      const link = port.attachTracepoint(program, "syscalls", "sys_enter_mkdir", 0n);
      expect(port.attachTracepoint(program, "syscalls", "no_such_event", 0n)).toBe(-2);
      if (closesLinkFirst) port.linkClose(link);
      port.objectClose(object);
      expect(port.linkClose(link)).toBe(0);
    };
    cycle(true);
    const before = countFds();
    for (let i = 0; i < 3; i++) cycle(i % 2 === 0);
    expect(countFds()).toBe(before);
  });
});

describe("a handle", () => {
  it("is stale after its object is closed, and closing twice is fine", () => {
    const object = loadBpf(counter);
    const map = port.mapHandle(object, "a_map_whose_name_is_long");
    const program = port.programHandle(object, "on_mkdir");
    const link = port.attachTracepoint(program, "syscalls", "sys_enter_mkdir", 0n);
    expect([port.objectClose(object), port.objectClose(object), port.linkClose(link), port.mapClose(map)]).toEqual([
      0, 0, 0, 0,
    ]);
    expect(port.mapLookup(map, u32(1), 0)).toBe(-9);
    expect(port.mapReadAll(map, false)).toBe(-9);
    expect(port.descriptorPath(program)).toBe(-9);
    expect(port.programInfo(program)).toBe(-9);
    expect(port.attachTracepoint(program, "syscalls", "sys_enter_mkdir", 0n)).toBe(-9);
    expect(
      port.attachPerfEvent(program, {
        ...plainPerfEvent,
        type: 1,
        config: 0n,
        samplePeriod: 1000n,
        sampleFreq: 0n,
        pid: -1,
        cpu: 0,
      }),
    ).toBe(-9);
    expect(port.objectLoad(object, 0).status).toBe(-9);
    expect(port.objectMaps(object)).toEqual([]);
    // The slot has a new owner: the old handle must not find it.
    const next = port.objectOpen(compileBpf(counter), "next");
    expect(next).not.toBe(object);
    expect(port.objectMaps(object)).toEqual([]);
    port.objectClose(next);
  });

  it("of another kind, or none at all, is no handle", () => {
    const object = port.objectOpen(compileBpf(counter), "kinds");
    expect([
      port.descriptorPath(object),
      port.linkClose(object),
      port.descriptorPath(0),
      port.mapClose(-1),
      port.ringClose(0x7fffffff),
      port.ringRead(object, new Uint8Array(10), false),
    ]).toEqual([-9, -9, -9, -9, -9, -9]);
    port.objectClose(object);
  });
});

describe("arguments", () => {
  const loose = port as unknown as Readonly<Record<string, (...args: readonly unknown[]) => unknown>>;

  it.each([
    ["mapClose", ["1"], /argument 1 must be an integer/],
    ["mapClose", [1.5], /argument 1 must be an integer/],
    ["mapClose", [2 ** 31], /argument 1 must be an integer/],
    ["mapClose", [], /argument 1 must be an integer/],
    ["mapLookup", [1, [1, 2], 0], /argument 2 must be a Uint8Array/],
    ["mapLookup", [1, new Uint16Array(2), 0], /argument 2 must be a Uint8Array/],
    ["attachKprobe", [1, "x", -1n, false, 0n], /argument 3 must be a bigint/],
    ["attachKprobe", [1, "x", 1n << 64n, false, 0n], /argument 3 must be a bigint/],
    ["attachKprobe", [1, "x", 0, false, 0n], /argument 3 must be a bigint/],
    ["attachKprobe", [1, "x\0y", 0n, false, 0n], /argument 2 must be a string/],
    ["attachUprobe", [1, { path: "/x" }], /argument 2 must be a uprobe target/],
    ["processSpawn", [["a", 1]], /argument 1 must be an array of strings/],
    ["mapUpdateAll", [1, { keys: new Uint8Array() }, 0], /argument 2 must be a batch/],
  ])("of a wrong type throw a TypeError: %s, case %#", (name, args, message) => {
    expect(() => loose[name]!(...args)).toThrow(TypeError);
    expect(() => loose[name]!(...args)).toThrow(message);
  });
});
