import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openAddon } from "../../runtime/kernel/door/addon.ts";
import { makeJsonScript, readJson } from "../support/json-script.ts";
import { needFeature } from "../support/need-feature.ts";
import { makeLab, renderPings } from "../support/own-lab.ts";
import { takePatience } from "../support/patience.ts";
import { makeFolder, root, runCli, startCli } from "../support/run-cli.ts";
import type { CliResult, RunningCli } from "../support/run-cli.ts";
import { countRefused, sendDatagrams } from "../support/send-datagrams.ts";

const folder = makeFolder();
const port = openAddon();

interface Row {
  readonly rule: string;
  readonly packets: number;
  readonly bytes: number;
}

function readRows(result: CliResult): readonly [string, number, number][] {
  expect(result.stderr).toBe("");
  return (readJson(result) as Row[]).map(({ rule, packets, bytes }) => [rule, packets, bytes]);
}

/** Ethernet, IPv4 and UDP before the payload. Units: bytes. */
const headBytes = 14 + 20 + 8;

// On a busy machine each start of bpfts takes a second or two.
const patienceMs = takePatience(150_000);

describe("bpfts prefilter", { timeout: patienceMs }, () => {
  it("drops what it denies, lets through what it allows, and counts exactly", async (context) => {
    needFeature(context, port, "xdp_link");
    const lab = makeLab(folder, "prefilter", {
      nodes: { node1: { pods: { target: { address: "10.90.1.1" } } }, client: {} },
    });
    await lab.up();
    for (const address of ["203.0.113.9", "203.0.113.7"])
      lab.exec("client", "ip", "address", "add", `${address}/32`, "dev", "eth0");
    lab.exec("node1", "ip", "route", "add", "203.0.113.0/24", "via", "172.31.9.2");
    const start = async (): Promise<RunningCli> => {
      const rules = ["--deny", "203.0.113.0/24", "--allow", "203.0.113.7", "--deny-port", "udp/5353"];
      const running = startCli([
        "--lab",
        lab.path,
        "prefilter",
        "--netns",
        "target",
        "--dev",
        "eth0",
        "--json",
        ...rules,
      ]);
      // In JSON nothing is said: the device has the program when it is ready.
      for (let at = 0; at < 400 && !lab.exec("target", "ip", "link", "show", "eth0").includes("prog/xdp"); at++);
      return running;
    };
    const send = (from: string, count: number, number = 4242): number => {
      const before = countRefused(lab, "target");
      sendDatagrams(lab, "client", { from, to: "10.90.1.1", port: number, count });
      return countRefused(lab, "target") - before;
    };

    expect(send("203.0.113.9", 20)).toBe(20);
    const running = await start();
    expect(send("203.0.113.9", 5000)).toBe(0);
    expect(send("203.0.113.7", 20)).toBe(20);
    expect(send("203.0.113.7", 10, 5353)).toBe(10);
    expect(send("172.31.9.2", 30, 5353)).toBe(0);
    expect(lab.exec("client", ...renderPings("10.90.1.1", 2).split(" "))).toBe("2\n");
    running.child.kill("SIGINT");
    expect(readRows(await running.ended)).toEqual([
      ["deny 203.0.113.0/24", 5000, 5000 * (headBytes + 4)],
      ["allow 203.0.113.7", 30, 30 * (headBytes + 4)],
      ["deny udp/5353", 30, 30 * (headBytes + 4)],
      ["passed", 2, 2 * (14 + 20 + 8)],
      ["malformed", 0, 0],
    ]);
    expect(send("203.0.113.9", 20)).toBe(20);

    const again = await start();
    expect(send("203.0.113.9", 10)).toBe(0);
    const maps = JSON.parse((await runCli(["map", "--json"])).stdout) as {
      id: number;
      name: string;
      pids: { pid: number }[];
    }[];
    const { id } = maps.find(
      ({ name, pids }) => name === "prefilter" && pids.some(({ pid }) => pid === again.child.pid),
    )!;
    const bytes = [203, 0, 113, ...Array<number>(13).fill(0)];
    const key = JSON.stringify({ prefixlen: 56, address: { family: 2, bytes } });
    expect(await runCli(["map", "delete", String(id), key])).toMatchObject({ status: 0, stderr: "" });
    expect(send("203.0.113.9", 10)).toBe(10);
    again.child.kill("SIGKILL");
    await again.ended;
    expect(lab.exec("target", "ip", "link", "show", "eth0")).not.toContain("xdp");
  });

  it("filters IPv6", async (context) => {
    needFeature(context, port, "xdp_link");
    const lab = makeLab(folder, "prefilter6", {
      network: ["172.31.9.0/24", "fd31:9::/64"],
      nodes: { node1: { pods: { target: { address: "fd90::1" } } }, client: {} },
    });
    await lab.up();
    lab.exec("client", "ip", "address", "add", "fd31:9::99/128", "dev", "eth0", "nodad");
    const running = startCli([
      "--lab",
      lab.path,
      "prefilter",
      "--netns",
      "target",
      "--dev",
      "eth0",
      "--deny",
      "fd31:9::98/127",
    ]);
    await running.waitFor("Filtering eth0 with 1 rule (native XDP). Ctrl-C to end.");
    const before = countRefused(lab, "target");
    sendDatagrams(lab, "client", { from: "fd31:9::99", to: "fd90::1", port: 4242, count: 25, size: 10 });
    expect(countRefused(lab, "target")).toBe(before);
    sendDatagrams(lab, "client", { from: "fd31:9::2", to: "fd90::1", port: 4242, count: 5 });
    expect(countRefused(lab, "target")).toBe(before + 5);
    running.child.kill("SIGINT");
    expect((await running.ended).stdout).toMatch(
      new RegExp(`^deny fd31:9::98/127 +25 +${25 * (14 + 40 + 8 + 10)}$`, "m"),
    );
  });

  it("judges frames of every shape", async (context) => {
    needFeature(context, port, "xdp_link");
    const rules = `[
  { action: "deny", text: "203.0.113.0/24", cidr: parse_cidr("203.0.113.0/24") },
  { action: "allow", text: "203.0.113.7", cidr: parse_cidr("203.0.113.7") },
  { action: "deny", text: "::/0", cidr: parse_cidr("2001:db8::/32") },
  { action: "deny", text: "udp/53", port: parse_port("udp/53") },
]`;
    const net = join(root, "scripts/net");
    const script = makeJsonScript(
      folder,
      "frames",
      "int unused(struct xdp_md *ctx) { return XDP_PASS; }",
      `const { load_prefilter } = await import(${JSON.stringify(join(net, "parts/prefilter-program.ts"))});
const { parse_cidr, parse_port } = await import(${JSON.stringify(join(net, "parts/cidr.ts"))});
const { program, read_counts } = load_prefilter(${rules});
const fn = program.load_func("prefilter_xdp");
const ether = (type: number) => [...Array(12).fill(2), type >> 8, type & 255];
const udp = (port: number) => [0, 9, port >> 8, port & 255, 0, 8, 0, 0];
const ipv4 = (source: string, rest: number[], change: Record<number, number> = {}) => { const bytes = [0x45, 0, 0, 20 + rest.length, 0, 0, 0, 0, 64, 17, 0, 0, ...source.split(".").map(Number), 10, 0, 0, 1, ...rest]; for (const [at, value] of Object.entries(change)) bytes[Number(at)] = value; return bytes; };
const ipv6 = (source: string, next: number, rest: number[]) => [0x60, 0, 0, 0, 0, rest.length, next, 64, ...bpfts.inet_pton(10, source), ...bpfts.inet_pton(10, "fd00::1"), ...rest];
const judge = (...bytes: number[]) => fn.test_run({ packet: Uint8Array.from(bytes) }).action;
const bad = ipv4("203.0.113.9", udp(80)), good = ipv4("198.51.100.1", udp(80));
json([judge(...ether(0x800), ...bad), judge(...ether(0x800), ...good), judge(...ether(0x800), ...ipv4("203.0.113.7", udp(53)))]);
json([judge(...ether(0x806)), judge(...ether(0x88cc), 1, 2, 3)]);
json(Array.from({ length: 20 }, (_, at) => judge(...ether(0x800), ...good.slice(0, at))));
json([0x46, 0x4f, 0x44, 0x55].map((first) => judge(...ether(0x800), ...ipv4("198.51.100.1", [...Array(((first & 15) - 5) * 4 > 0 ? ((first & 15) - 5) * 4 : 0).fill(1), ...udp(53)], { 0: first }))));
json([judge(...ether(0x800), ...ipv4("198.51.100.1", udp(53))), judge(...ether(0x800), ...ipv4("198.51.100.1", udp(53), { 9: 6 })), judge(...ether(0x800), ...ipv4("198.51.100.1", udp(53), { 7: 1 })), judge(...ether(0x800), ...ipv4("203.0.113.9", udp(53), { 7: 1 }))]);
json([judge(...ether(0x8100), 0, 5, 8, 0, ...bad), judge(...ether(0x88a8), 0, 5, 0x81, 0, 0, 6, 8, 0, ...bad), judge(...ether(0x8100), 0, 5, 8, 0, ...good), judge(...ether(0x8100), ...[0x81, 0].flatMap(() => [0, 5, 0x81, 0]), 0, 5, 8, 0, ...good)]);
json([judge(...ether(0x86dd), ...ipv6("2001:db8::5", 17, udp(80))), judge(...ether(0x86dd), ...ipv6("2001:db9::5", 17, udp(80))), judge(...ether(0x86dd), ...ipv6("2001:db9::5", 17, udp(53)))]);
json([judge(...ether(0x86dd), ...ipv6("fd00::2", 0, [60, 0, 0, 0, 0, 0, 0, 0, 17, 1, ...Array(14).fill(0), ...udp(53)])), judge(...ether(0x86dd), ...ipv6("fd00::2", 44, [17, 0, 0, 1, 0, 0, 0, 9, ...udp(53)])), judge(...ether(0x86dd), ...ipv6("fd00::2", 44, [17, 0, 0, 9, 0, 0, 0, 9, ...udp(53)])), judge(...ether(0x86dd), ...ipv6("fd00::2", 0, [0, 0]))]);
json(judge(...ether(0x86dd), ...ipv6("fd00::2", 0, Array.from({ length: 7 }, () => [0, 0, 0, 0, 0, 0, 0, 0]).flat())));
json(read_counts().map((row: any) => [row.rule, Number(row.packets)]));`,
    );
    const result = await runCli(["run", "--allow-read", net, script]);
    const [DROP, PASS] = ["XDP_DROP", "XDP_PASS"];
    expect(readJson(result)).toEqual([
      [DROP, PASS, PASS],
      [PASS, PASS],
      Array(20).fill(DROP),
      // Options are passed over; fewer than five words, or another version, is no header.
      [DROP, DROP, DROP, DROP],
      // A rule of UDP is none of TCP; what is no first fragment has no port, but an address.
      [DROP, PASS, PASS, DROP],
      [DROP, DROP, PASS, DROP],
      [DROP, PASS, DROP],
      [DROP, DROP, PASS, DROP],
      DROP,
      [
        ["deny 203.0.113.0/24", 4],
        ["allow 203.0.113.7", 1],
        ["deny ::/0", 1],
        ["deny udp/53", 6],
        ["passed", 8],
        ["malformed", 25],
      ],
    ]);
  });

  it.each<[readonly string[], string]>([
    [["--deny", "10.0.0.0/8"], "prefilter: error: a device is needed: --dev eth0"],
    [["--dev", "eth0"], "prefilter: error: there is nothing to do: give --deny or --deny-port"],
    [["--dev", "eth0", "--deny", "10.0.0.1/8"], "invalid network: '10.0.0.1/8' (bits behind the prefix of 8 are set)"],
    [["--dev", "eth0", "--deny", "10.0.0/8"], "invalid network: '10.0.0/8' (203.0.113.0/24, fd00::/8, or an address)"],
    [["--dev", "eth0", "--deny", "fd00::/129"], "invalid network: 'fd00::/129'"],
    [["--dev", "eth0", "--deny-port", "icmp/8"], "invalid port: 'icmp/8' (tcp/22, udp/53, sctp/5060)"],
    [["--dev", "eth0", "--deny-port", "constructor/22"], "invalid port: 'constructor/22' (tcp/22, udp/53, sctp/5060)"],
    [["--dev", "eth0", "--deny-port", "tcp/65536"], "invalid port: 'tcp/65536'"],
    [
      ["--dev", "eth0", "--deny", "10.0.0.1", "--allow", "10.0.0.1/32"],
      'prefilter: error: "allow 10.0.0.1/32" and "deny 10.0.0.1" are rules for the same packets',
    ],
  ])("refuses %j", async (args, message) => {
    const result = await runCli(["prefilter", ...args]);
    expect(result.status).toBe(2);
    expect(result.stderr).toContain(message);
  });
});
