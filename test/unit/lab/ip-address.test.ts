import { SocketAddress } from "node:net";
import { describe, expect, it } from "vitest";
import {
  isInNetwork,
  listHosts,
  parseIpAddress,
  parseIpNetwork,
  renderIpAddress,
} from "../../../runtime/lab/ip-address.ts";

describe("addresses", () => {
  it.each([
    "0.0.0.0",
    "10.77.1.9",
    "255.255.255.255",
    "::",
    "::1",
    "fd77:1::b",
    "2001:db8::8:800:200c:417a",
    "1:2:3:4:5:6:7:8",
  ])("read and write %s", (text) => {
    expect(renderIpAddress(parseIpAddress(text)!)).toBe(text);
  });

  it("write the addresses of IPv6 so that they are read as the same", () => {
    for (let at = 0n; at < 256n; at++) {
      // Each bit of the number puts one group in.
      const value = Array.from({ length: 8 }, (_, group) => ((at >> BigInt(group)) & 1n) << BigInt(16 * group)).reduce(
        (sum, bit) => sum | bit,
        0n,
      );
      const text = renderIpAddress({ family: 6, value, prefix: 128 });
      expect(parseIpAddress(text)!.value, text).toBe(value);
      expect(new SocketAddress({ address: text, family: "ipv6" }).address).toBeTruthy();
    }
  });

  it.each(["", "10.0.0", "10.0.0.256", "01.2.3.4", "fd00::1%eth0", "::ffff:1.2.3.4", "fd00::1::2", "host"])(
    "refuse %j",
    (text) => {
      expect(parseIpAddress(text)).toBeUndefined();
    },
  );
});

describe("networks", () => {
  it("know who is in them", () => {
    const network = parseIpNetwork("10.8.0.0/13")!;
    expect(isInNetwork(parseIpAddress("10.15.255.255")!, network)).toBe(true);
    expect(isInNetwork(parseIpAddress("10.16.0.0")!, network)).toBe(false);
    expect(isInNetwork(parseIpAddress("fd00::1")!, network)).toBe(false);
    expect(isInNetwork(parseIpAddress("203.0.113.1")!, parseIpNetwork("0.0.0.0/0")!)).toBe(true);
  });

  it.each(["10.0.0.0", "10.0.0.1/24", "10.0.0.0/33", "fd00::/129", "10.0.0.0/", "/24"])("refuse %j", (text) => {
    expect(parseIpNetwork(text)).toBeUndefined();
  });

  it("leave the first and the last address to the network", () => {
    const list = (text: string): string[] => [...listHosts(parseIpNetwork(text)!)].map(renderIpAddress);
    expect(list("10.0.0.0/30")).toEqual(["10.0.0.1", "10.0.0.2"]);
    expect(list("10.0.0.0/32")).toEqual([]);
    expect(list("fd00::/126")).toEqual(["fd00::1", "fd00::2", "fd00::3"]);
  });
});
