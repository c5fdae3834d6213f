// Leads packets between the containers of several nodes through a tunnel (VXLAN), which carries the sender's identity in its number, and tells of every packet that is dropped there.
// Subject: networking
//
//   bpfts --lab overlay.json overlay --pin net
//   bpfts overlay --netns node1 --dev vxlan0 --netdev eth0 --address 172.31.9.1 --tunnel 10.77.2.0/24=172.31.9.2
//
// Source: Cilium's bpf_overlay.c (from-overlay, to-overlay) and bpf_host.c (from-netdev, to-netdev).
import {
  BPF,
  Interrupt,
  RowPrinter,
  address_text,
  eprint,
  is_json_output,
  json_output,
  ntohs,
  parse_args,
  poll_events,
  print,
  strftime,
  tool_options,
} from "bpfts";
import { drop_reasons, hubble_reasons } from "./parts/drop-reasons.ts";
import { join_port } from "./parts/join-port.ts";
import { write_nodes } from "./parts/overlay-catalogue.ts";
import {
  find_lab_nodes,
  list_lab_tunnels,
  parse_node_address,
  read_tunnels,
  show_node_address,
} from "./parts/overlay-nodes.ts";
import type { NodePlace } from "./parts/overlay-nodes.ts";
import { load_overlay_program, network_counters, overlay_programs } from "./parts/overlay-program.ts";
import type { OverlayCounts, OverlayEvent } from "./parts/overlay-program.ts";
import { claim_pins, find_pins, pin_option } from "./parts/pins.ts";
import { read_identities } from "./parts/policy-endpoints.ts";
import { reserved } from "./parts/policy-rules.ts";
import { has_ports, hubble_protocols, protocol_names } from "./parts/protocols.ts";
import { read_or_refuse, refuse } from "./parts/usage.ts";

const args = parse_args({
  description:
    "Lead packets between the containers of several nodes through a tunnel that carries the sender's identity",
  examples: `
examples:
    bpfts --lab overlay.json overlay --identity 10.77.1.1=5001           # every node of the lab, one identity
    bpfts --lab overlay.json overlay --pin net                           # the identities of policy --pin net; bpfts monitor
    bpfts --lab overlay.json overlay --node node2 --pin n2               # one node, as each has its own policy
    bpfts overlay --netns node1 --dev vxlan0 --netdev eth0 --address 172.31.9.1 --tunnel 10.77.2.0/24=172.31.9.2

The vxlan device has to be an external one (ip link add vxlan0 type vxlan external dstport 8472), and routes have to lead to it: programs make
neither. In a lab, "vxlan": { "external": true } makes both. The number of the tunnel (VNI) is the identity of who sent the packet: that of
its source address, remote-node (6) for the node itself, and world (2) for others.`,
  arguments: {
    node: { flags: ["--node"], type: "string", repeat: true, help: "only these nodes of the lab" },
    netns: { flags: ["--netns"], type: "string", help: "the network namespace of the node; none in a lab" },
    dev: { flags: ["--dev"], type: "string", help: "the node's external vxlan device; a lab's nodes have theirs" },
    netdev: {
      flags: ["--netdev"],
      type: "string",
      help: "the device that carries the tunnel: who claims an address outside of the tunnel that is behind it is dropped there",
    },
    address: { flags: ["--address"], type: "string", help: "the node's own address, which is the host's" },
    tunnel: {
      flags: ["--tunnel"],
      type: "string",
      repeat: true,
      metavar: "CIDR=ADDRESS",
      help: "at which node a network of containers is; in a lab beside its pods",
    },
    identity: {
      flags: ["--identity"],
      type: "string",
      repeat: true,
      metavar: "CIDR=IDENTITY",
      help: "whose packets come from this network; with --pin policy says it",
    },
    port: { flags: ["--port"], type: "int", default: 8472, help: "the UDP port of the tunnel (default %(default)s)" },
    pin: pin_option,
    duration: tool_options.duration,
    json: tool_options.json,
  },
});
json_output(args.json);

if (args.port < 1 || args.port > 65535) refuse("overlay", "--port wants a number from 1 to 65535");
if (args.pin !== undefined && args.identity.length > 0)
  refuse("overlay", `--identity: with --pin the identities are those of policy --pin ${args.pin}: give them there`);
const { dev, netns } = args;
const given = read_or_refuse("overlay", () => read_tunnels(args.tunnel));
const identities = read_or_refuse("overlay", () => read_identities(args.identity, []));

/** The node that the options describe. */
function read_node(device: string): NodePlace {
  if (args.node.length > 0) refuse("overlay", "--node is of a lab: with --dev there is one node");
  if (given.length === 0) refuse("overlay", "--dev wants --tunnel: at which nodes the containers are");
  return {
    name: netns ?? "node",
    ...(netns !== undefined && { netns }),
    dev: device,
    ...(args.netdev !== undefined && { net_dev: args.netdev }),
    address: args.address === undefined ? 0 : parse_node_address(args.address, "--address"),
  };
}

const nodes = read_or_refuse("overlay", () => {
  if (dev !== undefined) return [read_node(dev)];
  const found = find_lab_nodes(args.node);
  const stray = (
    [
      ["--netns", netns],
      ["--netdev", args.netdev],
      ["--address", args.address],
    ] as const
  ).find(([, value]) => value !== undefined);
  return stray === undefined ? found : refuse("overlay", `${stray[0]} is of a node outside of a lab: give --dev, too`);
});
const tunnels = [...(dev === undefined ? list_lab_tunnels() : []), ...given];

if (args.pin !== undefined) claim_pins("overlay", args.pin, "overlay");
const programs = nodes.map((node, at) => {
  const peers = [...new Set(tunnels.map((tunnel) => tunnel.node))].filter((address) => address !== node.address);
  const loaded = load_overlay_program({
    id: at + 1,
    address: node.address,
    peers,
    port: args.port,
    ...(args.pin !== undefined && { pins: find_pins(args.pin) }),
  });
  // What is pinned is one table for all nodes, and has what an older run was told.
  if (args.pin === undefined || at === 0) loaded.write_tables(tunnels, args.pin === undefined ? identities : undefined);
  return { node, peers, loaded };
});
// All are loaded before one is attached.
for (const { loaded } of programs) for (const name of overlay_programs) loaded.program.load_func(name, BPF.SCHED_CLS);
const attached = programs.map(({ node, loaded: { program } }, at) => {
  const place = { ...(node.netns !== undefined && { netns: node.netns }), dev: node.dev };
  const sends = program.attach_tc({ ...place, direction: "egress", fn_name: "to_overlay" });
  // Policy believes the marks of this device alone, so it is known before there are any.
  program.tables.overlays.set(sends.ifindex!, at + 1);
  return { at, node, place, ifindex: sends.ifindex! };
});
const catalogue = attached.map(({ at, node, place, ifindex }) => {
  const { program } = programs[at]!.loaded;
  program.attach_tc({ ...place, direction: "ingress", fn_name: "from_overlay" });
  const { net_dev } = node;
  if (net_dev === undefined) return { id: at + 1, ...node, ifindex };
  program.attach_tc({ ...place, dev: net_dev, direction: "egress", fn_name: "to_netdev" });
  const takes = program.attach_tc({ ...place, dev: net_dev, direction: "ingress", fn_name: "from_netdev" });
  return { id: at + 1, ...node, ifindex, net_ifindex: takes.ifindex! };
});
if (args.pin !== undefined) write_nodes(args.pin, catalogue);

const identity_names = new Map([...reserved].map(([name, identity]) => [identity, name] as const).slice(1));

function name_identity(identity: number): string {
  return identity === 0 ? "unknown" : (identity_names.get(identity) ?? String(identity));
}

/** In the words of cilium monitor; in JSON with the names of Hubble. */
function show(node: NodePlace, event: OverlayEvent): void {
  const { reason, remote, source_identity, destination_identity } = event;
  const { family } = event.source;
  const [source, destination] =
    family === 0 ? ["?", "?"] : [event.source, event.destination].map(({ bytes }) => address_text(family, bytes));
  const [sport, dport] = [ntohs(event.source_port), ntohs(event.destination_port)];
  const protocol = protocol_names.get(event.protocol) ?? `protocol ${event.protocol}`;
  if (is_json_output()) {
    const hubble_name = hubble_protocols.get(event.protocol);
    print(
      JSON.stringify({
        time: strftime("%Y-%m-%dT%H:%M:%S%z"),
        verdict: "DROPPED",
        drop_reason: reason,
        drop_reason_desc: hubble_reasons[reason],
        ...(family !== 0 && { IP: { source, destination } }),
        ...(hubble_name !== undefined &&
          has_ports(protocol) && { l4: { [hubble_name]: { source_port: sport, destination_port: dport } } }),
        source: { identity: source_identity },
        destination: { identity: destination_identity },
        node_name: node.name,
        ...(remote !== 0 && { remote_node: show_node_address(remote) }),
        file: { name: "overlay-program.ts", line: event.line },
      }),
    );
    return;
  }
  const ends = has_ports(protocol)
    ? `${join_port(source!, sport)} -> ${join_port(destination!, dport)}`
    : `${source} -> ${destination}`;
  const tunnel = remote === 0 ? "" : `, tunnel with ${show_node_address(remote)}`;
  print(
    `xx drop (${drop_reasons[reason]}) file overlay-program.ts:${event.line}, identity ${name_identity(source_identity)}->${name_identity(destination_identity)}: ${ends} ${protocol}, node ${node.name}${tunnel}`,
  );
}

for (const { node, loaded } of programs) loaded.open_events((event) => show(node, event));
const count = tunnels.length;
eprint(
  `Tunnelling between ${nodes.map((node) => `${node.name} (${node.dev})`).join(", ")}: ${count} network${count === 1 ? "" : "s"} behind it. Ctrl-C to end.`,
);
try {
  poll_events(args.duration);
} catch (error) {
  if (!(error instanceof Interrupt)) throw error;
}

const width = Math.max(12, ...nodes.map(({ name }) => name.length));
const rows = new RowPrinter<OverlayCounts & { readonly node: string; readonly what: string }>([
  { head: "NODE", format: `%-${width}s`, value: "node" },
  { head: "WHAT", format: "%-40s", value: "what" },
  { head: "PACKETS", format: "%10d", value: "packets" },
  { head: "BYTES", format: "%12d", value: "bytes" },
]);
if (!is_json_output()) print();
rows.print_header();
for (const { node, peers, loaded } of programs) {
  const known = new Map(nodes.map(({ name, address }) => [address, ` (${name})`]));
  for (const peer of peers)
    for (const is_sent of [true, false])
      rows.print({
        node: node.name,
        what: `${is_sent ? "to" : "from"} overlay: ${show_node_address(peer)}${known.get(peer) ?? ""}`,
        ...loaded.read_peer(peer, is_sent),
      });
  if (node.net_dev !== undefined)
    for (const [at, what] of network_counters.entries())
      rows.print({ node: node.name, what, ...loaded.read_network(at) });
  for (const [reason, words] of Object.entries(drop_reasons)) {
    const counts = loaded.read_drops(Number(reason));
    if (counts.packets > 0n) rows.print({ node: node.name, what: `dropped: ${words}`, ...counts });
  }
}
