import { describe, expect, it } from "vitest";
import { ResourceError, ToolchainError, UnsupportedFeatureError } from "../../../runtime/base/errors.ts";
import { parseLabFile } from "../../../runtime/lab/lab-file.ts";
import { planLab } from "../../../runtime/lab/plan-lab.ts";
import type { LabPlan } from "../../../runtime/lab/plan-lab.ts";
import { describeFailure, describeStep, renderStep, runTool } from "../../../runtime/lab/run-step.ts";

const plan = (value: unknown): LabPlan => planLab(parseLabFile(JSON.stringify(value), "lab.json"), "lab");
const pods = (...names: readonly string[]): Record<string, object> =>
  Object.fromEntries(names.map((name) => [name, {}]));

/** The commands for one namespace. */
function listLines({ steps }: LabPlan, place: string): readonly string[] {
  return steps
    .filter(({ namespace, tool }) => namespace === `bpfts.lab.${place}` && tool !== "sysctl")
    .flatMap(({ lines }) => lines);
}

describe("planLab", () => {
  it("makes each device inside of the lab, and names of at most 15 characters", () => {
    const made = plan({
      vxlan: true,
      nodes: {
        "node-of-15-char": { subnet: "10.0.0.0/24", pods: pods("pod-of-11ch") },
        b: { subnet: "10.0.1.0/24", pods: pods("c") },
      },
    });
    for (const { namespace, lines } of made.steps) {
      expect(made.namespaces).toContain(namespace);
      for (const [, name, rest] of lines.flatMap((line) => [...line.matchAll(/(?:link add|peer name) (\S+)(.*)/g)])) {
        expect(name!.length).toBeLessThanOrEqual(15);
        expect(/netns (\S+)/.exec(rest!)?.[1] ?? namespace).toMatch(/^bpfts\.lab\./);
      }
    }
    expect(new Set(made.namespaces).size).toBe(made.namespaces.length);
  });

  it("gives addresses in order around those that are named", () => {
    const { places } = plan({
      network: "192.0.2.0/29",
      nodes: {
        a: { subnet: ["10.0.0.0/29", "fd00::/64"], pods: { p: {}, q: { address: "10.0.0.1" }, r: {} } },
        b: { address: "192.0.2.1" },
      },
    });
    expect(places.map(({ name, ip, ip6 }) => [name, ip, ip6])).toEqual([
      ["a", "192.0.2.2", null],
      ["p", "10.0.0.2", "fd00::1"],
      ["q", "10.0.0.1", "fd00::2"],
      ["r", "10.0.0.3", "fd00::3"],
      ["b", "192.0.2.1", null],
    ]);
  });

  it("routes between nodes by the tunnel where there is one, and to hosts outside by the nodes", () => {
    const nodes = {
      a: { subnet: "10.0.0.0/24", pods: pods("p") },
      b: { subnet: "10.0.1.0/24", pods: pods("q") },
      c: {},
    };
    const findRoutes = (made: LabPlan, place: string): readonly string[] =>
      listLines(made, place).filter((line) => line.startsWith("route add 10.0.1."));
    expect(findRoutes(plan({ nodes }), "a")).toEqual(["route add 10.0.1.1/32 via 172.31.9.2 dev eth0"]);
    const tunnelled = plan({ nodes, vxlan: { vni: 7, port: 4789 } });
    expect(findRoutes(tunnelled, "a")).toEqual(["route add 10.0.1.1/32 via 172.31.9.2 dev vxlan0 onlink"]);
    expect(findRoutes(tunnelled, "c")).toEqual(["route add 10.0.1.1/32 via 172.31.9.2 dev eth0"]);
    expect(listLines(tunnelled, "a")).toContain(
      "link add vxlan0 address 02:bf:03:01:00:01 mtu 1450 type vxlan id 7 local 172.31.9.1 dstport 4789 nolearning",
    );
    expect(listLines(tunnelled, "c").join()).not.toContain("vxlan0");
    const external = plan({ nodes, vxlan: { external: true } });
    expect(findRoutes(external, "a")).toEqual(["route add 10.0.1.1/32 via 172.31.9.2 dev vxlan0 onlink"]);
    expect(external.steps.filter(({ tool }) => tool === "bridge")).toEqual([]);
    const findTunnels = ({ places }: LabPlan): unknown[] => places.map(({ tunnel_dev }) => tunnel_dev);
    expect(findTunnels(external)).toEqual(["vxlan0", null, "vxlan0", null, null]);
    expect(findTunnels(tunnelled)).toEqual([null, null, null, null, null]);
  });

  it("takes node names that ip has as words, too", () => {
    const made = plan({ nodes: { up: {}, group: {} } });
    expect(made.steps.at(-1)!.lines).toEqual([
      "link set dev up master br0",
      "link set dev up up",
      "link set dev group master br0",
      "link set dev group up",
    ]);
  });

  it("refuses pods that no other node has a way to", () => {
    const nodes = {
      n1: { subnet: ["10.0.1.0/24", "fd77:1::/64"], pods: pods("p1") },
      n2: { subnet: ["10.0.0.0/24", "fd77:2::/64"], pods: pods("p2") },
    };
    const way = "addresses, the network between the nodes has none";
    expect(() => plan({ nodes })).toThrow(`The pods of node "n2" have IPv6 ${way}`);
    expect(() => plan({ nodes, network: "fd31:9::/64" })).toThrow(`The pods of node "n2" have IPv4 ${way}`);
    const made = plan({ nodes, network: ["172.31.9.0/24", "fd31:9::/64"] });
    expect(listLines(made, "n1").filter((line) => line.startsWith("route add") && line.includes(" via "))).toEqual([
      "route add 10.0.0.1/32 via 172.31.9.2 dev eth0",
      "route add fd77:2::1/128 via fd31:9::2 dev eth0",
    ]);
  });

  it.each<[string, unknown, string]>([
    [
      "twice",
      { nodes: { a: { pods: { p: { address: "10.0.0.1" }, q: { address: "10.0.0.1" } } } } },
      'The address 10.0.0.1 is given twice: to pod "p" and to pod "q"',
    ],
    [
      "twice in IPv6, however it is written",
      { nodes: { a: { pods: { p: { address: "fd00::1" }, q: { address: "fd00:0:0::0001" } } } } },
      'The address fd00::1 is given twice: to pod "p" and to pod "q"',
    ],
    [
      "outside",
      { nodes: { a: { subnet: "10.0.0.0/24", pods: { p: { address: "10.0.1.1" } } } } },
      'The address 10.0.1.1 of pod "p" is not in the subnet of node "a", 10.0.0.0/24',
    ],
    [
      "of a node outside",
      { nodes: { a: { address: "10.0.0.1" }, b: {} } },
      'The address 10.0.0.1 of node "a" is not in the network between the nodes, 172.31.9.0/24',
    ],
    [
      "of a node without a network",
      { nodes: { a: { address: "10.0.0.1" } } },
      'The address 10.0.0.1 of node "a" is in no network between the nodes',
    ],
    [
      "too few",
      { nodes: { a: { subnet: "10.0.0.0/30", pods: pods("p", "q", "r") } } },
      'The pod "r" gets no address: the subnet of node "a", 10.0.0.0/30, is too small',
    ],
    ["none", { nodes: { a: { pods: pods("p") } } }, 'The pod "p" has no address'],
    [
      "one name twice",
      { nodes: { a: { subnet: "10.0.0.0/24", pods: pods("b") }, b: {} } },
      'Two places of the lab "lab" have the name "b"',
    ],
  ])("refuses an address that is given %s", (_, value, message) => {
    expect(() => plan(value)).toThrow(message);
  });
});

describe("steps", () => {
  it("are commands of ip and settings of the namespace", () => {
    const step = { namespace: "bpfts.lab.a", tool: "ip", lines: ["link set lo up", "link show"] } as const;
    expect(describeStep(step)).toEqual({
      argv: ["ip", "-n", "bpfts.lab.a", "-batch", "-"],
      input: "link set lo up\nlink show\n",
    });
    expect(renderStep({ ...step, tool: "sysctl", lines: ["ipv4/conf/all/rp_filter=0"] })).toBe(
      "ip netns exec bpfts.lab.a sysctl -q -w net.ipv4.conf.all.rp_filter=0\n",
    );
  });

  it("say which package a missing program is in, and what a failure means", () => {
    expect(() => runTool(["ip", "netns"], "", "/no/such/folder")).toThrow(ToolchainError);
    expect(() => runTool(["ip", "netns"], "", "/no/such/folder")).toThrow(
      'Cannot make a lab: the program "ip" is missing',
    );
    const vxlan = describeFailure(
      "link add vxlan0 type vxlan id 1",
      "ip",
      "Error: Unknown device type.\nCommand failed -:2",
    );
    expect(vxlan).toBeInstanceOf(UnsupportedFeatureError);
    expect(vxlan.hint).toBe('this kernel has no vxlan devices, or its module "vxlan" is not loaded');
    expect(describeFailure("netns add x", "ip", "RTNETLINK answers: Operation not permitted")).toMatchObject({
      code: "BPFTS_PRIVILEGE",
    });
    const other = describeFailure("link set x up", "ip", 'Cannot find device "x"');
    expect(other).toBeInstanceOf(ResourceError);
    expect(other.message).toBe('Cannot make the lab: "ip link set x up" failed: Cannot find device "x"');
    expect(describeFailure("netns delete x", "ip", "busy", "take down").message).toBe(
      'Cannot take down the lab: "ip netns delete x" failed: busy',
    );
    expect(runTool(["sh", "-c", "kill -INT $$"])).toBe("it was ended by SIGINT");
    expect(runTool(["sh", "-c", "exit 3"])).toBe("it ended with the status 3");
  });
});
