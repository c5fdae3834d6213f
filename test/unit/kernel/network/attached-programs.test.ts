import { describe, expect, it } from "vitest";
import { readAnswer, listNetworkPrograms } from "../../../../runtime/kernel/network/attached-programs.ts";
import { openFakeKernel } from "../../../support/fake-kernel.ts";

/** A message of netlink: its head, the struct behind it, attributes. */
function makeMessage(type: number, head: Uint8Array, attributes: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(16 + head.length + attributes.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, bytes.length, true);
  view.setUint16(4, type, true);
  bytes.set(head, 16);
  bytes.set(attributes, 16 + head.length);
  return bytes;
}

function makeAttribute(type: number, body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array((4 + body.length + 3) & ~3);
  new Uint16Array(bytes.buffer, 0, 2).set([4 + body.length, type]);
  bytes.set(body, 4);
  return bytes;
}

const number = (value: number): Uint8Array => new Uint8Array(Uint32Array.of(value).buffer);

/** A classic filter. Source: struct tcmsg. */
function makeFilter(priority: number, handle: number, programId?: number): Uint8Array {
  const head = new Uint8Array(20);
  const view = new DataView(head.buffer);
  view.setUint32(8, handle, true);
  view.setUint32(16, (priority << 16) | 0x0300, true);
  return makeMessage(
    44,
    head,
    programId === undefined ? new Uint8Array() : makeAttribute(2, makeAttribute(11, number(programId))),
  );
}

function join(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

const netns = { handle: 5, inode: 1, label: "", close: () => undefined };

describe("readAnswer", () => {
  it("numbers the programs of a place and names its flags", () => {
    for (const [flags, mode] of [
      [0, ""],
      [1, "override"],
      [2, "multi"],
    ] as const) {
      const answer = join(number(flags), number(31), number(30));
      expect(
        readAnswer(answer, 10, "cgroup_inet4_connect").map(({ programId, order, mode }) => [programId, order, mode]),
      ).toEqual([
        [31, 1, mode],
        [30, 2, mode],
      ]);
    }
  });

  it("finds nothing where the kernel has no such place", () => {
    expect(readAnswer(-22, 46, "tcx_ingress")).toEqual([]);
  });
});

describe("listNetworkPrograms", () => {
  it("sorts classic filters by priority, and leaves out what is no BPF program", () => {
    const name = makeAttribute(3, new TextEncoder().encode("b0\0"));
    const head = new Uint8Array(16);
    new DataView(head.buffer).setInt32(4, 9, true);
    const asked: number[] = [];
    const { port } = openFakeKernel({
      programQuery: () => -22,
      netlinkDump(handle, type, request) {
        expect(handle).toBe(5);
        if (type === 18) return makeMessage(16, head, name);
        const view = new DataView(request.buffer);
        expect(view.getInt32(4, true)).toBe(9);
        asked.push(view.getUint32(12, true));
        return asked.length === 1
          ? new Uint8Array()
          : join(makeFilter(7, 0), makeFilter(7, 1, 22), makeFilter(3, 2, 21), makeFilter(4, 1));
      },
    });
    expect(
      listNetworkPrograms(port, netns).map(({ programId, hook, order, mode, device }) => [
        programId,
        hook,
        order,
        mode,
        device?.name,
      ]),
    ).toEqual([
      [21, "clsact_egress", 1, "priority 3 handle 0x2", "b0"],
      [22, "clsact_egress", 2, "priority 7 handle 0x1", "b0"],
    ]);
    expect(asked).toEqual([0xfffffff2, 0xfffffff3]);
  });
});
