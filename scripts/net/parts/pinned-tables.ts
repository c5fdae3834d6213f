import { BPF } from "bpfts";
import { open_nodes } from "./overlay-catalogue.ts";
import { find_pins, open_if_pinned, refuse_unpinned } from "./pins.ts";
import { open_catalogue } from "./policy-catalogue.ts";

/** The tables of an endpoint of `policy --pin`. The kernel's types of what is pinned are compared with these. */
export function open_endpoint_tables(name: string, endpoint: string) {
  const own = `${find_pins(name)}/endpoint/${endpoint}`;
  return new BPF({
    text: /* c */ `
#include "bpfts_net.h"
struct policy_key {
    u32 prefixlen;
    u32 identity;
    u8 is_egress;
    u8 protocol;
    __be16 port;
};
struct policy_value {
    u32 rule;
    u32 bits;
    u32 is_denied;
    u32 match;
};
struct tuple {
    struct net_address source, destination;
    u16 protocol;
    __be16 source_port, destination_port;
    u8 is_egress;
    u8 icmp_type;
};
struct flow {
    struct net_ct state;
    u64 tx_packets, rx_packets;
    u32 rule, peer;
};
struct counts {
    u64 packets;
    u64 bytes;
};
BPF_LPM_TRIE(policy, struct policy_key, struct policy_value, 16384);
BPF_TABLE("lru_hash", struct tuple, struct flow, ct, 65536);
BPF_PERCPU_ARRAY(policy_counts, struct counts, 1);
`,
    pins: Object.fromEntries(
      ["policy", "ct", "policy_counts"].map((table) => [table, { path: `${own}/${table}`, create: false }]),
    ),
  });
}

/** The networks and their identities of `policy --pin`. */
export function open_ipcache(name: string) {
  return new BPF({
    text: /* c */ `
#include "bpfts_net.h"
BPF_LPM_TRIE(ipcache, struct net_cidr, u32, 16384);
`,
    pins: { ipcache: { path: `${find_pins(name)}/ipcache`, create: false } },
  });
}

/** At which node each network of containers is, of `overlay --pin`. */
function open_tunnels(name: string) {
  return new BPF({
    text: /* c */ `
#include "bpfts_net.h"
BPF_LPM_TRIE(tunnels, struct net_cidr, u32, 16384);
`,
    pins: { tunnels: { path: `${find_pins(name)}/tunnels`, create: false } },
  });
}

/** The tables of `service --pin`. */
export function open_service_tables(name: string) {
  return new BPF({
    text: /* c */ `
#include "bpfts_nat.h"
struct service_key {
    struct net_end frontend;
    u32 protocol;
};
struct service {
    u32 id, count;
    u32 affinity;
    u32 is_maglev;
};
struct slot_key {
    u32 service, slot;
};
struct backend {
    struct net_end end;
    u32 state;
};
struct counts {
    u64 connections, packets, bytes;
};
struct tuple {
    struct net_address source, destination;
    u16 protocol;
    __be16 source_port, destination_port;
    u16 is_answer;
};
struct flow {
    struct net_ct state;
    u32 service, backend;
};
struct service_name {
    char name[128];
};
BPF_HASH(services, struct service_key, struct service, 1);
BPF_HASH(rev_nat, u32, struct net_end, 1);
BPF_HASH(slots, struct slot_key, u32, 1);
BPF_HASH(backends, u32, struct backend, 1);
BPF_HASH(backend_counts, u32, struct counts, 1);
BPF_HASH(service_names, u32, struct service_name, 1);
BPF_TABLE("lru_hash", struct tuple, struct flow, service_ct, 1);
`,
    pins: Object.fromEntries(
      ["services", "rev_nat", "slots", "backends", "backend_counts", "service_names", "service_ct"].map((table) => [
        table,
        { path: `${find_pins(name)}/${table}`, create: false },
      ]),
    ),
  });
}

/** What `net_address` of bpfts_net.h is. */
export interface NetAddress {
  readonly family: number;
  readonly bytes: Uint8Array;
}

/** What `net_cidr` of bpfts_net.h is. */
export interface NetCidr {
  readonly prefixlen: number;
  readonly address: NetAddress;
}

/** What `net_end` of bpfts_nat.h is; the port is as the packet has it. */
export interface NetEnd {
  readonly address: NetAddress;
  readonly port: number;
}

/** What is pinned under a name. Ends the script where nothing is. */
export function open_pinned(tool: string, name: string) {
  const policy = open_if_pinned(() => open_catalogue(name, false));
  const services = open_if_pinned(() => open_service_tables(name));
  const nodes = open_if_pinned(() => open_nodes(name, false))?.tables.nodes;
  if (policy === undefined && services === undefined && nodes === undefined) refuse_unpinned(tool, name);
  const read_endpoints = () =>
    [...(policy?.tables.endpoints.entries() ?? [])]
      .map(([id, endpoint]) => ({ id, ...endpoint }))
      .sort((one, other) => one.id - other.id);
  return {
    name,
    services,
    nodes,
    tunnels: nodes && open_if_pinned(() => open_tunnels(name))?.table<NetCidr, number>("tunnels"),
    rules: policy?.tables.rules,
    ipcache: policy && open_if_pinned(() => open_ipcache(name))?.table<NetCidr, number>("ipcache"),
    endpoints: read_endpoints(),
    read_endpoints,
  };
}
