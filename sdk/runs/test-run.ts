import { BPFProgType } from "../abi/program-types.ts";
import { MAX, requireInteger, requireOptions } from "../checks/check-options.ts";
import { makeCodec } from "../codec/codec.ts";
import { makeArgumentError } from "../wire/errors.ts";
import { TEST_HEAD_BYTES } from "../wire/function-calls.ts";
import { callHost } from "../wire/host.ts";
import type { StructLayout } from "../wire/layout.ts";
import { runProgram } from "./run-program.ts";
import { flowKeys, testKinds } from "./test-contexts.ts";
import type { FlowKeys, TestContext, TestKind } from "./test-contexts.ts";

/**
 * What a function is run on.
 *
 * @example
 * import { make_packet, print, type TestRunOptions } from "bpfts";
 * const options: TestRunOptions = { packet: make_packet({ eth: {}, ipv4: {}, udp: { dport: 53 } }), repeat: 100 };
 * print(options.repeat); // 100
 */
export interface TestRunOptions {
  /** The bytes of a packet, from its Ethernet header on: for XDP, tc, cgroup and netfilter programs, socket filters and flow dissectors. */
  readonly packet?: Uint8Array;
  /** What the function sees beside the packet; what is left out is 0. For raw tracepoints: the list of their arguments. Bytes (Uint8Array) are taken as they are. */
  readonly ctx?: TestContext | readonly (bigint | number)[] | Uint8Array;
  /** How often it runs, once unless given; `duration_ns` is the mean. The function meets the packet as it left it the time before; each million of runs begins with the packet that was given. */
  readonly repeat?: number;
}

/**
 * How a function went that ran on a packet or a context of the script's.
 *
 * @example
 * import { print, type TestRun } from "bpfts";
 * const describe = ({ action, duration_ns }: TestRun): string => `${action ?? "?"} in ${duration_ns} ns`;
 * print(describe({ retval: 1, action: "XDP_DROP", duration_ns: 45 })); // XDP_DROP in 45 ns
 */
export interface TestRun {
  /** What it returned. */
  readonly retval: number;
  /** The name of that, where programs of its type have names for it: `"XDP_DROP"`, `"TC_ACT_OK"`. */
  readonly action?: string;
  /** The packet as it was left; undefined where there was none. */
  readonly packet?: Uint8Array;
  /** The context as it was left; undefined where the kernel does not answer it. XDP programs have one only when one is given. */
  readonly ctx?: TestContext;
  /** What a flow dissector found. */
  readonly flow_keys?: FlowKeys;
  /** Units: nanoseconds of a run, 0 where the kernel does not measure. */
  readonly duration_ns: number;
}

/** Where a function is in the kernel. */
interface FunctionInHand {
  readonly name: string;
  readonly program: number;
  /** Source: enum bpf_prog_type; 0 in a check that loads nothing. */
  readonly type: number;
}

/** Runs a function on what the script gives. @throws BpfError when no kernel runs such functions, or this one does not */
export function testFunction(fn: FunctionInHand, options: TestRunOptions): TestRun {
  requireOptions("test_run()", options, ["packet", "ctx", "repeat"]);
  requireInteger("test_run()", "repeat", options.repeat, 1, MAX.i32);
  if (options.packet !== undefined && !(options.packet instanceof Uint8Array))
    throw makeArgumentError("test_run() takes packet as bytes (Uint8Array)", "Uint8Array.from([0xff, …]) makes them");
  if (fn.type === BPFProgType.SYSCALL) return runSystemCall(fn, options);
  const kind = testKinds[fn.type];
  if (kind !== undefined) requireFit(fn, kind, options);
  const packet = options.packet ?? new Uint8Array(0);
  const context = kind === undefined ? new Uint8Array(0) : encodeContext(fn, kind, options);
  const bytes = new Uint8Array(packet.length + context.length);
  bytes.set(packet);
  bytes.set(context, packet.length);
  const answer = callHost(
    "function_test",
    {
      program: fn.program,
      fnName: fn.name,
      test: {
        packetBytes: packet.length,
        repeat: kind?.context === "list" ? 0 : (options.repeat ?? 1),
        keepsContext: kind?.keepsContext === true,
      },
    },
    bytes,
  )!;
  return readAnswer(fn, kind, answer);
}

function runSystemCall(fn: FunctionInHand, { packet, ctx, repeat }: TestRunOptions): TestRun {
  if (packet !== undefined || repeat !== undefined)
    throw makeArgumentError(
      `Cannot run "${fn.name}": a system call program takes neither packet nor repeat`,
      "give ctx alone, or call prog_run()",
    );
  const { retval, ctx: left } = runProgram(fn.program, fn.name, ctx);
  return { retval, ...(left !== undefined && { ctx: left as TestContext }), duration_ns: 0 };
}

function requireFit({ name }: FunctionInHand, kind: TestKind, { packet, ctx, repeat }: TestRunOptions): void {
  const action = `Cannot run "${name}"`;
  if (kind.takesPacket && (packet === undefined || packet.length === 0))
    throw makeArgumentError(`${action}: it runs on a packet`, "give packet: bytes from the Ethernet header on");
  if (!kind.takesPacket && packet !== undefined)
    throw makeArgumentError(`${action}: programs of its type see no packet`, "give ctx alone");
  if (kind.context === undefined && ctx !== undefined)
    throw makeArgumentError(`${action}: programs of its type take no ctx in a test run`);
  if (kind.context !== "list") return;
  if (repeat !== undefined)
    throw makeArgumentError(`${action}: the kernel runs programs of raw tracepoints once`, "leave repeat out");
  if (!Array.isArray(ctx) && !(ctx instanceof Uint8Array))
    throw makeArgumentError(
      `${action}: a program of a raw tracepoint takes ctx as the list of the tracepoint's arguments`,
      "for example ctx: [1n, 2n]",
    );
}

function encodeContext({ name }: FunctionInHand, kind: TestKind, { packet, ctx }: TestRunOptions): Uint8Array {
  if (ctx instanceof Uint8Array) return ctx;
  const { context } = kind;
  if (context === undefined || (ctx === undefined && kind.alwaysContext !== true)) return new Uint8Array(0);
  if (context === "list") return encodeList(name, ctx as readonly (bigint | number)[]);
  const end = context.members.some((member) => member.name === "data_end") ? { data_end: packet?.length ?? 0 } : {};
  const whole = { ...makeZeros(context), ...end, ...ctx };
  return makeCodec(context, `ctx of "${name}"`).encode(whole);
}

/** Units: bytes of an argument of a raw tracepoint. */
const WORD_BYTES = 8;

function encodeList(name: string, list: readonly (bigint | number)[]): Uint8Array {
  const bytes = new Uint8Array(list.length * WORD_BYTES);
  const view = new DataView(bytes.buffer);
  list.forEach((value, index) => {
    if (typeof value !== "bigint" && !Number.isSafeInteger(value))
      throw makeArgumentError(
        `Cannot run "${name}": ctx[${index}] is no whole number that is exact`,
        "write it as a bigint: 1n",
      );
    view.setBigUint64(index * WORD_BYTES, BigInt.asUintN(64, BigInt(value)), true);
  });
  return bytes;
}

function makeZeros(layout: StructLayout): Record<string, unknown> {
  return makeCodec<Record<string, unknown>>(layout, layout.name).decode(new Uint8Array(layout.size));
}

function readAnswer({ name, type }: FunctionInHand, kind: TestKind | undefined, answer: Uint8Array): TestRun {
  const view = new DataView(answer.buffer, answer.byteOffset);
  // A socket filter answers how many bytes it keeps, all others an int of C.
  const retval = type === BPFProgType.SOCKET_FILTER ? view.getUint32(0, true) : view.getInt32(0, true);
  const packetEnd = TEST_HEAD_BYTES + view.getUint32(8, true);
  const packet = answer.slice(TEST_HEAD_BYTES, packetEnd);
  const context = answer.slice(packetEnd);
  const action = kind?.actions?.[retval];
  const layout = kind?.context;
  const left =
    kind?.keepsContext === true && typeof layout === "object" && context.length > 0
      ? decodeContext(layout, context)
      : undefined;
  const found =
    type === BPFProgType.FLOW_DISSECTOR && packet.length >= flowKeys.size
      ? makeCodec<FlowKeys>(flowKeys, `what "${name}" found`).decode(packet)
      : undefined;
  return {
    retval,
    ...(action !== undefined && { action }),
    ...(packet.length > 0 && found === undefined && { packet }),
    ...(left !== undefined && { ctx: left }),
    ...(found !== undefined && { flow_keys: found }),
    duration_ns: view.getUint32(4, true),
  };
}

/** An older kernel's context may be shorter. */
function decodeContext(layout: StructLayout, bytes: Uint8Array): TestContext {
  const whole = new Uint8Array(layout.size);
  whole.set(bytes.subarray(0, layout.size));
  return makeCodec<TestContext>(layout, layout.name).decode(whole);
}
