import { describe, expect, it } from "vitest";
import { findSectionType, findSimilarSection } from "../../../../runtime/kernel/hooks/section-types.ts";
import { listDefaultRouteDevices, listDevices } from "../../../../runtime/kernel/network/devices.ts";
import { openFakeKernel } from "../../../support/fake-kernel.ts";

const u32 = (value: number): Uint8Array => new Uint8Array(Uint32Array.of(value).buffer);
const text = (value: string): Uint8Array => new TextEncoder().encode(`${value}\0`);

function attribute(type: number, payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array((4 + payload.length + 3) & ~3);
  new DataView(bytes.buffer).setUint16(0, 4 + payload.length, true);
  new DataView(bytes.buffer).setUint16(2, type, true);
  bytes.set(payload, 4);
  return bytes;
}

function message(type: number, head: Uint8Array, ...attributes: readonly Uint8Array[]): Uint8Array {
  const body = Buffer.concat([head, ...attributes]);
  const bytes = new Uint8Array(16 + body.length);
  new DataView(bytes.buffer).setUint32(0, bytes.length, true);
  new DataView(bytes.buffer).setUint16(4, type, true);
  bytes.set(body, 16);
  return bytes;
}

function device(index: number, name: string, more: readonly Uint8Array[] = [], flags = 1): Uint8Array {
  const head = new Uint8Array(Int32Array.of(0, index, flags, 0).buffer);
  return message(16, head, attribute(3, text(name)), attribute(4, u32(1500)), ...more);
}

/** Source: struct rtmsg: the length of the destination is its second byte, the type its eighth. */
function route(prefix: number, type: number, ...attributes: readonly Uint8Array[]): Uint8Array {
  return message(24, Uint8Array.of(2, prefix, 0, 0, 254, 0, 0, type, 0, 0, 0, 0), ...attributes);
}

const kind = (name: string): Uint8Array => attribute(18, attribute(1, text(name)));
const devices = Buffer.concat([
  device(1, "lo", [], 9),
  device(2, "eth0", [attribute(10, u32(5))]),
  device(3, "eth1"),
  device(4, "eth1.7", [kind("vlan"), attribute(5, u32(3))]),
  device(5, "br0", [kind("bridge")]),
  device(6, "veth0", [
    kind("veth"),
    attribute(5, u32(3)),
    attribute(43, Buffer.concat([attribute(2, Uint8Array.of(2)), attribute(4, u32(77))])),
  ]),
]);
const openWith = (routes: Uint8Array): ReturnType<typeof openFakeKernel> =>
  openFakeKernel({ netlinkDump: (_netns, type) => (type === 18 ? devices : routes) });

describe("devices of a network namespace", () => {
  it("have their names, kinds, masters and XDP programs", () => {
    const found = listDevices(openWith(new Uint8Array()).port, -1);
    expect(found.map(({ name, index, kind: made }) => [name, index, made])).toEqual([
      ["lo", 1, ""],
      ["eth0", 2, ""],
      ["eth1", 3, ""],
      ["eth1.7", 4, "vlan"],
      ["br0", 5, "bridge"],
      ["veth0", 6, "veth"],
    ]);
    expect(found[0]).toMatchObject({ isLoopback: true, isUp: true, mtu: 1500 });
    expect(found[1]).toMatchObject({ master: 5, isLoopback: false });
    expect(found[5]!.xdp).toEqual({ mode: "generic", programId: 77 });
  });

  it.each([
    ["a bridge, with its ports", route(0, 1, attribute(4, u32(5))), [2, 5]],
    ["a VLAN, with the device below it", route(0, 1, attribute(4, u32(4))), [3, 4]],
    ["a veth, without its other end", route(0, 1, attribute(4, u32(6))), [6]],
    [
      "two paths",
      route(0, 1, attribute(9, Buffer.concat([Uint8Array.of(8, 0, 0, 0), u32(3), Uint8Array.of(8, 0, 0, 0), u32(6)]))),
      [3, 6],
    ],
    [
      "no device where the route is narrower, or refuses",
      Buffer.concat([route(24, 1, attribute(4, u32(3))), route(0, 7, attribute(4, u32(3)))]),
      [],
    ],
  ])("carry a default route through %s", (_what, routes, wanted) => {
    const { port } = openWith(routes);
    expect([...listDefaultRouteDevices(port, -1, listDevices(port, -1))].sort()).toEqual(wanted);
  });

  it("cannot be listed without the right to enter their namespace", () => {
    expect(() => listDevices(openFakeKernel({ netlinkDump: () => -1 }).port, 5)).toThrow(
      expect.objectContaining({ code: "BPFTS_PRIVILEGE", hint: expect.stringContaining("CAP_SYS_ADMIN") as string }),
    );
  });
});

describe("sections", () => {
  it("say what a program is loaded as, whatever libbpf knows", () => {
    expect(findSectionType("netfilter")).toEqual({ type: 32, expectedAttachType: 45 });
    expect(findSectionType("?tcx/egress")).toEqual({ type: 3, expectedAttachType: 47 });
    expect(findSectionType("sk_skb/verdict")).toEqual({ type: 14, expectedAttachType: 38 });
    expect(findSectionType("xdp.frags")).toEqual({ type: 6, expectedAttachType: 37, flags: 32 });
    expect(findSectionType("constructor")).toBeUndefined();
    expect(findSimilarSection("cgroup/conect4")).toBe("cgroup/connect4");
  });
});
