import { describe, expect, it } from "vitest";
import { prepare } from "../fake-env.ts";

const list = (text: string): (string | number)[][] =>
  prepare(text).maps.map(({ name, kind, lostIndex }) => [name, kind, ...(lostIndex === undefined ? [] : [lostIndex])]);

describe("maps that macros of the text declare", () => {
  it("are found by a macro with a parameter, one without, and one in another", () => {
    expect(
      list(
        '#define RING(n) BPF_RINGBUF_OUTPUT(n, 8)\n#define ONLY BPF_TABLE("perf_output", int, u32, only, 0)\n#define TWO(p) RING(p##_ring); \\\n  BPF_HASH(p##_hash, u32)\nBPF_PERF_OUTPUT(plain);\nRING(a);\nONLY;\nTWO(b);\n',
      ),
    ).toEqual([
      ["plain", "perf_output", 0],
      ["a", "ringbuf", 1],
      ["only", "perf_output", 2],
      ["b_hash", "hash"],
      ["b_ring", "ringbuf", 3],
    ]);
  });

  it("are found with what a macro is given as the rest", () => {
    expect(list("#define MAP(...) BPF_HASH(__VA_ARGS__)\nMAP(h, u32, u64);\n")).toEqual([["h", "hash"]]);
  });

  it("are not found in the bodies of functions, nor where the macro is only defined", () => {
    expect(list("#define RING(n) BPF_RINGBUF_OUTPUT(n, 8)\nint f(void *ctx) { RING(a); return 0; }\n")).toEqual([]);
  });

  it("do not keep a macro that names itself from ending", () => {
    expect(list("#define A(n) A(n) BPF_HASH(n)\nA(h);\n")[0]).toEqual(["h", "hash"]);
  });

  it("count losses of a ring that only another file declares in a place for all such rings", () => {
    const { text } = prepare("int f(void *ctx) { u32 x = 0; elsewhere.perf_submit(ctx, &x, 4); return 0; }\n");
    expect(text).toContain(
      "#define __bpfts_lost_index_elsewhere 0\nbpfts_map(BPF_MAP_TYPE_PERCPU_ARRAY, u32, u64, __bpfts_lost, 1, 0);",
    );
  });
});
