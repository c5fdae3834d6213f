import { BPF, htons } from "bpfts";
import type { Cidr } from "./cidr.ts";
import type { PolicyEntry } from "./policy-rules.ts";

/** What an endpoint's programs are told when they are loaded. */
export interface EndpointSettings {
  readonly id: number;
  readonly identity: number;
  /** The addresses that it may send from. */
  readonly addresses: readonly Cidr[];
  readonly ingress: DirectionPolicy;
  readonly egress: DirectionPolicy;
  readonly identities: readonly { readonly cidr: Cidr; readonly identity: number }[];
  /** Lets through what it would drop, and says so. */
  readonly audit: boolean;
  /** How many counters the rules of all endpoints take. */
  readonly rules: number;
  /** Where its tables are pinned, and those that all endpoints share. */
  readonly pins?: { readonly shared: string; readonly own: string };
}

/** What one direction of an endpoint is held to: everything passes where it is not enforced. */
export interface DirectionPolicy {
  readonly is_enforced: boolean;
  readonly entries: readonly PolicyEntry[];
}

/** What a program tells of a packet. */
export interface PolicyEvent {
  readonly reason: number;
  readonly source_identity: number;
  readonly destination_identity: number;
  readonly rule: number;
  readonly line: number;
  readonly endpoint: number;
  readonly is_egress: number;
  readonly is_audited: number;
  readonly tuple: {
    readonly source: { readonly family: number; readonly bytes: Uint8Array };
    readonly destination: { readonly family: number; readonly bytes: Uint8Array };
    readonly protocol: number;
    readonly source_port: number;
    readonly destination_port: number;
    readonly icmp_type: number;
  };
}

/** What a counter has seen. */
export interface PacketCounts {
  readonly packets: bigint;
  readonly bytes: bigint;
}

/** Counters behind those of the rules. */
export const other_counters = ["default deny", "invalid source", "invalid packet", "reply", "not enforced"] as const;

/** The most rules that a policy takes. */
export const MAX_RULES = 4096;

/** From a line of the C text to that of this file; a test keeps it true. */
export const LINES_ABOVE_TEXT = 83;

/** How an entry is met: by the identity (L3), the protocol, the port (L4). Source: enum policy_match_type of Cilium */
function find_match(identity: number, bits: number): number {
  if (bits <= 8) return identity === 0 ? 4 : 1;
  if (bits <= 16) return identity === 0 ? 6 : 5;
  return identity === 0 ? 3 : 2;
}

/** Loads the programs of one endpoint with its own tables, as Cilium compiles them for each. */
export function load_endpoint(settings: EndpointSettings) {
  const { id, identity, addresses, ingress, egress, identities, audit, rules, pins } = settings;
  const b = new BPF({
    ...(pins && {
      pins: {
        ipcache: `${pins.shared}/ipcache`,
        overlays: `${pins.shared}/overlays`,
        notices: `${pins.shared}/events`,
        ct: `${pins.own}/ct`,
        policy: `${pins.own}/policy`,
        policy_counts: `${pins.own}/policy_counts`,
      },
    }),
    text: /* c */ `
const volatile u32 ENDPOINT = ${id};
const volatile u32 IDENTITY = ${identity};
const volatile u32 RULES = ${rules};
const volatile u32 AUDIT = ${audit ? 1 : 0};
const volatile u32 ENFORCE_INGRESS = ${ingress.is_enforced ? 1 : 0};
const volatile u32 ENFORCE_EGRESS = ${egress.is_enforced ? 1 : 0};
#include "bpfts_notice.h"

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
    /* Without it a peer's requests would pass as answers. */
    u8 icmp_type;
};
struct flow {
    struct net_ct state;
    u64 tx_packets, rx_packets;
    u32 rule;
    /* The identity of the other end when it was last judged: what came through a tunnel is in no table. */
    u32 peer;
};
struct counts {
    u64 packets;
    u64 bytes;
};
struct event {
    u32 reason, source_identity, destination_identity, rule, line;
    u16 endpoint;
    u8 is_egress, is_audited;
    struct tuple tuple;
};
BPF_LPM_TRIE(ipcache, struct net_cidr, u32, 16384);
/* The devices of overlay.ts, by their numbers: what comes from them has an identity in its mark. */
BPF_HASH(overlays, u32, u32, 256);
BPF_LPM_TRIE(policy, struct policy_key, struct policy_value, 16384);
BPF_HASH(own_addresses, struct net_address, u32, ${Math.max(1, addresses.length)});
BPF_TABLE("lru_hash", struct tuple, struct flow, ct, 65536);
BPF_PERCPU_ARRAY(policy_counts, struct counts, ${MAX_RULES + other_counters.length});
BPF_PERF_OUTPUT(events);
BPF_PERF_OUTPUT(notices);

enum { WORLD = 2, WHOLE_POLICY = 64 };
/* Units: bytes of a packet that are looked at. */
enum { MOST_HEADERS = 256 };
enum { DROP_INVALID_SIP = 132, DROP_POLICY = 133, DROP_INVALID = 134, DROP_FRAG_NOSUPPORT = 157, DROP_POLICY_DENY = 181 };
enum { DEFAULT_DENY, INVALID_SOURCE, INVALID_PACKET, REPLY, NOT_ENFORCED };

static inline void count(struct __sk_buff *skb, u32 counter) {
    struct counts *counts = policy_counts.lookup(&counter);
    if (counts) {
        counts->packets++;
        counts->bytes += skb->len;
    }
}

static inline u32 find_identity(struct net_address *address) {
    struct net_cidr key = { .prefixlen = NET_WHOLE_ADDRESS, .address = *address };
    u32 *identity = ipcache.lookup(&key);
    return identity ? *identity : WORLD;
}

/* Whose packet it is says the node that it came from through the tunnel, which knows its own endpoints; of others the source address says it. */
static inline u32 find_sender(struct __sk_buff *skb, struct net_packet *packet) {
    u32 device = skb->ingress_ifindex, mark = skb->mark;
    if (net_is_identity_mark(mark) && overlays.lookup(&device))
        return net_marked_identity(mark);
    return find_identity(&packet->source);
}

static inline void tell(struct __sk_buff *skb, struct tuple *tuple, u32 reason, u32 peer, u32 rule, u32 line) {
    struct event event = { .reason = reason, .rule = rule, .line = line, .endpoint = ENDPOINT, .is_audited = AUDIT, .is_egress = tuple->is_egress, .tuple = *tuple };
    event.source_identity = tuple->is_egress ? IDENTITY : peer;
    event.destination_identity = tuple->is_egress ? peer : IDENTITY;
    events.perf_submit(skb, &event, sizeof(event));
}

static inline void notify(struct __sk_buff *skb, u32 type, u32 subtype, int is_egress, u32 peer, u32 rule, u32 state, u32 match, u32 line) {
    struct net_notice notice = { .type = type, .subtype = subtype, .is_egress = is_egress, .is_audited = AUDIT, .state = state, .match = match, .endpoint = ENDPOINT, .rule = rule, .file = NET_FILE_POLICY, .line = line + ${LINES_ABOVE_TEXT} };
    notice.source_identity = is_egress ? IDENTITY : peer;
    notice.destination_identity = is_egress ? peer : IDENTITY;
    net_notify(skb, &notices, &notice);
}

static inline int pass(struct __sk_buff *skb, int is_egress, u32 peer, u32 state, u32 line) {
    notify(skb, NET_NOTICE_TRACE, is_egress ? NET_TO_STACK : NET_TO_ENDPOINT, is_egress, peer, 0, state, 0, line);
    return TC_ACT_UNSPEC;
}

/* Answers whether the flow was not known before. */
static inline int track(struct tuple *tuple, struct net_packet *packet, u32 peer, u32 counter) {
    u64 now = bpf_ktime_get_ns();
    struct flow fresh = { .rule = counter, .peer = peer }, *flow = ct.lookup_or_try_init(tuple, &fresh);
    if (!flow)
        return 0;
    int is_new = flow->state.expires_ns < now;
    flow->rule = counter;
    flow->peer = peer;
    __sync_fetch_and_add(&flow->tx_packets, 1);
    net_ct_renew(&flow->state, packet, 0, now);
    return is_new;
}

static inline int drop(struct __sk_buff *skb, struct tuple *tuple, u32 reason, struct net_packet *packet, u32 peer, u32 counter, u32 match, u32 line) {
    count(skb, counter);
    tell(skb, tuple, reason, peer, counter, line);
    if (reason == DROP_POLICY || reason == DROP_POLICY_DENY)
        notify(skb, NET_NOTICE_VERDICT, reason, tuple->is_egress, peer, counter, NET_STATE_NEW, match, line);
    if (!AUDIT) {
        notify(skb, NET_NOTICE_DROP, reason, tuple->is_egress, peer, counter, NET_STATE_UNKNOWN, 0, line);
        return TC_ACT_SHOT;
    }
    /* Without the packet there would be no answers to tell of. */
    if (tuple->source.family && packet->header)
        track(tuple, packet, peer, counter);
    return pass(skb, tuple->is_egress, peer, NET_STATE_NEW, line);
}

/* An answer to a flow that was let through, or an ICMP error about one. */
static inline int is_reply(struct net_packet *packet, void *data, void *end, int is_egress) {
    u64 now = bpf_ktime_get_ns();
    struct tuple key = { .source = packet->destination, .destination = packet->source, .protocol = packet->protocol,
                         .source_port = packet->destination_port, .destination_port = packet->source_port, .is_egress = !is_egress };
    struct net_packet about;
    int is_error = net_parse_related(packet, data, end, &about) == NET_PARSED;
    int is_icmp = packet->protocol == IPPROTO_ICMP || packet->protocol == IPPROTO_ICMPV6;
    int request = is_icmp ? net_find_icmp_request(packet->protocol, packet->icmp_type) : 0;
    if (is_error) {
        request = about.icmp_type;
        key.source = about.source;
        key.destination = about.destination;
        key.protocol = about.protocol;
        key.source_port = about.source_port;
        key.destination_port = about.destination_port;
    }
    if (request == NET_NO_REPLY)
        return 0;
    key.icmp_type = request;
    struct flow *flow = ct.lookup(&key);
    if (!flow || flow->state.expires_ns < now)
        return 0;
    __sync_fetch_and_add(&flow->rx_packets, 1);
    if (!is_error)
        net_ct_renew(&flow->state, packet, 1, now);
    return 1;
}

/* The identity's own entry and that of any identity. Source: __policy_can_access of Cilium */
static inline struct policy_value *find_policy(struct net_packet *packet, u32 identity, int is_egress) {
    struct policy_key key = { .prefixlen = WHOLE_POLICY, .identity = identity, .is_egress = is_egress, .protocol = packet->protocol, .port = packet->destination_port };
    if (packet->protocol == IPPROTO_ICMP || packet->protocol == IPPROTO_ICMPV6)
        key.port = 0;
    struct policy_value *own = policy.lookup(&key);
    if (own && own->is_denied)
        return own;
    key.identity = 0;
    struct policy_value *any = policy.lookup(&key);
    if (any && (any->is_denied || !own || any->bits > own->bits))
        return any;
    return own;
}

static inline int judge(struct __sk_buff *skb, int is_egress) {
    struct net_packet packet;
    struct tuple tuple = { .is_egress = is_egress };
    /* The headers may lie in a part of the packet that is not at hand. */
    u32 wanted = skb->len < MOST_HEADERS ? skb->len : MOST_HEADERS;
    void *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
    if (data + wanted > end) {
        bpf_skb_pull_data(skb, wanted);
        data = (void *)(long)skb->data;
        end = (void *)(long)skb->data_end;
    }
    int parsed = net_parse(data, end, &packet);
    if (parsed == NET_NOT_IP)
        return TC_ACT_UNSPEC;
    if (parsed == NET_MALFORMED)
        return drop(skb, &tuple, DROP_INVALID, &packet, 0, RULES + INVALID_PACKET, 0, __LINE__);
    if (net_is_of_link(&packet))
        return TC_ACT_UNSPEC;
    tuple.source = packet.source;
    tuple.destination = packet.destination;
    tuple.protocol = packet.protocol;
    tuple.source_port = packet.source_port;
    tuple.destination_port = packet.destination_port;
    tuple.icmp_type = packet.icmp_type;
    u32 peer = is_egress ? find_identity(&packet.destination) : find_sender(skb, &packet);
    if (is_egress && !own_addresses.lookup(&packet.source))
        return drop(skb, &tuple, DROP_INVALID_SIP, &packet, peer, RULES + INVALID_SOURCE, 0, __LINE__);
    if (packet.is_fragment && !packet.header)
        return drop(skb, &tuple, DROP_FRAG_NOSUPPORT, &packet, peer, RULES + INVALID_PACKET, 0, __LINE__);
    if (is_reply(&packet, data, end, is_egress)) {
        count(skb, RULES + REPLY);
        return pass(skb, is_egress, peer, NET_STATE_REPLY, __LINE__);
    }
    u32 counter = RULES + NOT_ENFORCED, match = 0;
    if (is_egress ? ENFORCE_EGRESS : ENFORCE_INGRESS) {
        struct policy_value *value = find_policy(&packet, peer, is_egress);
        if (!value)
            return drop(skb, &tuple, DROP_POLICY, &packet, peer, RULES + DEFAULT_DENY, 0, __LINE__);
        if (value->is_denied)
            return drop(skb, &tuple, DROP_POLICY_DENY, &packet, peer, value->rule, value->match, __LINE__);
        counter = value->rule;
        match = value->match;
    }
    count(skb, counter);
    int is_new = track(&tuple, &packet, peer, counter);
    if (is_new) {
        tell(skb, &tuple, 0, peer, counter, __LINE__);
        notify(skb, NET_NOTICE_VERDICT, 0, is_egress, peer, counter, NET_STATE_NEW, match, __LINE__);
    }
    return pass(skb, is_egress, peer, is_new ? NET_STATE_NEW : NET_STATE_ESTABLISHED, __LINE__);
}

/* The host's end of a veth pair takes in what the container sends. */
int from_container(struct __sk_buff *skb) { return judge(skb, 1); }
int to_container(struct __sk_buff *skb) { return judge(skb, 0); }
`,
  });
  const table = <Key, Value>(name: string) => b.table<Key, Value>(name);
  // What is pinned has what an older run was told.
  if (pins !== undefined) for (const name of ["ipcache", "policy", "policy_counts"]) table(name).clear();
  for (const { address } of addresses) table<Cidr["address"], number>("own_addresses").set(address, id);
  for (const one of identities) table<Cidr, number>("ipcache").set(one.cidr, one.identity);
  for (const [is_egress, { entries }] of [ingress, egress].entries())
    for (const { identity, protocol, port, bits, action, rule } of entries)
      table("policy").set(
        { prefixlen: 32 + bits, identity, is_egress, protocol, port: htons(port) },
        { rule, bits, is_denied: action === "deny" ? 1 : 0, match: find_match(identity, bits) },
      );
  return {
    program: b,
    open_events: (on_event: (event: PolicyEvent) => void) =>
      table<never, never>("events").open_perf_buffer((event: unknown) => on_event(event as PolicyEvent), {
        by_time: true,
      }),
    read_counts(counter: number): PacketCounts {
      const cpus = table<number, readonly PacketCounts[]>("policy_counts").get(counter) ?? [];
      const sum = (pick: keyof PacketCounts): bigint => cpus.reduce((total, one) => total + one[pick], 0n);
      return { packets: sum("packets"), bytes: sum("bytes") };
    },
  };
}
