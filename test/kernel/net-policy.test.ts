import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { makeJsonScript, readJson } from "../support/json-script.ts";
import { makeLab, renderPings, takeLabStock } from "../support/own-lab.ts";
import { takePatience } from "../support/patience.ts";
import { makeFolder, root, runCli, startCli } from "../support/run-cli.ts";
import type { CliResult } from "../support/run-cli.ts";

const folder = makeFolder();

/** Tries what its arguments say, one after another, and prints what came of each: `tcp ADDRESS PORT`, `udp SOURCE ADDRESS PORT COUNT`. */
const workload = join(folder, "workload.py");
writeFileSync(
  workload,
  `
import socket, sys
words = sys.argv[1:]
while words:
    kind, words = words[0], words[1:]
    if kind == "tcp":
        s = socket.socket(); s.settimeout(0.6)
        try: s.connect((words[0], int(words[1]))); said = "connected"
        except ConnectionRefusedError: said = "refused"
        except socket.timeout: said = "timeout"
        s.close(); words = words[2:]
    elif kind == "udp":
        s = socket.socket(socket.AF_INET6 if ":" in words[1] else socket.AF_INET, socket.SOCK_DGRAM)
        s.bind((words[0], 0))
        for number in range(int(words[3])): s.sendto(b"x" * 10, (words[1], int(words[2])))
        said = "sent"; words = words[4:]
    elif kind == "refused":
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(0.6); s.connect((words[0], int(words[1]))); s.send(b"x")
        try: s.recv(1); said = "answer"
        except ConnectionRefusedError: said = "refused"
        except socket.timeout: said = "timeout"
        words = words[2:]
    elif kind == "echo":
        s = socket.create_connection((words[0], int(words[1])), 5); data = b"abcd" * 50000; s.sendall(data); s.shutdown(1); got = b""
        while True:
            part = s.recv(65536)
            if not part: break
            got += part
        said = "same" if got == data else "other"; words = words[2:]
    print(said)
`,
);
const server = `
import socket
s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); s.bind(("", 8080)); s.listen(); print("listening", flush=True)
c, _ = s.accept(); data = b""
while True:
    part = c.recv(65536)
    if not part: break
    data += part
c.sendall(data); c.close()
`;

interface Line {
  readonly verdict?: string;
  readonly drop_reason?: number;
  readonly drop_reason_desc?: string;
  readonly source?: { readonly identity: number };
  readonly destination?: { readonly identity: number };
  readonly traffic_direction?: string;
  readonly l4?: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly endpoint: string;
  readonly rule: string;
  readonly file?: { readonly name: string; readonly line: number };
  readonly packets?: number;
  readonly bytes?: number;
}

function readLines(result: CliResult): readonly Line[] {
  expect(result.status, result.stderr).toBe(0);
  return result.stdout
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as Line);
}

/** What the counters say at the end: packets by endpoint and rule. */
function readCounts(lines: readonly Line[]): Readonly<Record<string, number>> {
  return Object.fromEntries(
    lines
      .filter(({ packets }) => packets !== undefined)
      .map(({ endpoint, rule, packets }) => [`${endpoint}: ${rule}`, packets!]),
  );
}

/** What the workload printed. */
function readWords(result: CliResult): readonly string[] {
  return result.stdout.split("\n").filter((line) => /^(?:\d+|[a-z]+)$/.test(line));
}

const pods = ["--endpoint", "pod1=5001", "--endpoint", "pod2=5002"];

const onePolicyNode = { nodes: { node1: { subnet: "10.77.1.0/24", pods: { pod1: {}, pod2: {} } } } };

// On a busy machine each start of bpfts takes a second or two.
const patienceMs = takePatience(150_000);

/** Runs policy in a lab while a command runs in pod1. */
function runPolicy(lab: { readonly path: string }, command: string, ...args: readonly string[]): Promise<CliResult> {
  return runCli(["--lab", lab.path, "--in", "pod1", "-c", command, "policy", ...args]);
}

/** Runs lines that judge packets by the programs of an endpoint, attached nowhere: `load` loads them, `from` and `to` tell whether a packet passes. */
async function runPackets(name: string, lines: string): Promise<unknown[]> {
  const net = join(root, "scripts/net");
  const script = makeJsonScript(
    folder,
    name,
    "int unused(struct __sk_buff *skb) { return 0; }",
    `const { load_endpoint, other_counters } = await import(${JSON.stringify(join(net, "parts/policy-program.ts"))});
const { list_entries, parse_rule } = await import(${JSON.stringify(join(net, "parts/policy-rules.ts"))});
const { parse_cidr } = await import(${JSON.stringify(join(net, "parts/cidr.ts"))});
const { make_packet } = bpfts as any;
const load = ({ ingress, egress, audit = false, addresses = ["10.0.0.1", "fd00::1"] }: any) => {
  const make = (text: string, number: number) => ({ is_enforced: true, entries: list_entries([{ ...parse_rule(text, "allow"), number }], (peer: string) => (peer === "any" ? 0 : Number(peer))) });
  const { program, read_counts } = load_endpoint({ id: 1, identity: 5001, addresses: addresses.map(parse_cidr), ingress: make(ingress, 0), egress: make(egress, 1), identities: [], audit, rules: 2 });
  const run = (fn: any) => (packet: Uint8Array) => fn.test_run({ packet }).action !== "TC_ACT_SHOT";
  const lifetimes = () => [...program.table("ct").entries()].map(([{ source_port }, { state }]: any) => [bpfts.ntohs(source_port), Math.round(Number(state.expires_ns - bpfts.monotonic_ns()) / 1e9)] as const);
  const counts = () => Object.fromEntries(other_counters.map((name: string, at: number) => [name, Number(read_counts(2 + at).packets)] as const).filter(([, packets]: any) => packets > 0));
  return { from: run(program.load_func("from_container", bpfts.BPF.SCHED_CLS)), to: run(program.load_func("to_container", bpfts.BPF.SCHED_CLS)), counts, lifetimes } as any;
};
${lines}`,
  );
  return readJson(await runCli(["run", "--allow-read", net, script]));
}

describe("bpfts policy", { timeout: patienceMs }, () => {
  it("holds endpoints to their rules, counts exactly, and says why it drops", async () => {
    const lab = makeLab(folder, "policy", onePolicyNode);
    await lab.up();
    // Each datagram to a closed port is answered, not one a second.
    lab.exec("pod2", "sh", "-c", "echo 0 >/proc/sys/net/ipv4/icmp_ratelimit");
    lab.exec("pod1", "ip", "address", "add", "10.77.1.99/32", "dev", "eth0");
    const to = "10.77.1.2";
    const tries = `tcp ${to} 8001 tcp ${to} 8002 tcp ${to} 8004 udp 10.77.1.1 ${to} 5353 20 udp 10.77.1.1 ${to} 5354 3 udp 10.77.1.99 ${to} 5353 5`;
    const command = `${renderPings(to, 2)}; python3 ${workload} ${tries}`;
    const rules = [
      "--allow",
      "pod2 from pod1 tcp/8000-8003",
      "--allow",
      "pod2 from pod1 udp/5353",
      "--deny",
      "pod2 from any tcp/8002",
    ];
    const run = (...more: readonly string[]): Promise<CliResult> => runPolicy(lab, command, ...pods, ...rules, ...more);

    const result = await run("--json");
    expect(readWords(result)).toEqual(["0", "refused", "timeout", "timeout", "sent", "sent", "sent"]);
    const lines = readLines(result);
    expect(readCounts(lines)).toEqual({
      "pod1: invalid source": 5,
      "pod1: reply": 21,
      "pod1: not enforced": 28,
      "pod2: allow pod2 from pod1 tcp/8000-8003": 1,
      "pod2: allow pod2 from pod1 udp/5353": 20,
      "pod2: deny pod2 from any tcp/8002": 1,
      "pod2: default deny": 6,
      "pod2: reply": 21,
    });
    expect(lines.find(({ packets, rule }) => packets !== undefined && rule.includes("udp/5353"))!.bytes).toBe(
      20 * (14 + 20 + 8 + 10),
    );
    const drops = lines.filter(({ verdict }) => verdict !== undefined);
    const counted = new Map<string, number>();
    for (const {
      verdict,
      drop_reason,
      drop_reason_desc,
      source,
      destination,
      traffic_direction,
      endpoint,
      rule,
    } of drops) {
      const key = `${verdict} ${drop_reason} ${drop_reason_desc} ${source!.identity}->${destination!.identity} ${traffic_direction} ${endpoint} ${rule}`;
      counted.set(key, (counted.get(key) ?? 0) + 1);
    }
    expect(Object.fromEntries(counted)).toEqual({
      "DROPPED 133 POLICY_DENIED 5001->5002 INGRESS pod2 default deny": 6,
      "DROPPED 181 POLICY_DENY 5001->5002 INGRESS pod2 deny pod2 from any tcp/8002": 1,
      "DROPPED 132 INVALID_SOURCE_IP 5001->5002 EGRESS pod1 invalid source": 5,
    });
    const to_pod2 = drops.filter(({ drop_reason }) => drop_reason === 133).map(({ l4 }) => l4!);
    expect(to_pod2.filter((l4) => "ICMPv4" in l4)).toEqual([{ ICMPv4: { type: 8 } }, { ICMPv4: { type: 8 } }]);
    expect(to_pod2.map((l4) => l4["UDP"]?.["destination_port"]).filter(Boolean)).toEqual([5354, 5354, 5354]);
    // The line that is named is the one that drops.
    const source = readFileSync(join(root, "scripts/net/parts/policy-program.ts"), "utf8").split("\n");
    for (const { file, drop_reason } of drops) {
      const constant = { 132: "DROP_INVALID_SIP", 133: "DROP_POLICY,", 181: "DROP_POLICY_DENY" }[drop_reason!]!;
      expect(source[file!.line - 1]).toContain(`return drop(skb, &tuple, ${constant}`);
    }
    expect((await runCli(["net", "--netns", `bpfts.${lab.name}.node1`])).stdout).toMatch(/^Nothing is attached/);
  });

  it("only tells with --audit what it would drop", async () => {
    const lab = makeLab(folder, "audit", onePolicyNode);
    const command = `${renderPings("10.77.1.2", 2)}; python3 ${workload} tcp 10.77.1.2 8002`;
    const result = await runPolicy(lab, command, "--audit", ...pods, "--deny", "pod2 from any tcp/8002");
    expect(readWords(result)).toEqual(["2", "refused"]);
    expect(result.stdout).toMatch(
      /^xx would drop \(Policy denied\) file policy-program\.ts:\d+, identity pod1->pod2: 10\.77\.1\.1 -> 10\.77\.1\.2 icmp, ingress of pod2, default deny$/m,
    );
    expect(result.stdout).toMatch(
      /^xx would drop \(Policy denied by denylist\) .* tcp, ingress of pod2, deny pod2 from any tcp\/8002$/m,
    );
  });

  it("lets answers and ICMP errors of allowed flows through, also between nodes", async () => {
    const lab = makeLab(folder, "policy2", {
      vxlan: true,
      nodes: {
        node1: { subnet: "10.77.1.0/24", pods: { pod1: {}, pod2: {} } },
        node2: { subnet: "10.77.2.0/24", pods: { pod3: {} } },
      },
    });
    await lab.up();
    const listening = startCli(["lab", "exec", lab.path, "pod3", "--", "python3", "-c", server]);
    await listening.waitFor("listening");
    const command = `python3 ${workload} echo 10.77.2.1 8080 refused 10.77.2.1 9 tcp 10.77.2.1 8081; ${renderPings("10.77.2.1", 2)}`;
    const result = await runPolicy(
      lab,
      command,
      "--json",
      "--enforce",
      "always",
      ...[
        "--endpoint",
        "pod1=5001",
        "--endpoint",
        "pod3=5003",
        "--allow",
        "pod1 to any",
        "--allow",
        "pod3 from pod1 tcp/8080",
        "--allow",
        "pod3 from 5001 udp/9",
      ],
    );
    expect(await listening.ended).toMatchObject({ status: 0 });
    expect(readWords(result)).toEqual(["same", "refused", "timeout", "0"]);
    const lines = readLines(result);
    const drops = lines.filter(({ verdict }) => verdict !== undefined);
    expect(drops.map(({ source, destination, rule }) => [source!.identity, destination!.identity, rule])).toEqual(
      Array(3).fill([5001, 5003, "default deny"]),
    );
    const counts = readCounts(lines);
    expect(counts["pod3: default deny"]).toBe(3);
    expect(counts["pod3: allow pod3 from 5001 udp/9"]).toBe(1);
    // What one end sends is what the other takes in.
    expect(counts["pod1: allow pod1 to any"]).toBe(counts["pod3: allow pod3 from pod1 tcp/8080"]! + 1 + 3);
    expect(counts["pod1: reply"]).toBe(counts["pod3: reply"]);
  });

  it("holds IPv6 to the same rules", async () => {
    const lab = makeLab(folder, "policy6", {
      nodes: { node1: { subnet: "fd77:1::/64", pods: { pod1: {}, pod2: {} } } },
    });
    const command = `${renderPings("fd77:1::2", 2)}; python3 ${workload} udp fd77:1::1 fd77:1::2 53 4`;
    const result = await runPolicy(lab, command, "--json", "--verdicts", ...pods, "--allow", "pod2 from pod1 icmp6");
    expect(readWords(result)).toEqual(["2", "sent"]);
    const drops = readLines(result).filter(({ verdict }) => verdict === "DROPPED");
    expect(drops.map(({ l4 }) => Object.keys(l4!))).toEqual(Array(4).fill(["UDP"]));
    expect(readLines(result).filter(({ l4 }) => l4?.["ICMPv6"]?.["type"] === 128)).toHaveLength(2);
    expect(readCounts(readLines(result))).toEqual({
      "pod1: not enforced": 6,
      "pod1: reply": 2,
      "pod2: allow pod2 from pod1 icmp6": 2,
      "pod2: default deny": 4,
      "pod2: reply": 2,
    });
    expect(takeLabStock(lab.name)).toEqual([]);
  });

  it("takes for answers only what answers, and for the link's only what stays on it", async () => {
    const result = await runPackets(
      "answers",
      `const own = ["10.0.0.1", "fd00::1"], peer = ["10.0.0.2", "fd00::2"];
const { from, to, counts } = load({ egress: "pod1 to any", ingress: "pod1 from 5009 tcp/1" });
const v4 = (src, dst, rest) => make_packet({ ipv4: { src, dst }, ...rest }), v6 = (src, dst, rest, ip = {}) => make_packet({ ipv6: { src, dst, ...ip }, ...rest });
const echo4 = (type, id) => ({ icmp: { type, id } }), echo6 = (type, id) => ({ icmp6: { type, id } });
// Each pair of a request and its reply: asked, the peer asks with the same identifier, the peer answers with another one, the peer answers, answers are answered.
for (const [request, reply] of [[8, 0], [13, 14], [15, 16], [17, 18], [42, 43]])
  json([from(v4(own[0], peer[0], echo4(request, 7))), to(v4(peer[0], own[0], echo4(request, 7))), to(v4(peer[0], own[0], echo4(reply, 8))), to(v4(peer[0], own[0], echo4(reply, 7)))]);
for (const [request, reply] of [[128, 129], [160, 161]])
  json([from(v6(own[1], peer[1], echo6(request, 7))), to(v6(peer[1], own[1], echo6(request, 7))), to(v6(peer[1], own[1], echo6(reply, 8))), to(v6(peer[1], own[1], echo6(reply, 7)))]);
// A reply that nobody asked for opens no way back.
json([from(v4(own[0], peer[0], echo4(0, 9))), to(v4(peer[0], own[0], echo4(0, 9))), to(v4(peer[0], own[0], echo4(8, 9)))]);
// Errors about the flow, about another one, and about none.
const about = (id) => v4(own[0], peer[0], echo4(8, id)).subarray(14);
json([3, 11, 12, 5].map((type) => to(v4("10.9.9.9", own[0], { icmp: { type }, payload: about(7) }))));
json([to(v4("10.9.9.9", own[0], { icmp: { type: 3 }, payload: about(8) })), to(v4("10.9.9.9", own[0], { icmp: { type: 3 } }))]);
const about6 = v6(own[1], peer[1], echo6(128, 7)).subarray(14);
json([1, 2, 3, 4, 100].map((type) => to(v6("fd09::9", own[1], { icmp6: { type }, payload: about6 }))));
// Neighbour discovery, whole and as a router would have sent it on; groups of the device, the link, the site, the world, and one with a flag.
json([133, 134, 135, 136, 137, 138].map((type) => to(v6(peer[1], own[1], { icmp6: { type } }, { hop_limit: 255 }))));
json(to(v6(peer[1], own[1], { icmp6: { type: 135 } }, { hop_limit: 254 })));
json(["ff01::1", "ff02::1", "ff12::1", "ff05::1", "ff0e::1", "ff00::1", "fe80::1", "febf::1", "fec0::1"].map((dst) => to(v6(peer[1], dst, { udp: { dport: 5 } }))));
json(["fe80::1", "ff02::1"].map((src) => to(v6(src, own[1], { udp: { dport: 5 } }))));`,
    );
    const [yes, no] = [true, false];
    expect(result).toEqual([
      ...Array<unknown>(7).fill([yes, no, no, yes]),
      [yes, no, no],
      [yes, yes, yes, no],
      [no, no],
      [yes, yes, yes, yes, no],
      [yes, yes, yes, yes, yes, no],
      no,
      [yes, yes, yes, no, no, no, yes, yes, no],
      [yes, no],
    ]);
  });

  it("lets an endpoint send from each of its addresses", async () => {
    const result = await runPackets(
      "addresses",
      `const addresses = Array.from({ length: 40 }, (_, at) => "10.0.0." + (at + 1));
const { from } = load({ egress: "pod1 to any", ingress: "pod1 from any", addresses });
json([...addresses, "10.0.0.41"].filter((src) => from(make_packet({ ipv4: { src, dst: "10.0.1.1" }, udp: {} }))).length);`,
    );
    expect(result).toEqual([40]);
  });

  it("remembers a connection by what its flags say", async () => {
    const [open, half_open, closing] = [21600, 60, 10];
    // `>` is what the endpoint sends, `<` what it is answered; each step has the seconds after it, none when the packet does not pass.
    const sequences: readonly (readonly (readonly [string, number | null])[])[] = [
      [
        [">S", half_open],
        [">S", half_open],
        ["<SA", half_open],
        [">A", open],
        ["<PA", open],
      ],
      // One direction is closed: the other one goes on.
      [
        [">S", half_open],
        ["<SA", half_open],
        [">A", open],
        [">FA", open],
        ["<A", open],
        ["<PA", open],
        ["<FA", closing],
        [">A", closing],
      ],
      [
        [">S", half_open],
        ["<SA", half_open],
        [">A", open],
        ["<FA", open],
        [">PA", open],
        [">FA", closing],
      ],
      [
        [">S", half_open],
        ["<SA", half_open],
        [">A", open],
        [">FA", open],
        [">FA", open],
      ],
      [
        [">S", half_open],
        ["<RA", closing],
      ],
      [
        [">S", half_open],
        ["<SA", half_open],
        [">A", open],
        ["<R", closing],
      ],
      [
        [">S", half_open],
        ["<SA", half_open],
        [">A", open],
        [">R", closing],
        ["<PA", closing],
      ],
      // A new connection from the port of one that is closing.
      [
        [">S", half_open],
        ["<SA", half_open],
        [">A", open],
        [">R", closing],
        [">S", half_open],
        ["<SA", half_open],
        [">A", open],
      ],
      [
        [">S", half_open],
        ["<SA", half_open],
        [">A", open],
        [">FA", open],
        [">S", half_open],
      ],
      // The answerer's SYN opens nothing again.
      [
        [">S", half_open],
        [">R", closing],
        ["<SA", closing],
      ],
      // From before the start: the first packet is no SYN.
      [
        [">PA", open],
        ["<A", open],
      ],
      [
        ["<SA", null],
        ["<A", null],
      ],
    ];
    const result = await runPackets(
      "states",
      `const { from, to, lifetimes } = load({ egress: "pod1 to any", ingress: "pod1 from 5009" });
for (const [at, steps] of (${JSON.stringify(sequences)} as any).entries()) {
  const sport = 1000 + at;
  json(steps.map(([step]: any) => {
    const flags = step.slice(1);
    const passes = step[0] === ">"
      ? from(make_packet({ ipv4: { src: "10.0.0.1", dst: "10.0.1.1" }, tcp: { sport, dport: 80, flags } }))
      : to(make_packet({ ipv4: { src: "10.0.1.1", dst: "10.0.0.1" }, tcp: { sport: 80, dport: sport, flags } }));
    return [step, passes ? lifetimes().find(([port]: any) => port === sport)?.[1] : null];
  }));
}`,
    );
    expect(result).toEqual(sequences);
  });

  it("does not tell with --audit of what answers a packet that it let through", async () => {
    const result = await runPackets(
      "audited",
      `const { from, to, counts } = load({ ingress: "pod1 from 5009 tcp/1", egress: "pod1 to 5009 tcp/1", audit: true });
const udp = (src, dst, sport, dport) => make_packet({ ipv4: { src, dst }, udp: { sport, dport } });
json([to(udp("10.0.0.2", "10.0.0.1", 1000, 53)), from(udp("10.0.0.1", "10.0.0.2", 53, 1000)), from(udp("10.0.0.1", "10.0.0.2", 53, 1001))]);
json([from(udp("10.0.0.99", "10.0.0.2", 7, 8)), to(udp("10.0.0.2", "10.0.0.99", 8, 7)), to(udp("10.0.0.2", "10.0.0.1", 1, 2).subarray(0, 36))]);
json(counts());`,
    );
    expect(result).toEqual([
      [true, true, true],
      [true, true, true],
      { "default deny": 2, "invalid source": 1, "invalid packet": 1, reply: 2 },
    ]);
  });

  it.each<[readonly string[], string]>([
    [[], "there is nothing to do: give --endpoint"],
    [
      ["--endpoint", "pod1=5001"],
      "the lab has no such pod; give the host's end of its veth pair and its addresses: pod1=5001,veth1,10.0.0.5",
    ],
    [
      ["--endpoint", "a=x,eth0,10.0.0.1"],
      "'x' is no identity (a number from 256 to 16777215; those below are reserved)",
    ],
    [
      ["--endpoint", "a=255,eth0,10.0.0.1"],
      "'255' is no identity (a number from 256 to 16777215; those below are reserved)",
    ],
    [["--endpoint", "a=16777216,eth0,10.0.0.1"], "'16777216' is no identity"],
    [
      ["--endpoint", "a=5001,e,10.77.1.0/24"],
      "10.77.1.0/24 is a network, an endpoint has addresses; for peers of that network: --identity 10.77.1.0/24=5001",
    ],
    [["--endpoint", "a=5001,e,10.0.0.1,fd00::/64"], "fd00::/64 is a network"],
    [["--endpoint", "any=300,e,10.0.0.1"], 'rules mean something else by "any"'],
    [["--endpoint", "world=300,e,10.0.0.1"], 'rules mean something else by "world"'],
    [["--endpoint", "host=300,e,10.0.0.1"], 'rules mean something else by "host"'],
    [["--endpoint", "300=300,e,10.0.0.1"], 'rules mean something else by "300"'],
    [
      ["--endpoint", "a=300,e,10.0.0.1", "--endpoint", "b=300,f,10.0.0.2"],
      'the endpoints "a" and "b" have the identity 300: rules could not tell them apart; give each its own',
    ],
    [
      ["--endpoint", "a=300,e,10.0.0.1", "--endpoint", "b=301,e,10.0.0.2"],
      'the endpoints "a" and "b" have the device e',
    ],
    [
      ["--endpoint", "a=300,e,10.0.0.1,fd00::1", "--endpoint", "b=301,f,10.0.0.2,fd00:0::1"],
      'the endpoints "a" and "b" have the same address',
    ],
    [["--endpoint", "a=300,e,10.0.0.1", "--identity", "10.0.0.1=301"], "10.0.0.1 has the identity 300 already"],
    [
      ["--endpoint", "a=300,e,10.0.0.1", "--identity", "10.1.0.0/16=301", "--identity", "10.1.0.0/16=302"],
      "10.1.0.0/16 has the identity 301 already",
    ],
    [["--endpoint", "a=300,e,10.0.0.1", "--identity", "10.1.0.0/16=3"], "'3' is no identity"],
    [["--endpoint", "a=300,e,10.0.0.1", "--identity", "10.1.0.0/16=toString"], "'toString' is no identity"],
    [
      ["--endpoint", "a=300,e,10.0.0.1", "--allow", "a from 301"],
      "no packet has the identity 301: give --identity CIDR=301 for the network that has it",
    ],
    [["--endpoint", "a=300,e,10.0.0.1", "--allow", "a from 0"], "'0' is no identity"],
    [["--endpoint", "a=300,e,10.0.0.1", "--allow", "a from constructor"], 'there is no peer "constructor"'],
    [["--endpoint", "a=300,e,10.0.0.1", "--allow", "a from any constructor"], "there is no protocol 'constructor'"],
    [["--endpoint", "a=5001,eth0,10.0.0"], "invalid network: '10.0.0'"],
    [["--endpoint", "a=300,e,10.0.0.1", "--endpoint", "a=301,f,10.0.0.2"], 'the endpoint "a" is given twice'],
    [["--endpoint", "a=300,e,10.0.0.1", "--allow", "b from any"], '"b from any" is about "b", which is no --endpoint'],
    [
      ["--endpoint", "a=300,e,10.0.0.1", "--allow", "a from b"],
      'there is no peer "b": an endpoint, a number, or one of a, any, host, world',
    ],
    [["--endpoint", "a=300,e,10.0.0.1", "--allow", "a by b"], "invalid rule: 'a by b'"],
    [["--endpoint", "a=300,e,10.0.0.1", "--identity", "10.0.0.0"], "CIDR=IDENTITY is wanted"],
  ])("refuses %j", async (args, message) => {
    const result = await runCli(["policy", ...args]);
    expect(result.status).toBe(2);
    expect(result.stderr).toContain(message);
  });
});
