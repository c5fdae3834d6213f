import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { mountBpffs } from "../support/own-bpffs.ts";
import { startCapture } from "../support/own-capture.ts";
import { makeLab, renderPings } from "../support/own-lab.ts";
import { takePatience } from "../support/patience.ts";
import { makeFolder, runCli, startCli } from "../support/run-cli.ts";
import type { RunningCli } from "../support/run-cli.ts";

const folder = makeFolder();

/** Echoes TCP on port 8080 and UDP on port 5353. */
const server = `
import socket, threading
t = socket.socket(socket.AF_INET6); t.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); t.bind(("fd77:1::2", 8080)); t.listen()
u = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM); u.bind(("fd77:1::2", 5353))
def echo():
    while True:
        data, peer = u.recvfrom(65536); u.sendto(data, peer)
threading.Thread(target=echo, daemon=True).start()
print("listening", flush=True)
while True:
    c, _ = t.accept()
    while True:
        data = c.recv(65536)
        if not data: break
        c.sendall(data)
    c.close()
`;
/** From one port each: a TCP connection to the backend and one to the service, three datagrams that are answered, two that nothing allows, one that is too long for one packet. */
const client = `
import socket
def tcp(own, *end):
    s = socket.socket(socket.AF_INET6); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); s.bind(("fd77:1::1", own)); s.settimeout(5); s.connect(end)
    s.sendall(b"abc"); got = s.recv(10); peer = s.getpeername()[0]; s.shutdown(1); s.recv(1); s.close(); print(own, got.decode(), peer)
tcp(40001, "fd77:1::2", 8080)
tcp(40002, "fd00:96::a", 80)
u = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM); u.bind(("fd77:1::1", 40003)); u.settimeout(5)
for number in range(3):
    u.sendto(b"abcd", ("fd77:1::2", 5353)); print(u.recv(10).decode())
for number in range(2): u.sendto(b"x", ("fd77:1::2", 5354))
u.sendto(b"y" * 3000, ("fd77:1::2", 5353)); u.settimeout(0.5)
try: print("answer", len(u.recv(5000)))
except socket.timeout: print("no answer")
`;

interface Row {
  readonly table: string;
  readonly entries?: number;
  readonly proto: string;
  readonly direction: string;
  readonly source: string;
  readonly source_port: number;
  readonly destination: string;
  readonly destination_port: number;
  readonly state: string;
  readonly TxPackets?: number;
  readonly RxPackets?: number;
  readonly SourceSecurityID?: number;
  readonly DestinationSecurityID?: number;
}

interface Flow {
  readonly verdict: string;
  readonly drop_reason_desc?: string;
  readonly IP: { readonly source: string; readonly destination: string; readonly ipVersion: string };
  readonly l4?: Readonly<Record<string, unknown>>;
  readonly event_type: { readonly type: number };
  readonly source: { readonly identity: number };
  readonly destination: { readonly identity: number };
  readonly service?: string;
  readonly backend?: string;
}

describe("connections of IPv6", { timeout: takePatience(240_000) }, () => {
  it("are told by monitor, listed and flushed by conntrack and netlist as those of IPv4, with right checksums", async () => {
    const lab = makeLab(folder, "six", { nodes: { node1: { subnet: "fd77:1::/64", pods: { pod1: {}, pod2: {} } } } });
    await lab.up();
    for (const pod of ["pod1", "pod2"]) lab.writeChecksums(pod);
    const services = join(folder, "services.json");
    writeFileSync(
      services,
      JSON.stringify([{ name: "web", frontend: "[fd00:96::a]:80", backends: ["[fd77:1::2]:8080"] }]),
    );
    const { enter } = await mountBpffs();
    const start = async (...args: readonly string[]): Promise<RunningCli> => {
      const running = startCli(args, { by: enter });
      await running.waitFor("Ctrl-C to end");
      return running;
    };
    const end = async (running: RunningCli): Promise<string> => {
      running.child.kill("SIGINT");
      const { status, stdout, stderr } = await running.ended;
      expect(status, stderr).toBe(0);
      return stdout;
    };
    const list = async <Line>(...args: readonly string[]): Promise<readonly Line[]> => {
      const { status, stdout, stderr } = await runCli([...args, "--pin", "s"], { by: enter });
      expect(status, stderr).toBe(0);
      return stdout
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as Line);
    };
    const rules = ["icmp6", "tcp/8080", "udp/5353"].flatMap((what) => ["--allow", `pod2 from pod1 ${what}`]);
    const policy = await start(
      ...["--lab", lab.path, "policy", "--endpoint", "pod1=5001", "--endpoint", "pod2=5002", ...rules],
      ...["--allow", "pod1 to 5009", "--identity", "fd77:1::/64=5009", "--allow", "pod1 to pod2", "--pin", "s"],
    );
    const service = await start("--lab", lab.path, "service", services, "--dev", "pod1", "--pin", "s");
    const listening = startCli(["lab", "exec", lab.path, "pod2", "--", "python3", "-u", "-c", server]);
    await listening.waitFor("listening");
    const monitor = await start("monitor", "--pin", "s", "-o", "json");
    const captures = [
      await startCapture(lab, folder, "pod1", "eth0"),
      await startCapture(lab, folder, "pod2", "eth0"),
    ] as const;
    expect(lab.exec("pod1", "python3", "-c", client)).toBe(
      "40001 abc fd77:1::2\n40002 abc fd00:96::a\nabcd\nabcd\nabcd\nno answer\n",
    );
    expect(lab.exec("pod1", "sh", "-c", renderPings("fd77:1::2", 2))).toBe("2\n");
    const rows = await list<Row>("conntrack", "list", "--json");
    for (const capture of captures) await capture.stop();
    const flows = (await end(monitor))
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Flow);

    // Sums are right where packets begin and where they arrive, also behind the service's rewriting.
    for (const capture of captures)
      for (const layer of ["tcp", "udp", "icmpv6"]) {
        const whole = "ipv6.nxt != 44 && !icmpv6.type >= 133";
        const sums = capture.read(`${layer} && ${whole}`, `${layer}.checksum.status`);
        expect(sums.length).toBeGreaterThan(3);
        expect(new Set(sums.flat())).toEqual(new Set(["1"]));
      }
    const [own, peer] = captures;
    expect(own.read("tcp.port == 40002 && ipv6.addr == fd00:96::a", "tcp.port").length).toBe(
      peer.read("tcp.port == 40002 && ipv6.addr == fd77:1::2", "tcp.port").length,
    );
    expect(peer.read("ipv6.addr == fd00:96::a", "tcp.port")).toEqual([]);

    const packets = (capture: typeof own, filter: string): number => capture.read(filter, "frame.len").length;
    const show = ({ table, entries, proto, direction, source, destination, ...rest }: Row): string =>
      entries !== undefined
        ? `${table}: ${entries}`
        : `${table} ${proto} ${direction} ${source} ${proto === "ICMP6" ? "" : rest.source_port} -> ${destination} ${proto === "ICMP6" ? "" : rest.destination_port} ${rest.TxPackets}/${rest.RxPackets} ${rest.SourceSecurityID}->${rest.DestinationSecurityID}`;
    const ends = (proto: string, sport: string, dport: string, sent: number, answered: number): string[] => {
      const both = `fd77:1::1 ${sport} -> fd77:1::2 ${dport}`;
      return [
        `pod1 ${proto} OUT ${both} ${sent}/${answered} 5001->5002`,
        `pod2 ${proto} IN ${both} ${answered}/${sent} 5001->5002`,
      ];
    };
    const count = (sport: number, from: "pod1" | "pod2"): number =>
      packets(peer, `tcp.${from === "pod1" ? "srcport" : "dstport"} == ${sport}`);
    const udp = (dport: number, sent: number): string =>
      `pod1 UDP OUT fd77:1::1 40003 -> fd77:1::2 ${dport} ${sent}/0 5001->5002`;
    expect(rows.map(show).sort()).toEqual(
      [
        ...ends("TCP", "40001", "8080", count(40001, "pod1"), count(40001, "pod2")),
        ...ends("TCP", "40002", "8080", count(40002, "pod1"), count(40002, "pod2")),
        ...ends("ICMP6", "", "", 2, 2),
        // The first part of what is too long passes, and the parts behind it do not.
        ...ends("UDP", "40003", "5353", 4, 3),
        udp(5354, 2),
        "service TCP SVC fd77:1::1 40002 -> fd00:96::a 80 undefined/undefined undefined->undefined",
        "pod1: 5",
        "pod2: 4",
        "service: 2",
      ].sort(),
    );

    const counted = new Map<string, number>();
    for (const { event_type, verdict, drop_reason_desc, IP, l4, source, destination, ...rest } of flows) {
      expect(IP.ipVersion).toBe("IPv6");
      if (event_type.type !== 1 && rest.service === undefined) continue;
      const key = `${verdict} ${drop_reason_desc ?? ""} ${Object.keys(l4 ?? {}).join()} ${IP.source}->${IP.destination} ${source.identity}->${destination.identity} ${rest.service ?? ""} ${rest.backend ?? ""}`;
      counted.set(key, (counted.get(key) ?? 0) + 1);
    }
    expect(Object.fromEntries(counted)).toEqual({
      "DROPPED POLICY_DENIED UDP fd77:1::1->fd77:1::2 5001->5002  ": 2,
      "DROPPED IP_FRAGMENTATION_NOT_SUPPORTED  fd77:1::1->fd77:1::2 5001->5002  ": 2,
      "FORWARDED  TCP fd77:1::1->fd00:96::a 0->0 web [fd77:1::2]:8080": packets(own, "tcp.srcport == 40002"),
    });

    expect(await list("netlist", "lb", "-o", "json")).toEqual([
      {
        ...{ service: "web", frontend: "[fd00:96::a]:80/tcp", backend: "[fd77:1::2]:8080" },
        ...{ state: "active", rev_nat: 1, slot: 1 },
      },
    ]);
    const policyRows = await list<Readonly<Record<string, unknown>>>("netlist", "policy", "-o", "json");
    expect(policyRows.find((row) => row["port"] === "any/icmp6")).toMatchObject({ packets: 2, bytes: 2 * 62 });
    expect(policyRows.find((row) => row["port"] === "5353/udp")).toMatchObject({ endpoint: "pod2", packets: 4 });
    expect(await list("netlist", "ipcache", "-o", "json")).toEqual([
      { prefix: "fd77:1::1/128", identity: 5001, tunnel: "-", name: "pod1" },
      { prefix: "fd77:1::2/128", identity: 5002, tunnel: "-", name: "pod2" },
      { prefix: "fd77:1::/64", identity: 5009, tunnel: "-", name: "5009" },
    ]);
    expect(await list("netlist", "endpoint", "-o", "json")).toMatchObject([
      { name: "pod1", identity: 5001, egress: "enforced" },
      { name: "pod2", identity: 5002, ingress: "enforced" },
    ]);

    const find = async (...filter: readonly string[]): Promise<number> =>
      (await list<Row>("conntrack", "list", "--json", ...filter)).filter(({ entries }) => entries === undefined).length;
    expect(await find("--src", "fd77:1::/127")).toBe(10);
    expect(await find("--src", "fd77:1::2")).toBe(0);
    expect(await find("--dst", "fd00:96::/32", "--port", "80")).toBe(1);
    expect(await find("--src", "10.0.0.0/8")).toBe(0);
    const text = await runCli(["conntrack", "list", "--pin", "s", "--port", "5354"], { by: enter });
    expect(text.stdout).toMatch(
      /^UDP OUT \[fd77:1::1\]:40003 -> \[fd77:1::2\]:5354 expires=\d+ \(remaining: \d+ sec\(s\)\) State=ACTIVE TxPackets=2 RxPackets=0 /,
    );
    const flush = async (...filter: readonly string[]): Promise<unknown> =>
      (await list("conntrack", "flush", "--json", ...filter))[0];
    expect(await flush("--proto", "icmp6", "--endpoint", "pod2")).toEqual({ action: "flush", removed: 1, of: 10 });
    expect(await flush("--dst", "fd77:1::2/128", "--proto", "udp")).toEqual({ action: "flush", removed: 3, of: 9 });
    expect(await flush("--dst", "fd00:96::a")).toEqual({ action: "flush", removed: 1, of: 6 });
    // A connection that is judged anew goes on where a rule allows it.
    expect(lab.exec("pod1", "sh", "-c", renderPings("fd77:1::2", 1))).toBe("1\n");
    const closing = (await list<Row & { readonly remaining?: number }>("conntrack", "list", "--json", "--proto", "tcp"))
      .map(({ remaining }) => remaining ?? 0)
      .reduce((most, one) => Math.max(most, one), 0);
    await new Promise((resolve) => setTimeout(resolve, closing * 1000 + 100));
    expect((await list("conntrack", "gc", "--json"))[0]).toMatchObject({ action: "gc", removed: 4 });
    await end(policy);
    await end(service);
  });
});
