import { describe, expect, expectTypeOf, it } from "vitest";
import { BPFProgType as Type } from "../../../../sdk/abi/program-types.ts";
import type { BpfFunction } from "../../../../sdk/tables/bpf-function.ts";
import type { TestArgument } from "../../../../sdk/wire/function-calls.ts";
import { makeProgram, runScriptText } from "../../../support/guest-run.ts";

interface Asked extends TestArgument {
  readonly packet: readonly number[];
  readonly context: string;
}

/** Runs a function of a type against a host that answers what came in, with `answer` as what it returned. */
async function ask(
  type: number,
  options: string,
  answer = 0,
): Promise<{ asked: Asked[]; stdout: string; error: unknown }> {
  const asked: Asked[] = [];
  const { stdout, error } = await runScriptText(
    `import { BPF, print } from "bpfts";
const { packet, ctx, ...rest } = new BPF({ text: "int f(void *ctx) { return 0; }" }).load_func("f").test_run(${options});
print(JSON.stringify({ ...rest, packet: packet && [...packet], ctx }, (_, value) => typeof value === "bigint" ? Number(value) : value));`,
    {
      build: () =>
        makeProgram(
          {},
          {
            functions: {
              describe: () => ({ id: 7, tag: "0123456789abcdef", type }),
              test(_, packet, context, argument) {
                asked.push({ ...argument, packet: [...packet], context: Buffer.from(context).toString("hex") });
                return { answer, durationNs: 5, packet, context: argument.keepsContext ? context : new Uint8Array(0) };
              },
              pin: () => undefined,
            },
          },
        ),
    },
  );
  return { asked, stdout, error };
}

describe("test_run", () => {
  it("writes the fields of a context at their places and reads them back", async () => {
    const { asked, stdout } = await ask(
      Type.SCHED_CLS,
      "{ packet: new Uint8Array(14), ctx: { mark: 0x11223344, priority: 2, ifindex: 3, cb: [1, 2, 3, 4, 5], tstamp: 6n, hwtstamp: 7 }, repeat: 9 }",
      0xffffffff,
    );
    const context = Buffer.alloc(192);
    for (const [offset, value] of [
      [8, 0x11223344],
      [32, 2],
      [40, 3],
      [48, 1],
      [52, 2],
      [56, 3],
      [60, 4],
      [64, 5],
      [152, 6],
      [184, 7],
    ] as const)
      context.writeUInt32LE(value, offset);
    expect(asked).toEqual([
      { packetBytes: 14, repeat: 9, keepsContext: true, packet: Array(14).fill(0), context: context.toString("hex") },
    ]);
    expect(JSON.parse(stdout)).toMatchObject({
      retval: -1,
      action: "TC_ACT_UNSPEC",
      duration_ns: 5,
      ctx: { mark: 0x11223344, cb: [1, 2, 3, 4, 5], tstamp: 6, hwtstamp: 7 },
    });
  });

  it("gives XDP programs a context only when there is one, with the packet's end", async () => {
    expect((await ask(Type.XDP, "{ packet: new Uint8Array(20) }", 3)).asked[0]!.context).toBe("");
    const { asked, stdout } = await ask(Type.XDP, "{ packet: new Uint8Array(20), ctx: { rx_queue_index: 1 } }", 3);
    expect(asked[0]!.context).toBe("000000001400000000000000000000000100000000000000");
    expect(JSON.parse(stdout)).toMatchObject({ retval: 3, action: "XDP_TX", ctx: { data_end: 20 } });
  });

  it("gives raw tracepoints their arguments, negative ones too, and bytes as they are", async () => {
    const { asked } = await ask(Type.RAW_TRACEPOINT, "{ ctx: [1, -1n] }");
    expect(asked[0]).toMatchObject({ context: "0100000000000000ffffffffffffffff", repeat: 0, keepsContext: false });
    expect((await ask(Type.RAW_TRACEPOINT, "{ ctx: Uint8Array.of(1, 2) }")).asked[0]!.context).toBe("0102");
  });

  it.each([
    ["{ ctx: [1.5] }", 'Cannot run "f": ctx[0] is no whole number that is exact'],
    ["{ ctx: {} }", "takes ctx as the list of the tracepoint's arguments"],
    ["{ ctx: [1], packet: Uint8Array.of(1) }", "see no packet"],
    ["{ repeat: -1, ctx: [1] }", "takes repeat as a whole number from 1"],
    ["[]", "test_run() takes its options as an object"],
  ])("refuses %s", async (options, message) => {
    const { error, asked } = await ask(Type.RAW_TRACEPOINT, `${options} as never`);
    expect(String(error)).toContain(message);
    expect(asked).toEqual([]);
  });

  it("has types", () => {
    type Run = ReturnType<BpfFunction["test_run"]>;
    expectTypeOf<Run["retval"]>().toEqualTypeOf<number>();
    expectTypeOf<Run["packet"]>().toEqualTypeOf<Uint8Array | undefined>();
    expectTypeOf<NonNullable<Parameters<BpfFunction["test_run"]>[0]>["repeat"]>().toEqualTypeOf<number | undefined>();
    expectTypeOf<BpfFunction["id"]>().toEqualTypeOf<number>();
    // @ts-expect-error: the kernel has no such field
    const wrong: Parameters<BpfFunction["test_run"]>[0] = { ctx: { marc: 1 } };
    expect(wrong).toBeDefined();
  });
});
