import { BPF, possible_cpus } from "bpfts";
import type { Cidr } from "./cidr.ts";

/** A node, as its programs are told of it when they are loaded. */
export interface OverlayNode {
  readonly id: number;
  /** Its own address as a number; 0 where it is not known. */
  readonly address: number;
  /** The other nodes. */
  readonly peers: readonly number[];
  /** The UDP port of the tunnel. */
  readonly port: number;
  /** The folder of the tables that it shares. */
  readonly pins?: string;
}

/** What a program tells of a packet that it drops. */
export interface OverlayEvent {
  readonly reason: number;
  readonly source_identity: number;
  readonly destination_identity: number;
  /** The node at the other end of the tunnel, 0 where none is known. */
  readonly remote: number;
  /** The line of this file that drops. */
  readonly line: number;
  readonly protocol: number;
  readonly source_port: number;
  readonly destination_port: number;
  readonly source: { readonly family: number; readonly bytes: Uint8Array };
  readonly destination: { readonly family: number; readonly bytes: Uint8Array };
}

/** What a counter has seen. */
export interface OverlayCounts {
  readonly packets: bigint;
  readonly bytes: bigint;
}

/** What passes by the device that carries the tunnel, in the order of its counters. */
export const network_counters = [
  "from network: tunnel",
  "from network: other",
  "to network: tunnel",
  "to network: other",
] as const;

/** The programs of a node: of its vxlan device, and of the device that carries the tunnel. */
export const overlay_programs = ["to_overlay", "from_overlay", "to_netdev", "from_netdev"] as const;

/** Loads the programs of one node. */
export function load_overlay_program(node: OverlayNode) {
  const { pins, peers } = node;
  const b = new BPF({
    pins:
      pins === undefined
        ? undefined
        : {
            ipcache: `${pins}/ipcache`,
            tunnels: `${pins}/tunnels`,
            overlays: `${pins}/overlays`,
            notices: `${pins}/events`,
          },
    cflags: [`-DNODE=${node.id}`, `-DOWN_ADDRESS=${node.address}u`, `-DTUNNEL_PORT=${node.port}`],
    text: /* c */ `
#include "bpfts_notice.h"

struct peer_key {
    /* As a number. */
    u32 node;
    u32 is_sent;
};
struct counts {
    u64 packets;
    u64 bytes;
};
struct event {
    u32 reason, source_identity, destination_identity, remote, line;
    u16 protocol;
    __be16 source_port, destination_port;
    u16 unused;
    struct net_address source, destination;
};
BPF_LPM_TRIE(ipcache, struct net_cidr, u32, 16384);
/* The address of the node, as a number, that each container is on. */
BPF_LPM_TRIE(tunnels, struct net_cidr, u32, 16384);
BPF_HASH(overlays, u32, u32, 256);
BPF_TABLE("percpu_hash", struct peer_key, struct counts, peer_counts, 2048);
BPF_PERCPU_ARRAY(drop_counts, struct counts, 256);
BPF_PERCPU_ARRAY(network_counts, struct counts, 4);
BPF_PERF_OUTPUT(events);
BPF_PERF_OUTPUT(notices);

/* Source: pkg/identity of Cilium */
enum { UNKNOWN = 0, HOST = 1, WORLD = 2, REMOTE_NODE = 6 };
/* Units: bytes of a packet that are looked at. */
enum { MOST_HEADERS = 256 };
enum {
    DROP_INVALID_SIP = 132,
    DROP_INVALID = 134,
    DROP_WRITE_ERROR = 141,
    DROP_NO_TUNNEL_KEY = 147,
    DROP_NO_TUNNEL_ENDPOINT = 160,
    DROP_INVALID_IDENTITY = 171,
    DROP_UNKNOWN_SENDER = 172,
};
enum { FROM_NETWORK, TO_NETWORK = 2 };

static inline void add(struct __sk_buff *skb, struct counts *counts) {
    if (counts) {
        counts->packets++;
        counts->bytes += skb->len;
    }
}

static inline u32 *find_identity(struct net_address *address) {
    struct net_cidr key = { .prefixlen = NET_WHOLE_ADDRESS, .address = *address };
    return ipcache.lookup(&key);
}

static inline u32 *find_tunnel(struct net_address *address) {
    struct net_cidr key = { .prefixlen = NET_WHOLE_ADDRESS, .address = *address };
    return tunnels.lookup(&key);
}

static inline struct counts *find_peer(u32 node, u32 is_sent) {
    struct peer_key key = { .node = node, .is_sent = is_sent };
    return peer_counts.lookup(&key);
}

static inline void notify(struct __sk_buff *skb, u32 type, u32 subtype, int is_egress, u32 source, u32 destination, u32 line) {
    struct net_notice notice = { .type = type, .subtype = subtype, .is_egress = is_egress, .state = NET_STATE_UNKNOWN, .node = NODE, .file = NET_FILE_OVERLAY, .line = line };
    notice.source_identity = source;
    notice.destination_identity = destination;
    net_notify(skb, &notices, &notice);
}

static inline int drop(struct __sk_buff *skb, struct net_packet *packet, u32 reason, int is_egress, u32 source, u32 destination, u32 remote, u32 line) {
    struct event event = { .reason = reason, .source_identity = source, .destination_identity = destination, .remote = remote, .line = line };
    event.source = packet->source;
    event.destination = packet->destination;
    event.protocol = packet->protocol;
    event.source_port = packet->source_port;
    event.destination_port = packet->destination_port;
    add(skb, drop_counts.lookup(&reason));
    events.perf_submit(skb, &event, sizeof(event));
    notify(skb, NET_NOTICE_DROP, reason, is_egress, source, destination, line);
    return TC_ACT_SHOT;
}

/* The headers may lie in a part of the packet that is not at hand. */
static inline int parse(struct __sk_buff *skb, struct net_packet *packet) {
    u32 wanted = skb->len < MOST_HEADERS ? skb->len : MOST_HEADERS;
    void *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
    if (data + wanted > end) {
        bpf_skb_pull_data(skb, wanted);
        data = (void *)(long)skb->data;
        end = (void *)(long)skb->data_end;
    }
    return net_parse(data, end, packet);
}

/* Whose packet this is: an endpoint's by its address, else the node's own where it came from no device, else somebody's whom the node sends on. */
static inline u32 find_sender(struct __sk_buff *skb, struct net_packet *packet) {
    u32 *identity = find_identity(&packet->source);
    if (identity)
        return *identity;
    return skb->ingress_ifindex ? WORLD : REMOTE_NODE;
}

/* What leaves by the vxlan device, before it is wrapped up. What is not IP, and what stays on its link, has no node to go to: the device discards it. */
int to_overlay(struct __sk_buff *skb) {
    struct net_packet packet;
    struct bpf_tunnel_key key = {};
    int parsed = parse(skb, &packet);
    if (parsed == NET_MALFORMED)
        return drop(skb, &packet, DROP_INVALID, 1, UNKNOWN, UNKNOWN, 0, __LINE__);
    if (parsed == NET_NOT_IP || net_is_of_link(&packet))
        return TC_ACT_UNSPEC;
    u32 *known = find_identity(&packet.destination), *node = find_tunnel(&packet.destination);
    u32 source = find_sender(skb, &packet), destination = known ? *known : WORLD;
    if (!node)
        return drop(skb, &packet, DROP_NO_TUNNEL_ENDPOINT, 1, source, destination, 0, __LINE__);
    key.tunnel_id = source;
    key.remote_ipv4 = *node;
    key.tunnel_ttl = 64;
    if (bpf_skb_set_tunnel_key(skb, &key, sizeof(key), BPF_F_ZERO_CSUM_TX))
        return drop(skb, &packet, DROP_WRITE_ERROR, 1, source, destination, *node, __LINE__);
    add(skb, find_peer(*node, 1));
    notify(skb, NET_NOTICE_TRACE, NET_TO_OVERLAY, 1, source, destination, __LINE__);
    return TC_ACT_UNSPEC;
}

/* What the vxlan device has unwrapped. The identity that it goes on with is the sender's node's word, so only nodes are believed, and none is the host. */
int from_overlay(struct __sk_buff *skb) {
    struct net_packet packet;
    struct bpf_tunnel_key key = {};
    int parsed = parse(skb, &packet);
    if (bpf_skb_get_tunnel_key(skb, &key, sizeof(key), 0) < 0)
        return drop(skb, &packet, DROP_NO_TUNNEL_KEY, 0, UNKNOWN, UNKNOWN, 0, __LINE__);
    u32 identity = key.tunnel_id;
    struct counts *counts = find_peer(key.remote_ipv4, 0);
    if (!counts)
        return drop(skb, &packet, DROP_UNKNOWN_SENDER, 0, identity, UNKNOWN, key.remote_ipv4, __LINE__);
    if (identity == UNKNOWN || identity == HOST)
        return drop(skb, &packet, DROP_INVALID_IDENTITY, 0, identity, UNKNOWN, key.remote_ipv4, __LINE__);
    if (parsed == NET_MALFORMED)
        return drop(skb, &packet, DROP_INVALID, 0, identity, UNKNOWN, key.remote_ipv4, __LINE__);
    skb->mark = net_mark_identity(identity);
    add(skb, counts);
    notify(skb, NET_NOTICE_TRACE, NET_FROM_OVERLAY, 0, identity, UNKNOWN, __LINE__);
    return TC_ACT_UNSPEC;
}

/* Who is at that end of the network between the nodes. */
static inline u32 find_network_identity(struct net_address *address) {
    u32 *identity = find_identity(address);
    if (identity)
        return *identity;
    if (address->family != NET_IPV4)
        return WORLD;
    u32 number = bpf_ntohl(*(__be32 *)address->bytes);
    return number == OWN_ADDRESS ? HOST : find_peer(number, 0) ? REMOTE_NODE : WORLD;
}

static inline int watch_network(struct __sk_buff *skb, int is_egress) {
    struct net_packet packet;
    if (parse(skb, &packet) != NET_PARSED || net_is_of_link(&packet))
        return TC_ACT_UNSPEC;
    u32 source = find_network_identity(&packet.source), destination = find_network_identity(&packet.destination);
    /* An endpoint of another node comes through the tunnel: whoever claims its address outside of it would be taken for it. */
    if (!is_egress && find_tunnel(&packet.source) && find_identity(&packet.destination))
        return drop(skb, &packet, DROP_INVALID_SIP, 0, WORLD, destination, 0, __LINE__);
    int is_tunnel = packet.protocol == IPPROTO_UDP && packet.destination_port == bpf_htons(TUNNEL_PORT);
    u32 counter = (is_egress ? TO_NETWORK : FROM_NETWORK) + !is_tunnel;
    add(skb, network_counts.lookup(&counter));
    notify(skb, NET_NOTICE_TRACE, is_egress ? NET_TO_NETWORK : NET_FROM_NETWORK, is_egress, source, destination, __LINE__);
    return TC_ACT_UNSPEC;
}

int to_netdev(struct __sk_buff *skb) { return watch_network(skb, 1); }
int from_netdev(struct __sk_buff *skb) { return watch_network(skb, 0); }
`,
  });
  const { tables } = b;
  const nothing = Array.from({ length: possible_cpus }, () => ({ packets: 0n, bytes: 0n }));
  for (const peer of peers) for (const is_sent of [0, 1]) tables.peer_counts.set({ node: peer, is_sent }, nothing);
  const sum = (cpus: readonly OverlayCounts[] | undefined): OverlayCounts => ({
    packets: (cpus ?? []).reduce((total, one) => total + one.packets, 0n),
    bytes: (cpus ?? []).reduce((total, one) => total + one.bytes, 0n),
  });
  return {
    program: b,
    /** Says at which node each network is, and, where policy does not, whose each is. */
    write_tables(
      tunnels: readonly { readonly cidr: Cidr; readonly node: number }[],
      identities: readonly { readonly cidr: Cidr; readonly identity: number }[] = [],
    ): void {
      tables.tunnels.clear();
      tables.overlays.clear();
      for (const { cidr, node: at } of tunnels) tables.tunnels.set(cidr, at);
      for (const { cidr, identity } of identities) tables.ipcache.set(cidr, identity);
    },
    open_events: (on_event: (event: OverlayEvent) => void) =>
      tables.events.open_perf_buffer((event) => on_event(event as OverlayEvent), { by_time: true }),
    /** What went to a node through the tunnel, or came from it. */
    read_peer: (peer: number, is_sent: boolean): OverlayCounts =>
      sum(tables.peer_counts.get({ node: peer, is_sent: is_sent ? 1 : 0 })),
    read_network: (counter: number): OverlayCounts => sum(tables.network_counts.get(counter)),
    read_drops: (reason: number): OverlayCounts => sum(tables.drop_counts.get(reason)),
  };
}
