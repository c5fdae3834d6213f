import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openAddon } from "../../runtime/kernel/door/addon.ts";
import { makePacket } from "../../sdk/packets/make-packet.ts";
import type { PacketFields } from "../../sdk/packets/packet-layers.ts";
import { makeJsonScript, readJson } from "../support/json-script.ts";
import { needFeature } from "../support/need-feature.ts";
import { mountBpffs } from "../support/own-bpffs.ts";
import { startCapture } from "../support/own-capture.ts";
import { makeLab, renderPings } from "../support/own-lab.ts";
import type { OwnLab } from "../support/own-lab.ts";
import { takePatience } from "../support/patience.ts";
import { makeFolder, root, runCli, startCli } from "../support/run-cli.ts";
import type { RunningCli } from "../support/run-cli.ts";
import { sendDatagrams } from "../support/send-datagrams.ts";

const folder = makeFolder();
const port = openAddon();
const net = join(root, "scripts/net");
const twoNodes = JSON.parse(readFileSync(join(net, "overlay.json"), "utf8")) as object;

/** Echoes a connection to its end. */
const server = `
import socket, sys
s = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); s.bind((sys.argv[1], 8080)); s.listen(); print("listening", flush=True)
while True:
    c, peer = s.accept(); data = b""
    while True:
        part = c.recv(65536)
        if not part: break
        data += part
    c.sendall(data); c.close()
`;
const client = `
import socket, sys
data = b"abcd" * 25
try:
    s = socket.create_connection((sys.argv[1], 8080), 2); s.sendall(data); s.shutdown(1); got = b""
    while True:
        part = s.recv(65536)
        if not part: break
        got += part
    print("same" if got == data else "other")
except socket.timeout: print("timeout")
`;
/** Sends bytes as one datagram. */
const injector = `
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for text in sys.argv[2:]: s.sendto(bytes.fromhex(text), (sys.argv[1], 8472))
`;

interface Row {
  readonly node: string;
  readonly what: string;
  readonly packets: number;
  readonly bytes: number;
}

/** Ends a script like Ctrl-C and answers the JSON that it has printed. */
async function end<Line>(running: RunningCli): Promise<readonly Line[]> {
  running.child.kill("SIGINT");
  const { status, stdout, stderr } = await running.ended;
  expect(status, stderr).toBe(0);
  return stdout
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as Line);
}

interface Counters {
  readonly stats64: Readonly<Record<"rx" | "tx", { readonly packets: number; readonly bytes: number }>>;
}

/** What the kernel itself has counted on a device. */
function readDevice(lab: OwnLab, place: string, device: string): Counters["stats64"] {
  const [link] = JSON.parse(lab.exec(place, "ip", "-s", "-j", "link", "show", device)) as readonly Counters[];
  return link!.stats64;
}

const inner = (fields: PacketFields): Uint8Array =>
  makePacket({ eth: { src: "02:bf:03:01:00:01", dst: "02:bf:03:02:00:01" }, ...fields });

function wrap(vni: number, frame: Uint8Array): string {
  const head = Buffer.alloc(8);
  head.writeUInt32BE(0x08000000, 0);
  head.writeUInt32BE(vni << 8, 4);
  return Buffer.concat([head, frame]).toString("hex");
}

describe("bpfts overlay", { timeout: takePatience(240_000) }, () => {
  it("carries connections between nodes with the sender's identity in the tunnel's number", async () => {
    const lab = makeLab(folder, "ov", twoNodes);
    await lab.up();
    for (const pod of ["nginx-1", "nginx-2"]) lab.writeChecksums(pod);
    // Each node has its own tables: node2 knows nobody of node1.
    const { enter } = await mountBpffs();
    const start = async (...args: readonly string[]): Promise<RunningCli> => {
      const running = startCli(["--lab", lab.path, ...args], { by: enter });
      await running.waitFor("Ctrl-C to end");
      return running;
    };
    const rules = ["tcp/8080", "icmp6", "udp/5353"].flatMap((what) => ["--allow", `nginx-2 from 5001 ${what}`]);
    const policies = [
      await start("policy", "--endpoint", "nginx-1=5001", "--pin", "n1"),
      await start("policy", "--endpoint", "nginx-2=5003", ...rules, "--json", "--pin", "n2"),
    ] as const;
    const overlays = [
      await start("overlay", "--node", "node1", "--json", "--pin", "n1"),
      await start("overlay", "--node", "node2", "--json", "--pin", "n2"),
    ] as const;
    for (const address of ["10.77.2.1", "fd77:2::1"]) {
      const listening = startCli(["lab", "exec", lab.path, "nginx-2", "--", "python3", "-u", "-c", server, address]);
      await listening.waitFor("listening");
    }
    const before = readDevice(lab, "node1", "vxlan0");
    const capture = await startCapture(lab, folder, "node2", "eth0");

    expect(lab.exec("nginx-1", "python3", "-c", client, "10.77.2.1")).toBe("same\n");
    expect(lab.exec("nginx-1", "python3", "-c", client, "fd77:2::1")).toBe("same\n");
    expect(lab.exec("nginx-1", "sh", "-c", renderPings("fd77:2::1", 3))).toBe("3\n");
    expect(lab.exec("nginx-1", "sh", "-c", renderPings("10.77.2.1", 2))).toBe("0\n");
    const from = { from: "10.77.1.1", to: "10.77.2.1" };
    sendDatagrams(lab, "nginx-1", { ...from, port: 5353, count: 5 });
    sendDatagrams(lab, "nginx-1", { ...from, port: 5354, count: 4 });
    // What fills the device to its last byte goes through in one piece.
    sendDatagrams(lab, "nginx-1", { ...from, port: 5353, count: 1, size: 1450 - 28 });
    await capture.stop();

    const sent = capture.read(
      "vxlan && ip.src == 172.31.9.1",
      "vxlan.vni",
      "ip.src",
      "ip.dst",
      "ipv6.dst",
      "frame.len",
    );
    expect(new Set(sent.map(([vni]) => vni))).toEqual(new Set(["5001"]));
    const answered = capture.read("vxlan && ip.src == 172.31.9.2", "vxlan.vni");
    expect(new Set(answered.map(([vni]) => vni))).toEqual(new Set(["5003"]));
    expect(Math.max(...sent.map((row) => Number(row[4])))).toBe(1450 + 14 + 50);
    expect(capture.read("tcp.flags.syn == 1 && tcp.flags.ack == 0", "tcp.options.mss_val").flat().sort()).toEqual([
      "1390",
      "1410",
    ]);
    // Every sum that is there is right; that of the tunnel's own datagrams is left out.
    expect(new Set(capture.read("vxlan", "ip.checksum.status").join().split(","))).toEqual(new Set(["1"]));
    for (const [layer, count] of [
      ["tcp", 0],
      ["icmpv6", 6],
      ["icmp", 2],
    ] as const) {
      const sums = capture.read(`vxlan && ${layer}`, `${layer}.checksum.status`);
      expect(sums.length).toBeGreaterThanOrEqual(count);
      expect(new Set(sums.flat())).toEqual(new Set(["1"]));
    }
    expect(new Set(capture.read("vxlan && udp.dstport == 5353 && !icmp", "udp.checksum.status").flat())).toEqual(
      new Set(["3,1"]),
    );

    // What nobody but the sender's node knows is kept with the connection.
    const connections = await runCli(["conntrack", "list", "--pin", "n2", "--json", "--proto", "udp"], { by: enter });
    expect(JSON.parse(connections.stdout.split("\n")[0]!)).toMatchObject({
      ...{ source: "10.77.1.1", destination_port: 5353, direction: "IN" },
      ...{ SourceSecurityID: 5001, DestinationSecurityID: 5003 },
    });
    const rows = [...(await end<Row>(overlays[0])), ...(await end<Row>(overlays[1]))];
    const find = (node: string, what: string): Row => rows.find((row) => row.node === node && row.what === what)!;
    const after = readDevice(lab, "node1", "vxlan0");
    // The overlay, the kernel's device and tshark have counted the same packets.
    expect(find("node1", "to overlay: 172.31.9.2").packets).toBe(sent.length);
    expect(find("node2", "from overlay: 172.31.9.1").packets).toBe(sent.length);
    expect(find("node1", "from overlay: 172.31.9.2").packets).toBe(answered.length);
    expect(after.tx.packets - before.tx.packets).toBe(sent.length);
    expect(after.rx.packets - before.rx.packets).toBe(answered.length);
    expect(find("node1", "to network: tunnel").packets).toBe(sent.length);
    expect(find("node2", "from network: tunnel").packets).toBe(sent.length);
    expect(find("node2", "from network: tunnel").bytes).toBe(sent.reduce((sum, row) => sum + Number(row[4]), 0));
    expect(rows.filter(({ what }) => what?.startsWith("dropped"))).toEqual([]);

    await end(policies[0]);
    const lines = await end<{
      readonly drop_reason?: number;
      readonly source?: { readonly identity: number };
      readonly destination?: { readonly identity: number };
      readonly rule: string;
      readonly packets?: number;
    }>(policies[1]);
    const drops = lines.filter(({ drop_reason }) => drop_reason !== undefined);
    expect(drops.map((drop) => [drop.drop_reason, drop.source!.identity, drop.destination!.identity])).toEqual(
      Array(6).fill([133, 5001, 5003]),
    );
    const counts = Object.fromEntries(
      lines.filter(({ packets }) => packets !== undefined).map(({ rule, packets }) => [rule, packets]),
    );
    expect(counts).toMatchObject({
      "default deny": 6,
      "allow nginx-2 from 5001 udp/5353": 6,
      "allow nginx-2 from 5001 icmp6": 3,
    });
  });

  it("believes no identity that is a node's alone, no sender that is no node, and no address outside of the tunnel; a kill leaves nothing", async (context) => {
    // A classic filter stays when its script is killed.
    needFeature(context, port, "tcx");
    const lab = makeLab(folder, "ovx", twoNodes);
    await lab.up();
    const { enter } = await mountBpffs();
    const policy = startCli(["--lab", lab.path, "policy", "--endpoint", "nginx-2=5003", "--pin", "x"], { by: enter });
    await policy.waitFor("Ctrl-C to end");
    const overlay = startCli(["--lab", lab.path, "overlay", "--pin", "x"], { by: enter });
    await overlay.waitFor("Ctrl-C to end");
    const monitor = startCli(["monitor", "--pin", "x", "-t", "drop"], { by: enter });
    await monitor.waitFor("Ctrl-C to end");
    const ends = { src: "10.77.1.1", dst: "10.77.2.1" };
    const frame = inner({ ipv4: ends, udp: { sport: 7, dport: 5353 }, payload: "x" });
    const frame6 = inner({ ipv6: { src: "fd77:1::1", dst: "fd77:2::1" }, icmp6: { id: 7 } });
    const inject = (place: string, ...packets: readonly string[]): string =>
      lab.exec(place, "python3", "-c", injector, "172.31.9.2", ...packets);
    inject("node1", wrap(1, frame), wrap(0, frame6), wrap(5001, frame));
    inject("client", wrap(5001, frame));
    lab.exec("client", "ip", "address", "add", "10.77.1.1/32", "dev", "lo");
    sendDatagrams(lab, "client", { from: "10.77.1.1", to: "10.77.2.1", port: 5353, count: 2 });
    // Who has no address of an endpoint is the world, and goes without the tunnel.
    sendDatagrams(lab, "client", { from: "172.31.9.3", to: "10.77.2.1", port: 5353, count: 1 });
    // A node without a tunnel to it.
    lab.exec("node1", "ip", "route", "add", "10.88.0.0/16", "via", "172.31.9.2", "dev", "vxlan0", "onlink");
    sendDatagrams(lab, "nginx-1", { from: "10.77.1.1", to: "10.88.0.1", port: 5, count: 3 });
    monitor.child.kill("SIGINT");
    const file = "file overlay-program\\.ts:\\d+";
    const drop = (reason: string, dev: string, rest: string): RegExp =>
      new RegExp(
        `^xx drop \\(${reason}\\) flow 0x[0-9a-f]+ to endpoint 0, ifindex ${dev}, ${file}, , identity ${rest}$`,
      );
    const udp = "10\\.77\\.1\\.1:7 -> 10\\.77\\.2\\.1:5353 udp, node node2";
    const spoofed = drop(
      "Invalid source ip",
      "eth0",
      "world->nginx-2: 10.77.1.1:\\d+ -> 10.77.2.1:5353 udp, node node2",
    );
    const nowhere = drop(
      "No tunnel/encapsulation endpoint",
      "vxlan0",
      "world->world: 10.77.1.1:\\d+ -> 10.88.0.1:5 udp, node node1",
    );
    const lines = (await monitor.ended).stdout.trim().split("\n");
    const wanted = [
      drop("Invalid identity", "vxlan0", `host->unknown: ${udp}`),
      drop("Invalid identity", "vxlan0", "unknown->unknown: fd77:1::1 -> fd77:2::1 icmp6 EchoRequest, node node2"),
      drop("Unknown sender", "vxlan0", `5001->unknown: ${udp}`),
      spoofed,
      spoofed,
      nowhere,
      nowhere,
      nowhere,
    ];
    expect(lines, lines.join("\n")).toHaveLength(wanted.length);
    for (const [at, line] of lines.entries()) expect(line).toMatch(wanted[at]!);
    // The lines that are named are those that drop.
    const source = readFileSync(join(net, "parts/overlay-program.ts"), "utf8").split("\n");
    const constants = [
      "INVALID_IDENTITY",
      "INVALID_IDENTITY",
      "UNKNOWN_SENDER",
      ...Array(2).fill("INVALID_SIP"),
      ...Array(3).fill("NO_TUNNEL_ENDPOINT"),
    ];
    for (const [at, line] of lines.entries())
      expect(source[Number(/ts:(\d+)/.exec(line)![1]) - 1]).toContain(
        `return drop(skb, &packet, DROP_${constants[at]},`,
      );

    overlay.child.kill("SIGKILL");
    await overlay.ended;
    for (const node of ["node1", "node2"])
      expect((await runCli(["net", "--netns", `bpfts.${lab.name}.${node}`, "--json"])).stdout).not.toContain("overlay");
    // The one that was killed is in nobody's way.
    const again = await runCli(["--lab", lab.path, "overlay", "--pin", "x", "--duration", "0.1"], { by: enter });
    expect(again).toMatchObject({ status: 0 });
    await end(policy);
  });

  it("is followed by monitor through every program of both nodes, also where a notice has a part of the packet", async () => {
    const lab = makeLab(folder, "walk", twoNodes);
    await lab.up();
    const { enter } = await mountBpffs();
    const start = async (...args: readonly string[]): Promise<RunningCli> => {
      const running = startCli(args, { by: enter });
      await running.waitFor("Ctrl-C to end");
      return running;
    };
    const ends = ["--endpoint", "nginx-1=5001", "--endpoint", "nginx-2=5003"];
    // Whichever is started first: the overlay does not know the identities yet.
    const overlay = await start("--lab", lab.path, "overlay", "--pin", "w");
    const allow = ["--allow", "nginx-2 from nginx-1 icmp6", "--allow", "nginx-2 from nginx-1 udp/5353"];
    const policy = await start("--lab", lab.path, "policy", ...ends, ...allow, "--pin", "w");
    const pings = await start("monitor", "--pin", "w", "-o", "json");
    expect(lab.exec("nginx-1", "sh", "-c", renderPings("fd77:2::1", 1))).toBe("1\n");
    interface Flow {
      readonly trace_observation_point?: string;
      readonly node_name?: string;
      readonly IP: { readonly source: string; readonly ipVersion: string };
      readonly source: { readonly identity: number };
      readonly destination: { readonly identity: number };
      readonly interface: { readonly name: string };
      readonly tunnel?: { readonly protocol: string; readonly vni: number };
      readonly traffic_direction: string;
    }
    const flows = await end<Flow>(pings);
    const there = ["5001->5003 verdict", "5001->5003 TO_STACK lxc-nginx-1"];
    const way = (from: number, to: number, one: string, other: string): string[] => [
      `${from}->${to} TO_OVERLAY vxlan0 ${one}`,
      `1->6 TO_NETWORK eth0 ${one} VXLAN ${from}`,
      `6->1 FROM_NETWORK eth0 ${other} VXLAN ${from}`,
      `${from}->0 FROM_OVERLAY vxlan0 ${other}`,
    ];
    expect(
      flows.map((flow) =>
        [
          `${flow.source.identity}->${flow.destination.identity}`,
          ...(flow.trace_observation_point === undefined
            ? ["verdict"]
            : [flow.trace_observation_point, flow.interface.name]),
          flow.node_name,
          flow.tunnel && `${flow.tunnel.protocol} ${flow.tunnel.vni}`,
        ]
          .filter((part) => part !== undefined)
          .join(" "),
      ),
    ).toEqual([
      ...there,
      ...way(5001, 5003, "node1", "node2"),
      "5001->5003 verdict",
      "5001->5003 TO_ENDPOINT lxc-nginx-2",
      "5003->5001 TO_STACK lxc-nginx-2",
      ...way(5003, 5001, "node2", "node1"),
      "5003->5001 TO_ENDPOINT lxc-nginx-1",
    ]);
    const layers = await start("monitor", "--pin", "w", "-vv", "-t", "trace");
    sendDatagrams(lab, "nginx-1", { from: "10.77.1.1", to: "10.77.2.1", port: 5353, count: 1, size: 200 });
    layers.child.kill("SIGINT");
    expect((await layers.ended).stdout).toMatch(
      /to-network: 292 bytes \(128 captured\), .*, node node1\nEthernet\t.*\nIPv4\t\{SrcIP=172\.31\.9\.1 .*\nUDP\t\{.* DstPort=8472 Length=258\}\nVXLAN\t\{ValidIDFlag=true VNI=5001\}\nEthernet\t.*\nIPv4\t\{SrcIP=10\.77\.1\.1 DstIP=10\.77\.2\.1 .*\nUDP\t\{.* DstPort=5353 Length=208\}\n/,
    );
    const list = await runCli(["netlist", "ipcache", "--pin", "w", "-o", "json"], { by: enter });
    expect(
      list.stdout
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual([
      { prefix: "10.77.1.1/32", identity: 5001, tunnel: "172.31.9.1", name: "nginx-1" },
      { prefix: "10.77.2.1/32", identity: 5003, tunnel: "172.31.9.2", name: "nginx-2" },
      { prefix: "fd77:1::1/128", identity: 5001, tunnel: "172.31.9.1", name: "nginx-1" },
      { prefix: "fd77:2::1/128", identity: 5003, tunnel: "172.31.9.2", name: "nginx-2" },
    ]);
    await end(overlay);
    await end(policy);
  });

  it("judges packets without a device", async () => {
    const script = makeJsonScript(
      folder,
      "overlay-packets",
      `BPF_PROG_ARRAY(programs, 1);
int inject(struct __sk_buff *skb) {
    struct bpf_tunnel_key key = {};
    key.tunnel_id = skb->priority;
    key.local_ipv4 = skb->cb[0];
    key.remote_ipv4 = 1;
    if (bpf_skb_set_tunnel_key(skb, &key, sizeof(key), 0)) return 99;
    programs.call(skb, 0);
    return 98;
}`,
      `const { load_overlay_program } = await import(${JSON.stringify(join(net, "parts/overlay-program.ts"))});
const { parse_cidr } = await import(${JSON.stringify(join(net, "parts/cidr.ts"))});
const { make_packet, htons } = bpfts as any;
const own = 0xac1f0901, peer = 0xac1f0902;
const { program, write_tables, read_peer, read_drops, read_network } = load_overlay_program({ id: 1, address: own, peers: [peer], port: 8472 });
write_tables([["10.77.2.0/24", peer], ["fd77:2::/64", peer]].map(([cidr, node]: any) => ({ cidr: parse_cidr(cidr), node })), [["10.77.1.1", 5001], ["10.77.2.1", 5003]].map(([cidr, identity]: any) => ({ cidr: parse_cidr(cidr), identity })));
const load = (name: string) => program.load_func(name, bpfts.BPF.SCHED_CLS);
const [to, from, out, into] = ["to_overlay", "from_overlay", "to_netdev", "from_netdev"].map(load) as any[];
b.get_table("programs").set(0, from);
const inject = b.load_func("inject", bpfts.BPF.SCHED_CLS) as any;
const act = (fn: any, packet: Uint8Array, ctx: object = {}) => { const done = fn.test_run({ packet, ctx }); return [done.action ?? done.retval, done.ctx.mark]; };
const udp = (src: string, dst: string) => make_packet({ [src.includes(":") ? "ipv6" : "ipv4"]: { src, dst }, udp: { dport: 8472 } });
const v4 = udp("10.77.1.1", "10.77.2.1"), v6 = udp("fd77:1::1", "fd77:2::1");
json([v4, v6, make_packet({ arp: {} }), v4.subarray(0, 34), udp("fe80::1", "ff02::2"), udp("10.77.1.1", "10.99.0.1")].map((packet) => act(to, packet)[0]));
json(act(from, v4));
json([[peer, 5001, v4], [peer, 0x123456, v6], [peer, 0, v4], [peer, 1, v4], [peer, 2, v4], [peer, 6, v4], [own, 5001, v4], [peer, 5001, v4.subarray(0, 36)], [peer, 5001, make_packet({ arp: {} })]].map(([sender, priority, packet]: any) => act(inject, packet, { priority, cb: [sender, 0, 0, 0, 0] })));
json([v4, udp("172.31.9.2", "172.31.9.1"), udp("9.9.9.9", "10.77.1.1"), udp("10.77.2.9", "10.77.1.1"), udp("10.77.2.9", "172.31.9.1")].map((packet) => act(into, packet)[0]));
json([v4, make_packet({ ipv4: {}, tcp: {} })].map((packet) => act(out, packet)[0]));
const count = ({ packets, bytes }: any) => [Number(packets), Number(bytes)];
json([count(read_peer(peer, true)), count(read_peer(peer, false)), [0, 1, 2, 3].map((at) => count(read_network(at))), [132, 134, 147, 160, 171, 172].map((reason) => count(read_drops(reason))[0])]);`,
    );
    const [to, noKey, from, into, out, counts] = readJson(await runCli(["run", "--allow-read", net, script]));
    const [pass, shot] = ["TC_ACT_UNSPEC", "TC_ACT_SHOT"];
    expect(to).toEqual([pass, pass, pass, shot, pass, shot]);
    expect(noKey).toEqual([shot, 0]);
    const mark = (identity: number): number => ((identity << 16) | 0xf00 | (identity >> 16)) >>> 0;
    expect(from).toEqual([
      [pass, mark(5001)],
      [pass, mark(0x123456)],
      [shot, 0],
      [shot, 0],
      [pass, mark(2)],
      [pass, mark(6)],
      [shot, 0],
      [shot, 0],
      [pass, mark(5001)],
    ]);
    expect(into).toEqual([pass, pass, pass, shot, pass]);
    expect(out).toEqual([pass, pass]);
    expect(counts).toEqual([
      [2, 42 + 62],
      [5, 42 + 62 + 42 + 42 + 42],
      [
        [4, 168],
        [0, 0],
        [1, 42],
        [1, 54],
      ],
      [1, 2, 1, 1, 2, 1],
    ]);
  });

  it.each<[readonly string[], string]>([
    [[], "there is nothing to do: give --lab overlay.json in front, or --dev and --tunnel"],
    [["--dev", "vxlan0"], "--dev wants --tunnel: at which nodes the containers are"],
    [["--dev", "vxlan0", "--tunnel", "10.0.0.0/24"], "--tunnel 10.0.0.0/24: CIDR=ADDRESS is wanted"],
    [["--dev", "vxlan0", "--tunnel", "10.0.0.0/24=fd00::1"], "'fd00::1' is no address of IPv4"],
    [["--dev", "v", "--tunnel", "10.0.0.1=1.2.3.4", "--tunnel", "10.0.0.1/32=1.2.3.5"], "is at a node already"],
    [["--dev", "v", "--tunnel", "10.0.0.1=1.2.3.4", "--node", "node1"], "--node is of a lab"],
    [["--netdev", "eth0"], "there is nothing to do"],
    [["--port", "0"], "--port wants a number from 1 to 65535"],
    [["--pin", "x", "--identity", "10.0.0.1=5001"], "with --pin the identities are those of policy --pin x"],
    [["--identity", "10.0.0.1=5"], "'5' is no identity"],
  ])("refuses %j", async (args, message) => {
    const result = await runCli(["overlay", ...args]);
    expect(result.status).toBe(2);
    expect(result.stderr).toContain(message);
  });

  it("refuses a lab whose tunnel has one number for all", async () => {
    const lab = makeLab(folder, "ovi", { ...twoNodes, vxlan: true });
    await lab.up();
    expect(await runCli(["--lab", lab.path, "overlay"])).toMatchObject({
      status: 2,
      stderr:
        'overlay: error: no node of the lab has a tunnel that programs lead: its file wants "vxlan": { "external": true }\n',
    });
  });
});
