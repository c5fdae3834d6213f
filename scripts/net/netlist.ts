// Lists what policy, service and overlay have in their tables: services and their backends, rules with their packets, identities of networks, endpoints, tunnels.
// Subject: networking
//
//   bpfts netlist lb --pin net
//   bpfts netlist policy -o json
//
// Source: the subcommands of `cilium bpf`.
import { RowPrinter, address_text, json_output, ntohs, parse_args } from "bpfts";
import { join_port } from "./parts/join-port.ts";
import { NoticeNames } from "./parts/notice-names.ts";
import { show_node_address } from "./parts/overlay-nodes.ts";
import { open_endpoint_tables, open_pinned } from "./parts/pinned-tables.ts";
import type { NetEnd } from "./parts/pinned-tables.ts";
import { pinned_option } from "./parts/pins.ts";
import { protocol_names } from "./parts/protocols.ts";
import { refuse } from "./parts/usage.ts";

const args = parse_args({
  description: "List the tables of policy --pin, service --pin and overlay --pin",
  examples: `
examples:
    bpfts netlist lb                  # services, their backends and places
    bpfts netlist policy --pin web    # rules of each endpoint and the packets that they have seen
    bpfts netlist ipcache             # networks, their identities and nodes
    bpfts netlist endpoint -o json    # endpoints and their devices
    bpfts netlist tunnel              # at which node each network of containers is

Connections are listed by bpfts conntrack list.`,
  arguments: {
    table: { choices: ["lb", "policy", "ipcache", "endpoint", "tunnel"], help: "what is listed" },
    pin: pinned_option,
    output: { flags: ["-o", "--output"], choices: ["json"], help: "an object for each row" },
  },
});
json_output(args.output === "json");

const pinned = open_pinned("netlist", args.pin);
const names = new NoticeNames(pinned);
const show_end = ({ address, port }: NetEnd): string =>
  join_port(address_text(address.family, address.bytes), ntohs(port));

function list_lb(): void {
  const tables = (
    pinned.services ?? refuse("netlist", `${args.pin} has no services: start service with --pin ${args.pin}`)
  ).tables;
  const rows = new RowPrinter<{
    readonly service: string;
    readonly frontend: string;
    readonly backend: string;
    readonly state: string;
    readonly rev_nat: number;
    readonly slot: number;
  }>([
    { head: "SERVICE", format: "%-16s", value: "service" },
    { head: "SERVICE ADDRESS", format: "%-26s", value: "frontend" },
    { head: "BACKEND ADDRESS", format: "%-26s", value: "backend" },
    { head: "STATE", format: "%-11s", value: "state" },
    { head: "REVNAT_ID", format: "%9d", value: "rev_nat" },
    { head: "SLOT", format: "%6d", value: "slot" },
  ]);
  rows.print_header();
  for (const [{ frontend, protocol }, { id, count }] of tables.services.entries()) {
    const place = {
      service: names.name_service(id),
      frontend: `${show_end(frontend as NetEnd)}/${protocol_names.get(protocol)}`,
      rev_nat: id,
    };
    if (count === 0) rows.print({ ...place, backend: "-", state: "-", slot: 0 });
    for (let slot = 1; slot <= count; slot++) {
      const backend = tables.backends.get(tables.slots.get({ service: id, slot }) ?? 0);
      const state = backend === undefined ? "gone" : backend.state === 0 ? "active" : "terminating";
      rows.print({ ...place, backend: backend === undefined ? "-" : show_end(backend.end as NetEnd), state, slot });
    }
  }
}

function list_policy(): void {
  const rows = new RowPrinter<{
    readonly endpoint: string;
    readonly direction: string;
    readonly identity: string;
    readonly port: string;
    readonly action: string;
    readonly packets: bigint;
    readonly bytes: bigint;
    readonly rule: string;
  }>([
    { head: "ENDPOINT", format: "%-12s", value: "endpoint" },
    { head: "DIRECTION", format: "%-9s", value: "direction" },
    { head: "IDENTITY", format: "%-10s", value: "identity" },
    { head: "PORT/PROTO", format: "%-14s", value: "port" },
    { head: "ACTION", format: "%-6s", value: "action" },
    { head: "PACKETS", format: "%10d", value: "packets" },
    { head: "BYTES", format: "%12d", value: "bytes" },
    { head: "RULE", format: "%s", value: "rule" },
  ]);
  rows.print_header();
  for (const { name } of pinned.endpoints) {
    const { tables } = open_endpoint_tables(args.pin, name);
    for (const [{ identity, is_egress, protocol, port }, { rule, bits, is_denied }] of tables.policy.entries()) {
      const cpus = tables.policy_counts.get(rule) ?? [];
      const last = ntohs(port) + 2 ** (32 - Math.max(bits, 16)) - 1;
      const ports = bits <= 16 ? "any" : bits === 32 ? String(ntohs(port)) : `${ntohs(port)}-${last}`;
      rows.print({
        endpoint: name,
        direction: is_egress ? "egress" : "ingress",
        identity: identity === 0 ? "any" : String(identity),
        port: `${ports}/${bits <= 8 ? "any" : (protocol_names.get(protocol) ?? protocol)}`,
        action: is_denied ? "deny" : "allow",
        packets: cpus.reduce((sum, one) => sum + one.packets, 0n),
        bytes: cpus.reduce((sum, one) => sum + one.bytes, 0n),
        rule: names.name_rule(rule),
      });
    }
  }
}

function list_ipcache(): void {
  const rows = new RowPrinter<{
    readonly prefix: string;
    readonly identity: number;
    readonly tunnel: string;
    readonly name: string;
  }>([
    { head: "IP PREFIX/ADDRESS", format: "%-30s", value: "prefix" },
    { head: "IDENTITY", format: "%10d", value: "identity" },
    { head: "TUNNELENDPOINT", format: "%-15s", value: "tunnel" },
    { head: "NAME", format: "%s", value: "name" },
  ]);
  rows.print_header();
  for (const [{ prefixlen, address }, identity] of pinned.ipcache?.entries() ?? []) {
    // A whole network is at the node of the longest one around it; one may hold networks of several nodes.
    const node = pinned.tunnels?.get({ prefixlen, address });
    rows.print({
      prefix: `${address_text(address.family, address.bytes)}/${prefixlen - 32}`,
      identity,
      tunnel: node === undefined ? "-" : show_node_address(node),
      name: names.name_identity(identity),
    });
  }
}

function list_endpoints(): void {
  const rows = new RowPrinter<
    (typeof pinned.endpoints)[number] & { readonly ingress: string; readonly egress: string }
  >([
    { head: "ENDPOINT", format: "%8d", value: "id" },
    { head: "NAME", format: "%-12s", value: "name" },
    { head: "IDENTITY", format: "%10d", value: "identity" },
    { head: "INGRESS", format: "%-8s", value: "ingress" },
    { head: "EGRESS", format: "%-8s", value: "egress" },
    { head: "DEVICE", format: "%-15s", value: "dev" },
    { head: "NETNS", format: "%s", value: "netns" },
  ]);
  rows.print_header();
  for (const endpoint of pinned.endpoints) {
    const name_state = (is_enforced: number): string =>
      !is_enforced ? "open" : endpoint.is_audited ? "audited" : "enforced";
    rows.print({
      ...endpoint,
      ingress: name_state(endpoint.is_ingress_enforced),
      egress: name_state(endpoint.is_egress_enforced),
    });
  }
}

function list_tunnels(): void {
  const tunnels =
    pinned.tunnels ?? refuse("netlist", `${args.pin} has no tunnels: start overlay with --pin ${args.pin}`);
  const rows = new RowPrinter<{ readonly prefix: string; readonly tunnel: string; readonly name: string }>([
    { head: "TUNNEL", format: "%-30s", value: "prefix" },
    { head: "VALUE", format: "%-15s", value: "tunnel" },
    { head: "NAME", format: "%s", value: "name" },
  ]);
  rows.print_header();
  for (const [{ prefixlen, address }, node] of tunnels.entries()) {
    const identity = pinned.ipcache?.get({ prefixlen, address });
    rows.print({
      prefix: `${address_text(address.family, address.bytes)}/${prefixlen - 32}`,
      tunnel: show_node_address(node),
      name: identity === undefined ? "-" : names.name_identity(identity),
    });
  }
}

({ lb: list_lb, policy: list_policy, ipcache: list_ipcache, endpoint: list_endpoints, tunnel: list_tunnels })[
  args.table
]();
