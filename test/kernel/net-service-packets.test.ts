import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { decodePacket } from "../../sdk/packets/decode-packet.ts";
import { makePacket } from "../../sdk/packets/make-packet.ts";
import type { PacketFields } from "../../sdk/packets/packet-layers.ts";
import { makeJsonScript, readJson } from "../support/json-script.ts";
import { takePatience } from "../support/patience.ts";
import { makeFolder, root, runCli } from "../support/run-cli.ts";

const folder = makeFolder();
const net = join(root, "scripts/net");

type Step =
  | readonly ["from" | "to", Uint8Array]
  | readonly ["apply", readonly unknown[]]
  | readonly ["sweep", number]
  | readonly ["age" | "later", number];

interface Ran {
  readonly action: string;
  readonly packet: Uint8Array;
}

/** Runs packets through the programs, attached nowhere, and changes the services between them. Answers what became of each packet, and what was counted. */
async function run(
  name: string,
  steps: readonly Step[],
): Promise<{ readonly ran: readonly Ran[]; readonly dropped: unknown; readonly counts: Record<string, number> }> {
  const crossing = steps.map(([kind, value]) => [kind, value instanceof Uint8Array ? toHex(value) : value]);
  const script = makeJsonScript(
    folder,
    name,
    "int unused(struct __sk_buff *skb) { return 0; }",
    `const { ServiceTables } = await import(${JSON.stringify(join(net, "parts/service-tables.ts"))});
const { parse_services } = await import(${JSON.stringify(join(net, "parts/services.ts"))});
const tables = new ServiceTables(251);
const { program } = tables;
const from = program.load_func("from_container", BPF.SCHED_CLS), to = program.load_func("to_container", BPF.SCHED_CLS);
const ran: unknown[] = [];
for (const [kind, value] of ${JSON.stringify(crossing)} as [string, any][]) {
  if (kind === "apply") tables.apply(parse_services(JSON.stringify(value), "services"));
  else if (kind === "sweep") tables.sweep(value);
  else if (kind === "age") {
    for (const [client, used] of program.tables.affinities) program.tables.affinities.set(client, { ...used, used_ns: used.used_ns - BigInt(value) * 1000000000n });
  } else if (kind === "later") {
    for (const [key, flow] of program.tables.service_ct) program.tables.service_ct.set(key, { ...flow, state: { ...flow.state, expires_ns: flow.state.expires_ns > BigInt(value) * 1000000000n ? flow.state.expires_ns - BigInt(value) * 1000000000n : 0n } });
  } else {
    const packet = Uint8Array.from(value.match(/../g), (byte: string) => parseInt(byte, 16));
    const result = (kind === "from" ? from : to).test_run({ packet });
    ran.push([result.action, [...result.packet!].map((byte: number) => byte.toString(16).padStart(2, "0")).join("")]);
  }
}
json(ran);
json([...program.tables.dropped].map(([reason, count]) => [reason, Number(count)]));
json([...tables.known.values()].flatMap(({ service, backends }) => [...backends.values()].map((one) => [service.name + " " + one.address.text, Number(tables.read_counts(one).connections)])));`,
  );
  const [ran, dropped, counts] = readJson(await runCli(["run", "--allow-read", net, script]));
  return {
    ran: (ran as [string, string][]).map(([action, hex]) => ({
      action,
      packet: Uint8Array.from(hex.match(/../g)!, (byte) => Number.parseInt(byte, 16)),
    })),
    dropped: Object.fromEntries(dropped as [string, number][]),
    counts: Object.fromEntries(counts as [string, number][]),
  };
}

function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

/** The sum of 16-bit words that is all ones where a checksum is right. Source: RFC 1071, written anew: nothing of it is the SDK's. */
function sum(bytes: Uint8Array): number {
  let total = 0n;
  for (let at = 0; at < bytes.length; at += 2) total += BigInt(bytes[at]! * 256 + (bytes[at + 1] ?? 0));
  return Number(total % 0xffffn);
}

/** Whether header and transport of an IPv4 or IPv6 packet without options add up. */
function addsUp(frame: Uint8Array): boolean {
  const ip = frame.subarray(14);
  const isV4 = ip[0]! >> 4 === 4;
  const size = isV4 ? (ip[0]! & 15) * 4 : 40;
  const body = ip.subarray(size);
  const protocol = isV4 ? ip[9]! : ip[6]!;
  const addresses = isV4 ? ip.subarray(12, 20) : ip.subarray(8, 40);
  const pseudo = Uint8Array.from([...addresses, 0, 0, body.length >> 8, body.length & 255, 0, 0, 0, protocol]);
  const isWhole = protocol === 1 ? sum(body) === 0 : sum(Uint8Array.from([...pseudo, ...body])) === 0;
  return isWhole && (!isV4 || sum(ip.subarray(0, size)) === 0);
}

const web = { name: "web", frontend: "10.96.0.10:80", backends: ["10.0.1.2:8080"] };
const web6 = { name: "web6", frontend: "[fd00:96::a]:80", backends: ["[fd00:1::2]:8080"] };
const dns = { name: "dns", frontend: "10.96.0.10:53", protocol: "udp", backends: ["10.0.1.3:5353"] };
const dns6 = { name: "dns6", frontend: "[fd00:96::a]:53", protocol: "udp", backends: ["[fd00:1::3]:5353"] };
const all = [web, web6, dns, dns6];

const client = "10.0.0.9";
const client6 = "fd00::9";
const tcp = (dst: string, dport: number, sport: number, more: object = {}): PacketFields => ({
  ...(dst.includes(":") ? { ipv6: { src: client6, dst } } : { ipv4: { src: client, dst } }),
  tcp: { sport, dport, flags: "S", ...more },
  payload: "abcde",
});
const udp = (dst: string, dport: number, sport: number, more: object = {}): PacketFields => ({
  ...(dst.includes(":") ? { ipv6: { src: client6, dst } } : { ipv4: { src: client, dst } }),
  udp: { sport, dport, ...more },
  payload: "abcde",
});
const answer = (src: string, sport: number, dport: number, flags?: string): PacketFields => ({
  ...(src.includes(":") ? { ipv6: { src, dst: client6 } } : { ipv4: { src, dst: client } }),
  ...(flags === undefined ? { udp: { sport, dport } } : { tcp: { sport, dport, flags } }),
  payload: "answer",
});
const from = (packet: PacketFields): Step => ["from", makePacket(packet)];
const to = (packet: PacketFields): Step => ["to", makePacket(packet)];

/** Where a packet goes to and comes from, with ports. */
function readEnds({ action, packet }: Ran): string {
  if (action !== "TC_ACT_UNSPEC") return action;
  const { ipv4, ipv6, tcp: t, udp: u } = decodePacket(packet);
  const ip = ipv4 ?? ipv6;
  const ports = t ?? u;
  return `${ip?.src} ${ports?.sport} -> ${ip?.dst} ${ports?.dport}`;
}

describe("the programs of bpfts service", { timeout: takePatience(120_000) }, () => {
  it("give packets the backend's address, and answers the service's, with right checksums", async () => {
    const cases: readonly (readonly [PacketFields, PacketFields])[] = [
      [tcp("10.96.0.10", 80, 1000), tcp("10.0.1.2", 8080, 1000)],
      [tcp("fd00:96::a", 80, 1000), tcp("fd00:1::2", 8080, 1000)],
      [udp("10.96.0.10", 53, 1000), udp("10.0.1.3", 5353, 1000)],
      [udp("fd00:96::a", 53, 1000), udp("fd00:1::3", 5353, 1000)],
      // Without a checksum.
      [udp("10.96.0.10", 53, 1001, { checksum: 0 }), udp("10.0.1.3", 5353, 1001, { checksum: 0 })],
    ];
    const swap = (ip: { src?: string; dst?: string }): object => ({ src: ip.dst, dst: ip.src });
    const back = ({ ipv4, ipv6, tcp: t, udp: u }: PacketFields): PacketFields => {
      const turned = { sport: (t ?? u)!.dport!, dport: (t ?? u)!.sport! };
      return {
        ...(ipv4 !== undefined ? { ipv4: swap(ipv4) } : { ipv6: swap(ipv6!) }),
        ...(t === undefined ? { udp: { ...u, ...turned } } : { tcp: { ...turned, flags: "SA" } }),
        payload: "answer",
      };
    };
    const { ran, counts } = await run("rewrite", [
      ["apply", all],
      ...cases.flatMap(([sent, wanted]) => [from(sent), to(back(wanted))]),
    ]);
    const expected = cases.flatMap(([sent, wanted]) => [wanted, back(sent)]).map((packet) => toHex(makePacket(packet)));
    expect(ran.map(({ packet }) => toHex(packet))).toEqual(expected);
    expect(ran.map(({ action }) => action)).toEqual(ran.map(() => "TC_ACT_UNSPEC"));
    expect(ran.slice(0, 8).map(({ packet }) => addsUp(packet))).toEqual(Array(8).fill(true));
    expect(Object.values(counts)).toEqual([1, 1, 2, 1]);
  });

  it("write a UDP checksum that comes to 0 as 0xffff", async () => {
    // The payload is what makes the sum of the changed packet 0.
    const fill = (word: number): PacketFields => ({
      ...udp("10.0.1.3", 5353, 7),
      payload: Uint8Array.of(word >> 8, word & 255),
    });
    const word = decodePacket(makePacket(fill(0))).udp!.checksum;
    const { ran } = await run("zero", [
      ["apply", all],
      from({ ...udp("10.96.0.10", 53, 7), payload: Uint8Array.of(word >> 8, word & 255) }),
    ]);
    expect(decodePacket(ran[0]!.packet).udp).toMatchObject({ checksum: 0xffff, checksum_ok: true });
    expect(addsUp(ran[0]!.packet)).toBe(true);
  });

  it("rewrite behind IPv4 options, VLAN tags and extension headers, and leave alone what is no service's", async () => {
    const options = Uint8Array.of(7, 7, 4, 0, 0, 0, 0, 0);
    const extension = { type: 0, data: Uint8Array.of(1, 4, 0, 0, 0, 0) };
    const odd = (v4: boolean, vip: boolean): PacketFields => {
      const packet = v4
        ? tcp(vip ? "10.96.0.10" : "10.0.1.2", vip ? 80 : 8080, 5)
        : tcp(vip ? "fd00:96::a" : "fd00:1::2", vip ? 80 : 8080, 5);
      return v4
        ? { vlan: { id: 7 }, ...packet, ipv4: { ...packet.ipv4, options } }
        : { ...packet, ipv6: { ...packet.ipv6, extensions: [extension] } };
    };
    const others = [
      tcp("10.96.0.10", 81, 5),
      udp("10.96.0.10", 80, 5),
      tcp("10.0.1.2", 8080, 6),
      { ipv4: { src: client, dst: "10.96.0.10" }, icmp: { id: 80, seq: 1 } },
      { arp: { sender_ip: client, target_ip: "10.96.0.10" } },
    ];
    const steps: readonly Step[] = [
      ["apply", all],
      from(odd(true, true)),
      from(odd(false, true)),
      ...others.map(from),
      ...others.map(to),
    ];
    const { ran } = await run("odd", steps);
    expect(ran.slice(0, 2).map(({ packet }) => toHex(packet))).toEqual(
      [odd(true, false), odd(false, false)].map((packet) => toHex(makePacket(packet))),
    );
    expect(ran.slice(2).map(({ packet }) => toHex(packet))).toEqual(
      [...others, ...others].map((packet) => toHex(makePacket(packet))),
    );
  });

  it("give fragments behind the first the same address, and refuse those whose first one is unknown", async () => {
    const part = (dst: string, id: number, offset: number): PacketFields => ({
      ipv4: { src: client, dst, id, protocol: 17, more_fragments: offset === 0, fragment_offset: offset },
      payload: "x".repeat(24),
    });
    const first = (dst: string, dport: number): PacketFields => ({
      ipv4: { src: client, dst, id: 3, more_fragments: true },
      udp: { sport: 9, dport, length: 64, checksum: 0x1234 },
      payload: "x".repeat(16),
    });
    const { ran, dropped } = await run("fragments", [
      ["apply", all],
      from(part("10.96.0.10", 3, 24)),
      from(first("10.96.0.10", 53)),
      from(part("10.96.0.10", 3, 24)),
      from(part("10.96.0.10", 4, 24)),
      from(part("10.0.1.3", 4, 24)),
    ]);
    expect(ran.map(({ action }) => action)).toEqual([
      "TC_ACT_SHOT",
      "TC_ACT_UNSPEC",
      "TC_ACT_UNSPEC",
      "TC_ACT_SHOT",
      "TC_ACT_UNSPEC",
    ]);
    expect(dropped).toEqual({ 157: 2 });
    expect(decodePacket(ran[1]!.packet).ipv4).toMatchObject({ dst: "10.0.1.3", checksum_ok: true });
    expect(toHex(ran[2]!.packet)).toBe(toHex(makePacket(part("10.0.1.3", 3, 24))));
    // The sum covers the whole datagram, so the difference of addresses and ports is in the first part's.
    const before = makePacket(first("10.96.0.10", 53));
    const change = (bytes: Uint8Array): number => sum(bytes.subarray(26, 38)) + sum(bytes.subarray(40, 42));
    expect(change(ran[1]!.packet) % 0xffff).toBe(change(before) % 0xffff);
  });

  it("lead ICMP errors about a connection back to the service", async () => {
    const inner = makePacket({ ...udp("10.0.1.3", 5353, 1000) }).subarray(14);
    const outer = makePacket(udp("10.96.0.10", 53, 1000)).subarray(14);
    const error = (src: string, about: Uint8Array): PacketFields => ({
      ipv4: { src, dst: client },
      icmp: { type: 3, code: 3, id: 0, seq: 0 },
      payload: about,
    });
    const { ran } = await run("icmp", [
      ["apply", all],
      from(udp("10.96.0.10", 53, 1000)),
      to(error("10.0.1.3", inner)),
      to(error("10.9.9.9", inner)),
    ]);
    const inner6 = makePacket(udp("fd00:1::3", 5353, 1000)).subarray(14);
    const outer6 = makePacket(udp("fd00:96::a", 53, 1000)).subarray(14);
    const error6 = (src: string): PacketFields => ({
      ipv6: { src, dst: client6 },
      icmp6: { type: 1, code: 4, id: 0, seq: 0 },
      payload: inner6,
    });
    const v6 = await run("icmp6", [
      ["apply", all],
      from(udp("fd00:96::a", 53, 1000)),
      to(error6("fd00:1::3")),
      to(error6("fd00:9::9")),
    ]);
    for (const [at, source] of ["fd00:96::a", "fd00:9::9"].entries()) {
      const got = decodePacket(v6.ran[at + 1]!.packet);
      expect(got.ipv6).toMatchObject({ src: source, dst: client6 });
      expect(got.icmp6).toMatchObject({ type: 1, checksum_ok: true });
      const blank = (bytes: Uint8Array): string =>
        toHex(bytes.map((byte, place) => (place === 46 || place === 47 ? 0 : byte)));
      expect(blank(got.payload!)).toBe(blank(outer6));
      expect(addsUp(v6.ran[at + 1]!.packet)).toBe(true);
    }
    for (const [at, source] of ["10.96.0.10", "10.9.9.9"].entries()) {
      const got = decodePacket(ran[at + 1]!.packet);
      expect(got.ipv4).toMatchObject({ src: source, dst: client, checksum_ok: true });
      expect(got.icmp).toMatchObject({ type: 3, checksum_ok: true });
      // All but the checksum of the packet inside, which nobody reads.
      const blank = (bytes: Uint8Array): string =>
        toHex(bytes.map((byte, place) => (place === 26 || place === 27 ? 0 : byte)));
      expect(blank(got.payload!)).toBe(blank(outer));
      expect(addsUp(ran[at + 1]!.packet)).toBe(true);
    }
  });

  it("keep a connection at its backend, spread connections over all, and drop where there is none", async () => {
    const backends = ["10.0.1.2:8080", "10.0.1.3:8080", "10.0.1.4:8080"];
    const services = [
      { ...web, backends },
      { ...web, name: "maglev", frontend: "10.96.0.11:80", algorithm: "maglev", backends },
      { ...web, name: "none", frontend: "10.96.0.12:80", backends: [] },
    ];
    const ports = Array.from({ length: 150 }, (_, at) => 2000 + at);
    const once = ports.flatMap((port) => [from(tcp("10.96.0.10", 80, port)), from(tcp("10.96.0.11", 80, port))]);
    const { ran, counts, dropped } = await run("spread", [
      ["apply", services],
      ...once,
      ...once,
      from(tcp("10.96.0.12", 80, 5)),
    ]);
    expect(ran.slice(once.length, -1).map(readEnds)).toEqual(ran.slice(0, once.length).map(readEnds));
    for (const service of ["web", "maglev"]) {
      const each = backends.map((backend) => counts[`${service} ${backend}`]!);
      expect(each.reduce((one, other) => one + other)).toBe(150);
      expect(Math.min(...each)).toBeGreaterThan(25);
    }
    expect([ran.at(-1)!.action, dropped]).toEqual(["TC_ACT_SHOT", { 158: 1 }]);
  });

  it("lead a client that is a backend itself to another one, and drop where there is none", async () => {
    const own = { ...web, backends: [`${client}:8080`, "10.0.1.3:8080"] };
    const services = [
      own,
      { ...own, name: "maglev", frontend: "10.96.0.11:80", algorithm: "maglev" },
      { ...own, name: "alone", frontend: "10.96.0.12:80", backends: [`${client}:8080`] },
    ];
    const ports = Array.from({ length: 10 }, (_, at) => 2000 + at);
    const { ran, dropped } = await run("own", [
      ["apply", services],
      ...ports.flatMap((port) => [from(tcp("10.96.0.10", 80, port)), from(tcp("10.96.0.11", 80, port))]),
      from(tcp("10.96.0.12", 80, 1)),
    ]);
    const ends = ran.map(readEnds);
    // Half of the picks are the client's own, so eight of them in a row come up once in 256 connections.
    expect(ends.filter((one) => one.endsWith("-> 10.0.1.3 8080")).length).toBeGreaterThan(16);
    expect(ends.some((one) => one.includes(`-> ${client}`))).toBe(false);
    expect(ends.at(-1)).toBe("TC_ACT_SHOT");
    expect(dropped).toMatchObject({ 158: expect.any(Number) });
  });

  it("drain a backend that was removed, send its new connections elsewhere, and forget it in the end", async () => {
    const two = { ...web, backends: ["10.0.1.2:8080", "10.0.1.3:8080"] };
    const one = { ...web, backends: ["10.0.1.3:8080"] };
    const ports = Array.from({ length: 40 }, (_, at) => 3000 + at);
    const { ran } = await run("drain", [
      ["apply", [{ ...web, backends: ["10.0.1.2:8080"] }]],
      from(tcp("10.96.0.10", 80, 1)),
      ["apply", [two]],
      ["apply", [one]],
      from(tcp("10.96.0.10", 80, 1, { flags: "A" })),
      to(answer("10.0.1.2", 8080, 1, "A")),
      ...ports.map((port) => from(tcp("10.96.0.10", 80, port))),
      ["sweep", 3600],
      from(tcp("10.96.0.10", 80, 1, { flags: "A" })),
      ["sweep", 0],
      from(tcp("10.96.0.10", 80, 1, { flags: "A" })),
    ]);
    const ends = ran.map(readEnds);
    expect(ends[1]).toBe(`${client} 1 -> 10.0.1.2 8080`);
    expect(ends[2]).toBe(`10.96.0.10 80 -> ${client} 1`);
    expect(ends.slice(3, 43)).toEqual(ports.map((port) => `${client} ${port} -> 10.0.1.3 8080`));
    expect(ends.slice(43)).toEqual([`${client} 1 -> 10.0.1.2 8080`, `${client} 1 -> 10.0.1.3 8080`]);
  });

  it("keep a client at its backend for the time of its affinity, and no longer than the backend is there", async () => {
    const backends = Array.from({ length: 20 }, (_, at) => `10.0.1.${at + 2}:8080`);
    const service = { ...web, backends, affinity: 60 };
    const many = (first: number): readonly Step[] =>
      Array.from({ length: 20 }, (_, at) => from(tcp("10.96.0.10", 80, first + at)));
    const before = await run("affinity", [
      ["apply", [service]],
      ...many(1),
      ["age", 59],
      ...many(100),
      ["age", 61],
      ...many(200),
    ]);
    const found = before.ran.map((one) => readEnds(one).split(" -> ")[1]);
    expect(new Set(found.slice(0, 40)).size).toBe(1);
    expect(new Set(found.slice(40)).size).toBe(1);
    const gone = await run("affinity-gone", [
      ["apply", [{ ...service, backends: backends.slice(0, 1) }]],
      from(tcp("10.96.0.10", 80, 1)),
      ["apply", [{ ...service, backends: backends.slice(1, 2) }]],
      from(tcp("10.96.0.10", 80, 2)),
      from(tcp("10.96.0.10", 80, 1, { flags: "A" })),
    ]);
    expect(gone.ran.map((one) => readEnds(one).split(" -> ")[1])).toEqual([
      "10.0.1.2 8080",
      "10.0.1.3 8080",
      "10.0.1.2 8080",
    ]);
  });

  it("remember a connection until both ends have closed it, or one has reset it, and others for a minute", async () => {
    const ask = (flags: string, port = 7): Step => from(tcp("10.96.0.10", 80, port, { flags }));
    const reply = (flags: string, port = 7): Step => to(answer("10.0.1.2", 8080, port, flags));
    const query = from(udp("10.96.0.10", 53, 7));
    const result = to(answer("10.0.1.3", 5353, 7));
    const { ran, counts } = await run("lifetimes", [
      ["apply", all],
      // One end is closed, the other one goes on.
      ...[ask("S"), reply("SA"), ask("A"), ask("FA"), ["later", 3600] as const, reply("A"), reply("FA"), ask("A")],
      ["later", 9],
      reply("A"),
      ["later", 11],
      reply("A"),
      // Opened again, then reset.
      ...[
        ask("S"),
        reply("SA"),
        ask("A"),
        ["later", 3600] as const,
        reply("A"),
        reply("R"),
        ["later", 11] as const,
        reply("A"),
      ],
      // A handshake that does not go on.
      ...[ask("S", 8), ["later", 61] as const, reply("SA", 8)],
      // Answers alone keep it, too.
      ...[query, ["later", 50] as const, result, ["later", 50] as const, result, ["later", 61] as const, result],
    ]);
    const replies = ran
      .map(readEnds)
      .filter((one) => one.includes(`-> ${client}`))
      .map((one) => one.split(" -> ")[0]);
    const [service, backend] = ["10.96.0.10 80", "10.0.1.2 8080"];
    expect(replies).toEqual([
      ...[service, service, service, service, backend],
      ...[service, service, service, backend],
      backend,
      ...["10.96.0.10 53", "10.96.0.10 53", "10.0.1.3 5353"],
    ]);
    expect(counts["web 10.0.1.2:8080"]).toBe(3);
  });

  it("take the answer for the newest connection of its ends: direct, by one service, by another", async () => {
    const other = { ...web, name: "other", frontend: "10.96.0.20:80" };
    const { ran } = await run("stale", [
      ["apply", [web, other]],
      from(tcp("10.96.0.10", 80, 7)),
      to(answer("10.0.1.2", 8080, 7, "SA")),
      from(tcp("10.0.1.2", 8080, 7)),
      to(answer("10.0.1.2", 8080, 7, "SA")),
      from(tcp("10.96.0.20", 80, 7)),
      to(answer("10.0.1.2", 8080, 7, "SA")),
      from(tcp("10.96.0.10", 80, 7, { flags: "A" })),
      to(answer("10.0.1.2", 8080, 7, "A")),
      to(answer("10.0.1.2", 8080, 8, "SA")),
    ]);
    const answers = [1, 3, 5, 7, 8].map((at) => readEnds(ran[at]!).split(" -> ")[0]);
    expect(answers).toEqual(["10.96.0.10 80", "10.0.1.2 8080", "10.96.0.20 80", "10.96.0.10 80", "10.0.1.2 8080"]);
  });
});
