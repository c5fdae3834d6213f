import { describe, expect, expectTypeOf, it } from "vitest";
import { cidr, ipv4, ipv6, mac, mac_text } from "../../../../sdk/addresses/address-values.ts";
import { AF_INET, AF_INET6, inet_ntop, inet_pton } from "../../../../sdk/addresses/ip-address.ts";
import { parseCidr } from "../../../../sdk/addresses/parse-cidr.ts";
import { makeCodec } from "../../../../sdk/codec/codec.ts";
import type { TableOf } from "../../../../sdk/program/table-types.ts";
import type { LpmTable } from "../../../../sdk/tables/table-lpm.ts";
import type { Table } from "../../../../sdk/tables/table.ts";
import type { Layout } from "../../../../sdk/wire/layout.ts";
import { makeRandom } from "../../../support/random-packets.ts";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

describe("addresses as text", () => {
  it("are what C holds", () => {
    expect(ipv4("203.0.113.9")).toBe(0x097100cb);
    expect(ipv4("255.255.255.255")).toBe(0xffffffff);
    expect(hex(ipv6("fd00::1:2"))).toBe(`fd00${"00".repeat(11)}010002`);
    expect(hex(mac("02:0A:0b:00:00:ff"))).toBe("020a0b0000ff");
    expect(mac_text(mac("2-a-b-0-0-f"))).toBe("02:0a:0b:00:00:0f");
    for (const wrong of ["10.0.0", "10.0.0.256", "010.0.0.1", "", "::1"])
      expect(() => ipv4(wrong)).toThrow(/is no IPv4/);
    for (const wrong of ["02:00:00:00:00", "02:00:00:00:00:0g", "02:00-00:00:00:00", "020000000000"])
      expect(() => mac(wrong)).toThrow(/is no Ethernet address/);
  });

  it.each<[() => unknown, string]>([
    [() => mac_text([1, 2, 3]), "mac_text() takes the 6 bytes of an Ethernet address, got 3"],
    [() => mac_text(new Uint8Array(8)), "mac_text() takes the 6 bytes of an Ethernet address, got 8"],
    [() => mac_text([300, 2, 3, 4, 5, 6]), "mac_text(): 300 is no byte"],
    [() => mac_text([1.5, 2, 3, 4, 5, 6]), "mac_text(): 1.5 is no byte"],
    [() => mac_text("02:00:00:00:00:01" as never), "mac_text() takes an Ethernet address as bytes"],
    [() => mac_text(undefined as never), "mac_text() takes an Ethernet address as bytes"],
    [() => inet_ntop(AF_INET, 2 ** 40 + 0x0100007f), "as a whole number from -2147483648 to 4294967295"],
    [() => inet_ntop(AF_INET, 1.5), "as a whole number from -2147483648 to 4294967295, got 1.5"],
    [() => inet_ntop(AF_INET, 2n ** 32n), "inet_ntop() takes an address of 32 bits, got 4294967296n"],
    [() => inet_ntop(AF_INET6, 2n ** 128n), "inet_ntop() takes an address of 128 bits"],
    [() => inet_ntop(AF_INET, [300, 0, 0, 1]), "inet_ntop(): 300 is no byte"],
    [() => inet_ntop(AF_INET, "10.0.0.1" as never), "inet_ntop() takes an address as bytes"],
    [() => inet_ntop(AF_INET, null as never), "inet_ntop() takes an address as bytes"],
    [() => ipv4(5 as never), "inet_pton() takes an address as a text, got 5"],
    [() => inet_pton(AF_INET6, undefined as never), "inet_pton() takes an address as a text, got undefined"],
    [() => mac(5 as never), "mac() takes an Ethernet address as a text, got 5"],
    [() => cidr(5 as never), "cidr() takes a range of addresses as a text, got 5"],
  ])("refuse what is no address: %s", (call, message) => {
    expect(call).toThrow(
      expect.objectContaining({ code: "BPFTS_ARGUMENT", message: expect.stringContaining(message) }),
    );
  });

  it("take numbers that C keeps with a sign", () => {
    expect(inet_ntop(AF_INET, -1)).toBe("255.255.255.255");
    expect(inet_ntop(AF_INET6, -1n)).toBe("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
  });

  it("are ranges without bits behind their prefix", () => {
    expect(cidr("203.0.113.0/24")).toEqual({ prefixlen: 24, addr: 0x007100cb });
    expect(cidr("0.0.0.0/0")).toEqual({ prefixlen: 0, addr: 0 });
    expect(cidr("10.0.0.1")).toEqual({ prefixlen: 32, addr: ipv4("10.0.0.1") });
    expect(cidr("fc00::/7" as string).prefixlen).toBe(7);
    expectTypeOf(cidr("10.0.0.0/8").addr).toEqualTypeOf<number>();
    expectTypeOf(cidr("fd00::/8").addr).toEqualTypeOf<Uint8Array>();
    const say = (text: string): unknown => {
      try {
        return parseCidr(text);
      } catch (error) {
        const { message, hint } = error as { message: string; hint?: string };
        return `${message}: ${hint}`;
      }
    };
    expect(say("10.1.2.3/9")).toBe('"10.1.2.3/9" has bits behind its prefix: the range is 10.0.0.0/9');
    expect(say("fd00::1/127")).toBe('"fd00::1/127" has bits behind its prefix: the range is fd00::/127');
    expect(say("10.0.0.0/33")).toBe(
      '"10.0.0.0/33" is no range of addresses: behind the slash stands a number of bits from 0 to 32: 10.0.0.0/24',
    );
    for (const wrong of ["10.0.0.0/", "10.0.0.0/8/8", "10.0.0.0/-1", "10.0.0.0/1e1", "fd00::/129"])
      expect(say(wrong)).toMatch(/is no range of addresses/);
  });

  it("have the bits of numbers that are counted in another way", () => {
    const random = makeRandom(7);
    for (let i = 0; i < 2000; i++) {
      const length = random(33);
      const address = random(2 ** 32);
      const network = length === 0 ? 0n : (BigInt(address) >> BigInt(32 - length)) << BigInt(32 - length);
      const text = (value: bigint): string => [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 255n).join(".");
      const range = parseCidr(`${text(network)}/${length}`);
      expect([range.prefixLength, inet_ntop(AF_INET, range.bytes)]).toEqual([length, text(network)]);
      if (BigInt(address) !== network)
        expect(() => parseCidr(`${text(BigInt(address))}/${length}`)).toThrow("has bits behind its prefix");
    }
  });
});

const be32: Layout = { kind: "int", name: "__be32", size: 4, signed: false };
const u8: Layout = { kind: "int", name: "u8", size: 1, signed: false };
const u32: Layout = { kind: "int", name: "u32", size: 4, signed: false };
const list = (element: Layout, length: number): Layout => ({
  kind: "array",
  size: element.size * length,
  length,
  element,
});
const struct = (name: string, size: number, members: readonly (readonly [string, number, Layout])[]): Layout => ({
  kind: "struct",
  name,
  size,
  members: members.map(([memberName, offset, layout]) => ({ name: memberName, offset, layout })),
});

describe("fields that hold addresses", () => {
  const in6 = struct("in6_addr", 16, [["in6_u", 0, list(u8, 16)]]);
  const flow = struct("flow", 48, [
    ["saddr", 0, be32],
    ["mac", 4, list(u8, 6)],
    ["v6", 12, in6],
    ["any", 28, list(u8, 16)],
    ["plain", 44, u32],
  ]);
  const codec = makeCodec<unknown>(flow, 'key of "flows"');
  const zero = { saddr: 0, mac: [0, 0, 0, 0, 0, 0], v6: "::", any: "::", plain: 0 };

  it("take text, numbers and bytes, to the same end", () => {
    const asText = { saddr: "10.0.0.1", mac: "02:00:00:00:00:01", v6: "fd00::1", any: "::ffff:10.0.0.1", plain: 7 };
    const asBytes = {
      saddr: ipv4("10.0.0.1"),
      mac: mac("02:00:00:00:00:01"),
      v6: { in6_u: ipv6("fd00::1") },
      any: ipv6("::ffff:10.0.0.1"),
      plain: 7,
    };
    expect(hex(codec.encode(asText))).toBe(hex(codec.encode(asBytes)));
    expect(codec.decode(codec.encode(asText))).toMatchObject({ saddr: ipv4("10.0.0.1"), plain: 7 });
    expect(hex(makeCodec<unknown>(list(be32, 4), "k").encode("fd00::1"))).toBe(hex(ipv6("fd00::1")));
    expect(hex(makeCodec<unknown>(list(be32, 2), "k").encode(["10.0.0.1", 1]))).toBe("0a00000101000000");
  });

  it.each([
    [{ saddr: "10.0.0" }, 'Cannot write key of "flows".saddr: "10.0.0" is no IPv4 address'],
    [{ saddr: "::1" }, 'Cannot write key of "flows".saddr: "::1" is no IPv4 address'],
    [{ mac: "02:00" }, 'Cannot write key of "flows".mac: "02:00" is no Ethernet address'],
    [{ v6: "10.0.0.1" }, 'Cannot write key of "flows".v6: "10.0.0.1" is no IPv6 address'],
    [{ plain: "10.0.0.1" }, 'Cannot write key of "flows".plain: wanted a number for u32, got "10.0.0.1"'],
  ])("refuse %j", (changes, message) => {
    expect(() => codec.encode({ ...zero, ...changes })).toThrow(message);
  });

  it("say how a number becomes an address", () => {
    try {
      makeCodec<unknown>(u32, 'key of "ips"').encode("10.0.0.1");
      expect.unreachable();
    } catch (error) {
      expect((error as { hint?: string }).hint).toBe(
        'declare it as __be32, which takes addresses as text, or write ipv4("10.0.0.1")',
      );
    }
  });
});

describe("the types of tables of addresses", () => {
  it("take text where the C says that it is an address", () => {
    type Trie = TableOf<
      "struct range { u32 prefixlen; __be32 addr; };\nBPF_LPM_TRIE(trie, struct range, u32);",
      "trie"
    >;
    expectTypeOf<Trie>().toExtend<LpmTable<{ prefixlen: number; addr: number }, number>>();
    expectTypeOf<ReturnType<Trie["match"]>>().toEqualTypeOf<number | undefined>();
    type Hosts = TableOf<"BPF_HASH(hosts, __be32, u64);", "hosts">;
    const set = (hosts: Hosts): void => void hosts.set("10.0.0.1", 1n).set(7, 1n);
    expectTypeOf<Hosts>().toExtend<Table<number, bigint>>();
    type Plain = TableOf<"BPF_HASH(plain, u32, u64);", "plain">;
    expectTypeOf<Plain>().toEqualTypeOf<Table<number, bigint>>();
    // @ts-expect-error: a u32 is no address
    const refuse = (plain: Plain): void => void plain.set("10.0.0.1", 1n);
    expect([set, refuse]).toBeDefined();
    const entries = (hosts: Hosts): [number, bigint][] => [...hosts];
    expect(entries).toBeDefined();
  });
});
