import { describe, expect, expectTypeOf, it } from "vitest";
import { decodePacket } from "../../../../sdk/packets/decode-packet.ts";
import { makePacket } from "../../../../sdk/packets/make-packet.ts";
import type { Packet, PacketFields } from "../../../../sdk/packets/packet-layers.ts";
import { layerFields } from "../../../../sdk/packets/packet-writer.ts";
import { runScriptText } from "../../../support/guest-run.ts";
import { makeRandom, makeRandomFields } from "../../../support/random-packets.ts";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(/\s/g, ""), "hex"));

/** A request for an echo as Linux sent it, captured by tshark. */
const echo = bytes(`02000000000b 02000000000a 0800
  4500 0054 4c58 4000 4001 da4e 0a000001 0a000002
  0800 3f29 0001 0001 1011121314151617 18191a1b1c1d1e1f 2021222324252627 28292a2b2c2d2e2f 3031323334353637
  38393a3b3c3d3e3f 4041424344454647`);

describe("packets that are made", () => {
  it("are the bytes of their headers", () => {
    const packet = makePacket({
      eth: { dst: "ff:ff:ff:ff:ff:ff", src: "02:00:00:00:00:01" },
      vlan: { id: 7, priority: 5, drop_eligible: true },
      ipv4: { src: "10.0.0.1", dst: "10.0.0.2", ttl: 9, tos: 0x10, id: 0x1234, dont_fragment: true },
      tcp: { sport: 4369, dport: 80, seq: 1, ack: 2, flags: "PA", window: 512, options: bytes("020405b4") },
      payload: "hi",
    });
    expect(hex(packet)).toBe(
      "ffffffffffff020000000001" +
        "8100b007" +
        "0800" +
        "4510002e1234400009064b840a0000010a000002" +
        "11110050000000010000000260180200" +
        "083f0000020405b4" +
        "6869",
    );
  });

  it.each<[string, PacketFields, RegExp]>([
    ["two networks", { ipv4: {}, ipv6: {} }, /takes one of ipv4 and ipv6/],
    ["two transports", { ipv4: {}, tcp: {}, udp: {} }, /takes one of tcp and udp/],
    ["a transport without IP", { tcp: { dport: 80 } }, /with tcp needs an IP header/],
    ["VXLAN without IP", { vxlan: { vni: 1 } }, /with vxlan needs an IP header/],
    ["VXLAN in TCP", { ipv4: {}, tcp: {}, vxlan: {} }, /vxlan goes into a datagram of udp/],
    ["ICMP in IPv6", { ipv6: {}, icmp: {} }, /icmp belongs to ipv4/],
    ["ICMPv6 in IPv4", { ipv4: {}, icmp6: {} }, /icmp6 belongs to ipv6/],
    ["ARP with a payload", { arp: {}, payload: "x" }, /nothing follows on arp/],
    ["a layer that there is not", { ip: {} } as never, /has no option "ip"/],
    ["a field that there is not", { ipv4: { tll: 3 } as never }, /with ipv4 has no option "tll"/],
    ["a number that does not fit", { ipv4: { ttl: 256 } }, /takes ipv4\.ttl as a whole number from 0 to 255, got 256/],
    ["an address that is none", { ipv4: { src: "10.0.0" } }, /"10\.0\.0" is no IPv4 address/],
    ["an Ethernet address that is none", { eth: { src: "02:00" } }, /"02:00" is no Ethernet address/],
    ["a flag that is none", { ipv4: {}, tcp: { flags: "syn" } }, /"s" is no flag of TCP/],
    ["options that are too long", { ipv4: { options: new Uint8Array(41) } }, /at most 40 bytes/],
    ["options of TCP that are too long", { ipv4: {}, tcp: { options: new Uint8Array(41) } }, /at most 40 bytes/],
    ["an odd place of a fragment", { ipv4: { fragment_offset: 3 } }, /as a multiple of 8 bytes, got 3/],
    ["an extension that is none", { ipv6: { extensions: [{ type: 6 }] } }, /knows no extension of IPv6 of type 6/],
    ["too much", { ipv4: {}, payload: new Uint8Array(70_000) }, /has 70020 bytes, 65535 fit/],
    ["a payload of numbers", { payload: [1, 2] as never }, /takes payload as bytes/],
  ])("are refused with %s", (_name, fields, message) => {
    expect(() => makePacket(fields)).toThrow(message);
  });
});

/** A packet whose layer has one field. */
function putField(layer: keyof typeof layerFields, field: string, value: unknown): PacketFields {
  const fields = { [field]: value } as never;
  switch (layer) {
    case "extension":
      return { ipv6: { extensions: [{ type: field === "data" ? 0 : 44, ...(fields as object) }] } };
    case "icmp6":
      return { ipv6: {}, icmp6: fields };
    case "eth":
    case "vlan":
    case "arp":
    case "ipv4":
    case "ipv6":
      return { [layer]: fields };
    default:
      return { ipv4: {}, [layer]: fields };
  }
}

const never = [null, Number.NaN, 1.5, -1, 2n ** 70n, {}, Symbol("x"), () => 1];
/** What is no value of a field of each kind. */
const wrong: Readonly<Record<string, readonly unknown[]>> = {
  number: [...never, "5", "", true, 5n, Number.POSITIVE_INFINITY, [1], Uint8Array.of(1)],
  bit: [...never, 0, 1, "true", 1n, [], Uint8Array.of(1)],
  bytes: [...never, "abcd", 4, true, [1, 2], new Uint16Array(2), new ArrayBuffer(4), new DataView(new ArrayBuffer(4))],
  text: [...never, 5, true, ["S"], Uint8Array.of(10, 0, 0, 1), 0x0a000001n],
  list: [...never, 5, "x", true, new Set(), Uint8Array.of(1)],
  pair: [
    ...[...never, 5, "ab", [], [1], [1, 2, 3], Uint8Array.of(1, 2), Array(2)],
    ...[
      [0x1000000, 0],
      [0, 256],
      [1, "2"],
      ["1", 2],
      [1.5, 0],
      [0, -1],
      [Number.NaN, 0],
      [0, 1n],
      [null, 0],
    ],
  ],
  layer: [...never.filter((value) => !(value !== null && typeof value === "object")), 5, "x", true, []],
};

describe("fields of packets", () => {
  const rows = Object.entries(layerFields).flatMap(([layer, { name, fields }]) =>
    Object.entries(fields).map(([field, kind]) => [layer as keyof typeof layerFields, name, field, kind] as const),
  );

  it.each(rows)("of %s: %s.%s takes nothing that is no value of it", (layer, name, field, kind) => {
    const values = typeof kind === "number" ? [...wrong["number"]!, kind + 1] : wrong[kind]!;
    const said = kind === "layer" ? "takes its options as an object" : `${name}.${field}`;
    for (const value of values) {
      expect(() => makePacket(putField(layer, field, value)), String(typeof value)).toThrow(said);
      expect(() => makePacket(putField(layer, field, value))).toThrow(/^make_packet\(\)/);
    }
  });

  it("take their largest number", () => {
    for (const [layer, , field, kind] of rows)
      if (typeof kind === "number" && !(layer === "extension" && field === "type"))
        expect(makePacket(putField(layer, field, kind)).length, field).toBeGreaterThan(0);
  });

  it("of VXLAN have 24 reserved bits and 8 more", () => {
    const packet = { ipv4: {}, vxlan: { vni: 0x123456, reserved: [0xffffff, 0xff] as const } };
    expect(decodePacket(makePacket(packet)).vxlan).toMatchObject(packet.vxlan);
  });

  it.each<[string, unknown, RegExp]>([
    ["a trailer of text", { trailer: "zeros" }, /takes trailer as bytes \(Uint8Array\), got "zeros"/],
    ["a trailer of numbers", { trailer: [0, 0] }, /takes trailer as bytes/],
    ["a trailer that is null", { trailer: null }, /takes trailer as bytes/],
    ["a payload that is null", { payload: null }, /takes payload as bytes/],
    [
      "a datagram that is null",
      { ipv4: {}, vxlan: {}, udp: null },
      /with udp takes its options as an object, got null/,
    ],
    ["a tag that is null", { vlan: null }, /with vlan takes its options as an object, got null/],
    ["a list of tags with a hole", { vlan: [{}, undefined] }, /with vlan takes its options as an object/],
    ["an extension that is none", { ipv6: { extensions: [5] } }, /extensions takes its options as an object, got 5/],
    [
      "data in a fragment",
      { ipv6: { extensions: [{ type: 44, data: Uint8Array.of(1) }] } },
      /takes no ipv6\.extensions\.data with the type 44/,
    ],
    [
      "a place in what is no fragment",
      { ipv6: { extensions: [{ type: 0, fragment_offset: 8 }] } },
      /takes no ipv6\.extensions\.fragment_offset with the type 0/,
    ],
    [
      "an inner packet that is wrong",
      { ipv4: {}, vxlan: { inner: { ipv4: { ttl: "1" } } } },
      /takes ipv4\.ttl as a whole/,
    ],
  ])("are refused with %s", (_name, fields, message) => {
    expect(() => makePacket(fields as PacketFields)).toThrow(message);
  });
});

describe("packets that are taken apart", () => {
  it("have the fields of what was sent", () => {
    const packet = decodePacket(echo);
    expect(packet).toMatchObject({
      eth: { dst: "02:00:00:00:00:0b", src: "02:00:00:00:00:0a", type: 0x0800 },
      ipv4: { src: "10.0.0.1", dst: "10.0.0.2", ttl: 64, length: 84, dont_fragment: true, protocol: 1 },
      icmp: { type: 8, code: 0, id: 1, seq: 1 },
    });
    expect(packet.ipv4?.checksum_ok).toBe(true);
    expect(packet.payload?.length).toBe(56);
    expect(packet.problem).toBeUndefined();
  });

  it("get new checksums, lengths and types when a copy is changed, and keep wrong ones that nobody changed", () => {
    const packet = decodePacket(makePacket({ ipv4: { dst: "10.0.0.2" }, udp: { dport: 53 }, payload: "abc" }));
    expect([packet.ipv4?.length, packet.udp?.length, packet.ipv4?.protocol]).toEqual([31, 11, 17]);
    const { udp: _udp, ...rest } = packet;
    const changed = decodePacket(
      makePacket({ ...rest, vlan: { id: 3 }, ipv4: { ...packet.ipv4, ttl: 1 }, tcp: {}, payload: "longer" }),
    );
    expect(changed).toMatchObject({
      eth: { type: 0x8100 },
      vlan: [{ id: 3, type: 0x0800 }],
      ipv4: { ttl: 1, length: 46, checksum_ok: true, protocol: 6 },
      tcp: { checksum_ok: true },
    });
    const wrong = echo.slice();
    wrong[24]! ^= 1;
    const found = decodePacket(wrong);
    expect(found.ipv4?.checksum_ok).toBe(false);
    expect(hex(makePacket(found))).toBe(hex(wrong));
    expect(decodePacket(makePacket({ ...found, ipv4: { ...found.ipv4, checksum: undefined as never } })).ipv4).toEqual(
      decodePacket(echo).ipv4,
    );
  });

  it("are followed into fragments, extensions and VXLAN", () => {
    const inner: PacketFields = { ipv6: { src: "fd00::1", dst: "fd00::2" }, icmp6: { id: 5, seq: 6 }, payload: "ping" };
    const packet = decodePacket(
      makePacket({
        ipv6: {
          src: "fd00:1::1",
          dst: "fd00:1::2",
          extensions: [
            { type: 0, data: bytes("050200000100") },
            { type: 44, id: 9 },
          ],
        },
        vxlan: { vni: 5001, inner },
      }),
    );
    expect(packet).toMatchObject({
      ipv6: { extensions: [{ type: 0 }, { type: 44, id: 9, fragment_offset: 0 }], protocol: 17 },
      udp: { dport: 4789, checksum_ok: true },
      vxlan: { vni: 5001, inner: { ipv6: { src: "fd00::1" }, icmp6: { id: 5, seq: 6, checksum_ok: true } } },
    });
    expect(packet.payload).toBeUndefined();
    const first = decodePacket(makePacket({ ipv4: { more_fragments: true }, udp: { length: 3000 }, payload: "x" }));
    expect([first.udp?.checksum_ok, first.problem]).toEqual([undefined, undefined]);
    const later = decodePacket(
      makePacket({ ipv4: { fragment_offset: 1480, protocol: 17 }, payload: "some bytes of it" }),
    );
    expect([later.udp, later.ipv4?.protocol, later.payload?.length]).toEqual([undefined, 17, 16]);
    const zero = decodePacket(makePacket({ ipv4: {}, udp: { checksum: 0 } }));
    expect([zero.udp?.checksum, zero.udp?.checksum_ok]).toEqual([0, undefined]);
  });

  it.each([
    [13, "the header of Ethernet has 14 bytes, 13 are there"],
    [30, "the header of IPv4 has 20 bytes, 16 are there"],
    [40, "IPv4 says 84 bytes, 26 are there"],
    [60, "IPv4 says 84 bytes, 46 are there"],
  ])("say what is missing after %i bytes", (length, problem) => {
    const packet = decodePacket(echo.subarray(0, length));
    expect(packet.problem).toBe(problem);
    if (length >= 14) expect(hex(makePacket(packet))).toBe(hex(echo.subarray(0, length)));
    expect(packet.icmp?.checksum_ok).toBeUndefined();
  });

  it.each([
    ["0800 15", /its header says 20 bytes|version is 1/],
    ["0800 42", /IPv4: its header says 8 bytes, it has at least 20/],
    ["86dd 40", /IPv6: its version is 4/],
    ["0806 0002", /ARP: it is not about IPv4 addresses on Ethernet/],
  ])("say what is wrong behind %s", (start, problem) => {
    const packet = decodePacket(bytes(`000000000000000000000000${start}${"00".repeat(60)}`));
    expect(packet.problem).toMatch(problem);
    expect(packet.payload!.length).toBeGreaterThan(50);
  });

  it("show what is in a tunnel, too, where only their beginning was captured", () => {
    const inner = { eth: {}, ipv4: { src: "10.0.0.1" }, udp: { dport: 53 }, payload: new Uint8Array(200) };
    const whole = makePacket({ ipv4: {}, udp: { sport: 7, dport: 8472 }, vxlan: { vni: 5001, inner } });
    for (const size of [128, 92, 70, 64, 60, 50]) {
      const cut = whole.subarray(0, size);
      const found = decodePacket(cut);
      expect(found.problem).toMatch(/^IPv4 says 278 bytes, \d+ are there$/);
      // Without an Ethernet header behind it there is nothing to show.
      expect(found.vxlan?.vni).toBe(size >= 64 ? 5001 : undefined);
      expect(found.vxlan?.inner.udp?.dport).toBe(size >= 92 ? 53 : undefined);
      expect(makePacket(found)).toEqual(cut);
    }
    // A whole packet whose datagram says more than there is holds no tunnel.
    const wrong = makePacket({ ipv4: {}, udp: { dport: 8472, length: 500 }, vxlan: { vni: 5001, inner } });
    expect(decodePacket(wrong).vxlan).toBeUndefined();
  });

  it("end in VXLAN in VXLAN in VXLAN, a thousand times", () => {
    let packet: Uint8Array = makePacket({ ipv4: {}, udp: { dport: 1 } });
    for (let i = 0; i < 1000; i++) {
      const head = makePacket({
        ipv4: {},
        udp: { dport: 4789, checksum: 0 },
        payload: Uint8Array.from([8, 0, 0, 0, 0, 0, 1, 0, ...packet]),
      });
      packet = head;
    }
    expect(hex(makePacket(decodePacket(packet)))).toBe(hex(packet));
  });
});

describe("random packets", () => {
  it("are the same after being taken apart and made again, with right checksums", () => {
    const random = makeRandom(15);
    for (let i = 0; i < 3000; i++) {
      const packet = makePacket(makeRandomFields(random));
      const found = decodePacket(packet);
      expect({ i, problem: found.problem, bytes: hex(makePacket(found)) }).toEqual({
        i,
        problem: undefined,
        bytes: hex(packet),
      });
      for (let layer: Packet | undefined = found; layer !== undefined; layer = layer.vxlan?.inner)
        for (const { checksum_ok: isRight } of [layer.ipv4, layer.tcp, layer.udp, layer.icmp, layer.icmp6].filter(
          (one) => one !== undefined,
        ))
          expect({ i, isRight }).toEqual({ i, isRight: true });
      // A copy of each layer has the same bytes, as nothing was changed.
      expect(hex(makePacket(structuredClone(found)))).toBe(hex(packet));
    }
  });

  it("are never too broken: cut and changed ones are told, and are the same when they are made again", () => {
    const random = makeRandom(16);
    let problems = 0;
    for (let i = 0; i < 6000; i++) {
      const packet = makePacket(makeRandomFields(random));
      const cut = packet.slice(0, random(4) === 0 ? 14 + random(packet.length - 13) : packet.length);
      for (let changes = random(6); changes > 0; changes--)
        cut[random(random(2) === 0 ? Math.min(cut.length, 60) : cut.length)] = random(256);
      const found = decodePacket(cut);
      problems += Number(found.problem !== undefined);
      expect({ i, bytes: hex(makePacket(found)) }).toEqual({ i, bytes: hex(cut) });
    }
    expect(problems).toBeGreaterThan(1000);
    for (let i = 0; i < 3000; i++) {
      const noise = Uint8Array.from({ length: random(100) }, () => random(256));
      if (noise.length > 13 && random(2) === 0)
        noise.set(
          [
            [0x08, 0],
            [0x86, 0xdd],
            [0x08, 6],
            [0x81, 0],
          ][random(4)]!,
          12,
        );
      const found = decodePacket(noise);
      if (noise.length >= 14) expect(hex(makePacket(found))).toBe(hex(noise));
    }
  });
});

describe("packets in a script", () => {
  it("are made and taken apart by modules that are read then", async () => {
    const { stdout, error } = await runScriptText(`import { decode_packet, make_packet, print } from "bpfts";
const packet = make_packet({ ipv6: { dst: "fd00::2" }, udp: { dport: 53 }, payload: "é" });
const { udp, ipv6, payload } = decode_packet(packet);
print(packet.length, udp?.dport, udp?.checksum_ok, ipv6?.dst, payload?.length);
try { make_packet({ ipv4: { ttl: 300 } }); } catch (thrown) { print((thrown as Error).message); }
try { decode_packet("x" as never); } catch (thrown) { print((thrown as Error).message); }`);
    expect(error).toBeUndefined();
    expect(stdout).toBe(
      "64 53 true fd00::2 2\nmake_packet() takes ipv4.ttl as a whole number from 0 to 255, got 300\ndecode_packet() takes bytes (Uint8Array)\n",
    );
  });

  it("have types", () => {
    expectTypeOf(decodePacket(echo).ipv4?.ttl).toEqualTypeOf<number | undefined>();
    expectTypeOf<Packet>().toExtend<PacketFields>();
    // @ts-expect-error: no such field
    const wrong: PacketFields = { ipv4: { tll: 3 } };
    expect(wrong).toBeDefined();
  });
});
