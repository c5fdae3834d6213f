import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openAddon } from "../../runtime/kernel/door/addon.ts";
import { needFeature } from "../support/need-feature.ts";
import { mountBpffs } from "../support/own-bpffs.ts";
import { readFrames } from "../support/own-capture.ts";
import { makeLab, renderPings } from "../support/own-lab.ts";
import { takePatience } from "../support/patience.ts";
import { makeFolder, root, runCli, startCli } from "../support/run-cli.ts";

const folder = makeFolder();
const port = openAddon();

const sender = join(folder, "sender.py");
writeFileSync(
  sender,
  `
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("", 40001))
for _ in range(3): s.sendto(b"x", ("10.77.1.2", 5353))
`,
);

interface Flow {
  readonly verdict: string;
  readonly drop_reason_desc?: string;
  readonly source: { readonly identity: number; readonly pod_name?: string };
  readonly destination: { readonly identity: number; readonly pod_name?: string };
  readonly event_type: { readonly type: number };
  readonly traffic_direction: string;
  readonly trace_observation_point?: string;
  readonly is_reply?: boolean;
  readonly policy_match_type?: number;
  readonly rule?: string;
  readonly l4: Readonly<Record<string, unknown>>;
  readonly file: { readonly name: string; readonly line: number };
}

describe("bpfts monitor", { timeout: takePatience(180_000) }, () => {
  it("tells what becomes of each packet, once, and by which rule", async (context) => {
    // A classic filter stays when its script is killed.
    needFeature(context, port, "tcx");
    const lab = makeLab(folder, "mon", { nodes: { node1: { subnet: "10.77.1.0/24", pods: { pod1: {}, pod2: {} } } } });
    await lab.up();
    const { enter } = await mountBpffs();
    const allow = ["--allow", "pod2 from pod1 icmp"];
    const policy = startCli(
      ["--lab", lab.path, "policy", "--endpoint", "pod1=5001", "--endpoint", "pod2=5002", ...allow, "--pin", "m"],
      { by: enter },
    );
    await policy.waitFor("Ctrl-C to end");
    const send = (): void => {
      expect(lab.exec("pod1", "sh", "-c", renderPings("10.77.1.2", 2))).toBe("2\n");
      lab.exec("pod1", "python3", sender);
    };
    /** Nobody listens: nothing is kept for later. */
    send();
    expect(await runCli(["conntrack", "flush", "--pin", "m"], { by: enter })).toMatchObject({ status: 0 });

    const json = startCli(["monitor", "--pin", "m", "-o", "json"], { by: enter });
    await json.waitFor("Ctrl-C to end");
    const second = await runCli(["monitor", "--pin", "m"], { by: enter });
    expect(second).toMatchObject({
      status: 2,
      stderr: `monitor: error: the events of "m" are read by process ${json.child.pid} already: each event has one reader\n`,
    });
    send();
    json.child.kill("SIGINT");
    const { stdout, stderr, status } = await json.ended;
    expect(status, stderr).toBe(0);
    expect(stderr).toMatch(/\n20 events, 0 lost\.\n/);
    const flows = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Flow);
    const counted = new Map<string, number>();
    for (const { event_type, verdict, source, destination, traffic_direction, l4, ...rest } of flows) {
      const more = [
        rest.trace_observation_point,
        rest.is_reply && "reply",
        rest.policy_match_type,
        rest.drop_reason_desc,
        rest.rule,
      ];
      const key = `${event_type.type} ${verdict} ${Object.keys(l4).join()} ${source.pod_name}->${destination.pod_name} ${source.identity}->${destination.identity} ${traffic_direction} ${more.filter((part) => part !== undefined && part !== false).join(" ")}`;
      counted.set(key, (counted.get(key) ?? 0) + 1);
    }
    expect(Object.fromEntries(counted)).toEqual({
      "5 FORWARDED ICMPv4 pod1->pod2 5001->5002 EGRESS 0 not enforced": 1,
      "4 FORWARDED ICMPv4 pod1->pod2 5001->5002 EGRESS TO_STACK": 2,
      "5 FORWARDED ICMPv4 pod1->pod2 5001->5002 INGRESS 5 allow pod2 from pod1 icmp": 1,
      "4 FORWARDED ICMPv4 pod1->pod2 5001->5002 INGRESS TO_ENDPOINT": 2,
      "4 FORWARDED ICMPv4 pod2->pod1 5002->5001 EGRESS TO_STACK reply": 2,
      "4 FORWARDED ICMPv4 pod2->pod1 5002->5001 INGRESS TO_ENDPOINT reply": 2,
      "5 FORWARDED UDP pod1->pod2 5001->5002 EGRESS 0 not enforced": 1,
      "4 FORWARDED UDP pod1->pod2 5001->5002 EGRESS TO_STACK": 3,
      "5 DROPPED UDP pod1->pod2 5001->5002 INGRESS 0 POLICY_DENIED default deny": 3,
      "1 DROPPED UDP pod1->pod2 5001->5002 INGRESS POLICY_DENIED default deny": 3,
    });
    const source = readFileSync(join(root, "scripts/net/parts/policy-program.ts"), "utf8").split("\n");
    for (const { file, event_type } of flows.filter((flow) => flow.event_type.type === 1)) {
      expect([file.name, event_type.type]).toEqual(["policy-program.ts", 1]);
      expect(source[file.line - 1]).toContain("return drop(skb, &tuple, DROP_POLICY,");
    }

    // A monitor that was killed is not in the way of the next one.
    const killed = startCli(["monitor", "--pin", "m"], { by: enter });
    await killed.waitFor("Ctrl-C to end");
    killed.child.kill("SIGKILL");
    await killed.ended;
    const drops = startCli(["monitor", "--pin", "m", "-t", "drop", "--related-to", "pod2"], { by: enter });
    await drops.waitFor("Ctrl-C to end");
    send();
    drops.child.kill("SIGINT");
    const lines = (await drops.ended).stdout.trim().split("\n");
    expect(lines).toHaveLength(3);
    for (const line of lines)
      expect(line).toMatch(
        /^xx drop \(Policy denied\) flow 0x[0-9a-f]+ to endpoint 2, ifindex lxc-pod2, file policy-program\.ts:\d+, default deny, identity pod1->pod2: 10\.77\.1\.1:40001 -> 10\.77\.1\.2:5353 udp$/,
      );
    const file = join(folder, "drops.pcapng");
    const captured = startCli(["monitor", "--pin", "m", "--pcap", file], { by: enter });
    await captured.waitFor("Ctrl-C to end");
    send();
    captured.child.kill("SIGINT");
    expect(await captured.ended).toMatchObject({ status: 0, stdout: "" });
    const fields = ["frame.interface_name", "frame.packet_flags_direction", "frame.verdict.ebpf_tc", "frame.len"];
    const frames = readFrames(file, "frame", [...fields, "ip.dst", "ip.checksum.status", "frame.comment"]);
    // Eight packets of pings and three datagrams at one end, three at the other: a verdict is no packet of its own.
    const out = "0x00000002",
      into = "0x00000001";
    const at = (pod: string, direction: string, verdict: number, size: number, to: number): string =>
      [`node1/lxc-${pod}`, direction, verdict, size, `10.77.1.${to}`, 1].join();
    const seen = frames.map((row) => row.slice(0, 6).join());
    expect(seen.sort()).toEqual(
      [
        ...[
          at("pod1", into, -1, 42, 2),
          at("pod2", out, -1, 42, 2),
          at("pod2", into, -1, 42, 1),
          at("pod1", out, -1, 42, 1),
        ],
        ...[
          at("pod1", into, -1, 42, 2),
          at("pod2", out, -1, 42, 2),
          at("pod2", into, -1, 42, 1),
          at("pod1", out, -1, 42, 1),
        ],
        ...Array<string>(3).fill(at("pod1", into, -1, 43, 2)),
        ...Array<string>(3).fill(at("pod2", out, 2, 43, 2)),
      ].sort(),
    );
    const denied = readFrames(file, "frame.verdict.ebpf_tc == 2", ["udp.dstport", "frame.comment"]);
    expect(denied.map(([dport]) => dport)).toEqual(["5353", "5353", "5353"]);
    for (const [, comment] of denied)
      expect(comment).toMatch(/^xx drop \(Policy denied\) .*, default deny, identity pod1->pod2: /);
    const layers = startCli(["monitor", "--pin", "m", "-vv", "-n"], { by: enter });
    await layers.waitFor("Ctrl-C to end");
    send();
    layers.child.kill("SIGINT");
    expect((await layers.ended).stdout).toMatch(
      /-{78}\nCPU \d\d: MARK 0x[0-9a-f]+ FROM 2 DROP: 43 bytes, reason Policy denied, identity 5001->5002, to endpoint 2, file policy-program\.ts:\d+, default deny\nEthernet\t\{SrcMAC=.*\}\nIPv4\t\{SrcIP=10\.77\.1\.1 DstIP=10\.77\.1\.2 Protocol=17 .*\}\nUDP\t\{SrcPort=40001 DstPort=5353 Length=9\}\nPayload\t1 bytes\n/,
    );
    policy.child.kill("SIGINT");
    expect(await policy.ended).toMatchObject({ status: 0 });
  });

  it("says what it needs", async () => {
    const { enter } = await mountBpffs();
    expect(await runCli(["monitor", "--pin", "none"], { by: enter })).toMatchObject({
      status: 2,
      stderr:
        "monitor: error: there are no tables at /sys/fs/bpf/bpfts/none: start policy, service or overlay with --pin none first\n",
    });
  });
});
