import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { decodePacket } from "../../sdk/packets/decode-packet.ts";
import { makePacket } from "../../sdk/packets/make-packet.ts";
import type { Packet, PacketFields } from "../../sdk/packets/packet-layers.ts";
import { inet_ntop, inet_pton } from "../../sdk/addresses/ip-address.ts";
import { makeVeth } from "../support/own-veth.ts";
import type { OwnVeth } from "../support/own-veth.ts";
import { makeRandom, makeRandomFields } from "../support/random-packets.ts";
import { makeFolder } from "../support/run-cli.ts";

const folder = makeFolder();

/** A capture file of Ethernet frames. Source: pcap-savefile(5). */
function writeCapture(name: string, packets: readonly Uint8Array[]): string {
  const head = Buffer.alloc(24);
  head.writeUInt32LE(0xa1b2c3d4, 0);
  head.writeUInt16LE(2, 4);
  head.writeUInt16LE(4, 6);
  head.writeUInt32LE(65535, 16);
  head.writeUInt32LE(1, 20);
  const records = packets.flatMap((packet) => {
    const record = Buffer.alloc(16);
    record.writeUInt32LE(packet.length, 8);
    record.writeUInt32LE(packet.length, 12);
    return [record, packet];
  });
  const path = join(folder, name);
  writeFileSync(path, Buffer.concat([head, ...records]));
  return path;
}

/** Fields of each packet of a capture as tshark reads them, those of several layers with a comma between. */
function askTshark(path: string, fields: readonly string[]): string[][] {
  const checks = ["ip", "tcp", "udp"].flatMap((layer) => ["-o", `${layer}.check_checksum:TRUE`]);
  const columns = fields.flatMap((field) => ["-e", field]);
  const options = ["-n", "-r", path, ...checks, "-o", "ipv6.defragment:FALSE", "-d", "udp.port==8472,vxlan"];
  const text = execFileSync(
    "tshark",
    [...options, "-T", "fields", "-E", "separator=|", "-E", "aggregator=,", ...columns],
    {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    },
  );
  return text
    .trimEnd()
    .split("\n")
    .map((line) => line.split("|"));
}

/** The packet and those that it carries. */
function listPackets(packet: Packet): Packet[] {
  return packet.vxlan === undefined ? [packet] : [packet, ...listPackets(packet.vxlan.inner)];
}

type Reader = (packet: Packet) => unknown;
/** What tshark calls a field of ours. */
const fields: Readonly<Record<string, Reader>> = {
  "eth.src": ({ eth }) => eth?.src,
  "eth.dst": ({ eth }) => eth?.dst,
  "vlan.id": ({ vlan }) => vlan?.map(({ id }) => id).join(","),
  "vlan.priority": ({ vlan }) => vlan?.map(({ priority }) => priority).join(","),
  "ip.src": ({ ipv4 }) => ipv4?.src,
  "ip.dst": ({ ipv4 }) => ipv4?.dst,
  "ip.ttl": ({ ipv4 }) => ipv4?.ttl,
  "ip.len": ({ ipv4 }) => ipv4?.length,
  "ip.proto": ({ ipv4 }) => ipv4?.protocol,
  "ipv6.src": ({ ipv6 }) => ipv6?.src,
  "ipv6.plen": ({ ipv6 }) => ipv6?.length,
  "ipv6.hlim": ({ ipv6 }) => ipv6?.hop_limit,
  "tcp.srcport": ({ tcp }) => tcp?.sport,
  "tcp.dstport": ({ tcp }) => tcp?.dport,
  "tcp.seq_raw": ({ tcp }) => tcp?.seq,
  "tcp.window_size_value": ({ tcp }) => tcp?.window,
  "udp.srcport": ({ udp }) => udp?.sport,
  "udp.length": ({ udp }) => udp?.length,
  "vxlan.vni": ({ vxlan }) => vxlan?.vni,
  "arp.src.proto_ipv4": ({ arp }) => arp?.sender_ip,
  "icmp.seq": ({ icmp }) => icmp?.seq,
  "icmpv6.echo.sequence_number": ({ icmp6 }) => icmp6?.seq,
};
const checksums: Readonly<Record<string, Reader>> = {
  "ip.checksum.status": ({ ipv4 }) => ipv4?.checksum_ok,
  "tcp.checksum.status": ({ tcp }) => tcp?.checksum_ok,
  "udp.checksum.status": ({ udp }) => udp?.checksum_ok,
  "icmp.checksum.status": ({ icmp }) => icmp?.checksum_ok,
  "icmpv6.checksum.status": ({ icmp6 }) => icmp6?.checksum_ok,
};

/** Zeros may be left out in several ways. */
const writeAlike = (text: string): string =>
  text
    .split(",")
    .map((part) =>
      part.includes(":") && part.length > 0 && !/^(?:\w\w:){5}\w\w$/.test(part)
        ? inet_ntop(10, inet_pton(10, part))
        : part,
    )
    .join(",");

describe("packets as tshark reads them", () => {
  it("have the fields that were written, and right checksums", () => {
    const random = makeRandom(4);
    const packets = Array.from({ length: 1500 }, () => makePacket(makeRandomFields(random)));
    const read = [...Object.values(fields), ...Object.values(checksums)];
    const ours = packets.map((bytes) =>
      read.map((reader) =>
        listPackets(decodePacket(bytes))
          .map(reader)
          .filter((value) => value !== undefined && value !== "")
          .map((value) => (value === true ? "1" : String(value)))
          .join(","),
      ),
    );
    const names = [...Object.keys(fields), ...Object.keys(checksums)];
    const theirs = askTshark(writeCapture("random.pcap", packets), names);
    expect(theirs.map((row) => row.map(writeAlike))).toEqual(ours.map((row) => row.map(writeAlike)));
    // Each field was there often.
    for (const [index, name] of names.entries())
      expect(ours.filter((row) => row[index] !== "").length, name).toBeGreaterThan(50);
  });

  it("have wrong checksums where one bit of what they cover was changed", () => {
    const random = makeRandom(5);
    const plain = (): PacketFields => {
      const made = makeRandomFields(random);
      return made.vxlan === undefined && made.ipv4 !== undefined && made.vlan === undefined ? made : plain();
    };
    const packets = Array.from({ length: 500 }, () => {
      const { trailer: _trailer, ...made } = plain();
      const packet = makePacket(made);
      // Addresses and what follows on the ports: no length, no port that stands for another protocol.
      const at = random(2) === 0 ? 26 + random(8) : packet.length - 1;
      packet[at]! ^= 1 << random(8);
      return packet;
    });
    const ours = packets.map((bytes) => Object.values(checksums).map((reader) => reader(decodePacket(bytes))));
    const states: Readonly<Record<string, boolean | undefined>> = { "0": false, "1": true };
    const theirs = askTshark(writeCapture("changed.pcap", packets), Object.keys(checksums));
    expect(theirs.map((row) => row.map((state) => states[state]))).toEqual(ours);
    expect(ours.filter((row) => row.includes(false)).length).toBeGreaterThan(450);
  });
});

describe("packets that the kernel receives", () => {
  let veth: OwnVeth;
  let eth: { readonly dst: string; readonly src: string };
  beforeAll(async () => {
    veth = await makeVeth({ ipv6: true });
    const readMac = (where: "a" | "b"): string =>
      /link\/ether (\S+)/.exec(veth.run(where, `ip -o link show ${where}0`))![1]!;
    eth = { src: readMac("a"), dst: readMac("b") };
    veth.run("a", "ip -6 address add fd09::1/64 dev a0 nodad");
    veth.run("b", "ip -6 address add fd09::2/64 dev b0 nodad");
    veth.run("b", `ip -6 neighbour replace fd09::1 lladdr ${eth.src} dev b0`);
  });

  const count = (name: string): number => {
    const text = veth.run("b", "cat /proc/self/net/snmp /proc/self/net/snmp6");
    if (!name.includes(".")) return Number(new RegExp(`^${name}\\s+(\\d+)$`, "m").exec(text)![1]);
    const [layer, field] = name.split(".") as [string, string];
    const [head, values] = text.split("\n").filter((line) => line.startsWith(`${layer}: `)) as [string, string];
    return Number(values.split(" ")[head.split(" ").indexOf(field)]);
  };
  const send = (frame: Uint8Array): void => {
    const code = `import socket; s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW); s.bind(("a0", 0)); s.send(bytes.fromhex("${Buffer.from(frame).toString("hex")}"))`;
    veth.run("a", `python3 -c '${code}'`);
  };
  const ipv4 = { src: "10.9.0.1", dst: "10.9.0.2" };
  const ipv6 = { src: "fd09::1", dst: "fd09::2" };

  it.each<[string, PacketFields, string, string]>([
    ["UDP", { ipv4, udp: { sport: 1, dport: 4242 }, payload: "odd" }, "Udp.NoPorts", "Udp.InCsumErrors"],
    ["TCP", { ipv4, tcp: { sport: 1, dport: 4242, seq: 7 } }, "Tcp.OutRsts", "Tcp.InCsumErrors"],
    ["ICMP", { ipv4, icmp: { id: 3, seq: 4 }, payload: "ping" }, "Icmp.OutEchoReps", "Icmp.InCsumErrors"],
    ["IPv4 with options", { ipv4: { ...ipv4, options: Uint8Array.of(1, 1, 1, 1) }, icmp: {} }, "Icmp.OutEchoReps", ""],
    ["UDP of IPv6", { ipv6, udp: { sport: 1, dport: 4242 }, payload: "odd" }, "Udp6NoPorts", "Udp6InCsumErrors"],
    ["ICMPv6", { ipv6, icmp6: { id: 3, seq: 4 }, payload: "ping" }, "Icmp6OutEchoReplies", "Icmp6InCsumErrors"],
    [
      "IPv6 with extensions",
      { ipv6: { ...ipv6, extensions: [{ type: 60, data: Uint8Array.of(1, 4) }] }, icmp6: {} },
      "Icmp6OutEchoReplies",
      "",
    ],
  ])("are taken for right: %s", (_name, made, accepted, refused) => {
    const [before, bad] = [count(accepted), refused === "" ? 0 : count(refused)];
    const frame = makePacket({ eth, ...made });
    send(frame);
    expect(count(accepted) - before).toBe(1);
    if (refused === "") return;
    expect(count(refused) - bad).toBe(0);
    frame[frame.length - 1]! ^= 1;
    send(frame);
    expect([count(accepted) - before, count(refused) - bad]).toEqual([1, 1]);
  });
});
