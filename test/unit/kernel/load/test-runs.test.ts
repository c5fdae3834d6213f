import { describe, expect, it } from "vitest";
import { UnsupportedFeatureError } from "../../../../runtime/base/errors.ts";
import { errno } from "../../../../runtime/kernel/door/errno.ts";
import { describeTestFailure, requireTestKind } from "../../../../runtime/kernel/load/test-runs.ts";
import { BPFProgType as Type } from "../../../../sdk/abi/program-types.ts";

const request = { functionName: "f", type: Type.SCHED_CLS as number, packet: new Uint8Array(60), hasContext: false };
const ipv6 = new Uint8Array(53);
ipv6.set([0x86, 0xdd], 12);

describe("a test run that the kernel refuses", () => {
  it.each([
    [{ packet: new Uint8Array(3) }, errno.EINVAL, "the kernel takes 14 bytes or more"],
    [{ packet: ipv6 }, errno.EINVAL, "its type says IPv6, whose header ends at byte 54"],
    [{ packet: new Uint8Array(9000) }, errno.EINVAL, "the kernel takes what fits into one page beside its own data"],
    [{ hasContext: true }, errno.EINVAL, "the kernel does not take this ctx"],
    [{}, errno.EINVAL, "EINVAL, invalid argument"],
    [{}, errno.ENOSPC, "it made the packet longer than 65,536 bytes more, for which bpfts has no room"],
    [{}, errno.E2BIG, "this kernel knows fewer fields of ctx than are set"],
    [{ type: Type.XDP, hasContext: true }, errno.EINVAL, "the kernel does not take this ctx"],
    [{ type: Type.SK_LOOKUP, packet: new Uint8Array(0) }, errno.ERANGE, "local_port is a port from 0 to 65535"],
    [
      { type: Type.SK_LOOKUP, packet: new Uint8Array(0) },
      errno.EAFNOSUPPORT,
      "the kernel asks no program about such sockets",
    ],
  ] as const)("is told with its reason: %#", (changes, status, reason) => {
    const whole = { ...request, ...changes };
    const on = whole.packet.length === 0 ? "" : ` on a packet of ${whole.packet.length} bytes`;
    expect(describeTestFailure(whole, status).message).toBe(`Cannot run "f"${on}: ${reason}`);
  });

  it("is told with the kernel that can where this one cannot", () => {
    const error = describeTestFailure({ ...request, type: Type.SK_LOOKUP }, errno.ENOTSUPP);
    expect(error).toBeInstanceOf(UnsupportedFeatureError);
    expect(error).toMatchObject({
      message: 'Cannot run "f": this kernel has no test run for sk_lookup programs',
      since: "5.13",
    });
  });

  it("is not asked for where no kernel has it", () => {
    for (const type of [Type.KPROBE, Type.TRACING, Type.SOCK_OPS, Type.SK_MSG, 99])
      expect(() => requireTestKind({ ...request, type })).toThrow(/no kernel has a test run for \S+/);
    expect(() => requireTestKind(request)).not.toThrow();
  });
});
