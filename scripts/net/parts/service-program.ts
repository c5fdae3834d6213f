import { BPF } from "bpfts";

/** What a program tells of a packet. */
export interface ServiceEvent {
  /** 0 for a new connection. */
  readonly reason: number;
  /** The service's number, 0 where the packet is of none. */
  readonly service: number;
  readonly backend: number;
  /** The line of this file that drops. */
  readonly line: number;
  readonly tuple: {
    readonly source: { readonly family: number; readonly bytes: Uint8Array };
    readonly destination: { readonly family: number; readonly bytes: Uint8Array };
    readonly protocol: number;
    readonly source_port: number;
    readonly destination_port: number;
  };
}

/** The most services, and the most backends of all of them. */
export const MAX_SERVICES = 65536;
export const MAX_BACKENDS = 262144;

/** A backend that takes no new connections. Source: enum lb4_backend_state of Cilium */
export const TERMINATING = 1;

/** The tables that are pinned by their own names. */
export const pinned_tables = [
  "services",
  "rev_nat",
  "slots",
  "backends",
  "backend_counts",
  "service_ct",
  "service_names",
] as const;

/** Loads the programs that balance: `from_container` gives packets to a service the address of a backend, `to_container` gives answers the service's. */
export function load_service_program(maglev_size: number, pins?: string) {
  return new BPF({
    pins:
      pins === undefined
        ? undefined
        : {
            ...Object.fromEntries(pinned_tables.map((name) => [name, `${pins}/${name}`])),
            notices: `${pins}/events`,
          },
    cflags: [`-DMAX_SERVICES=${MAX_SERVICES}`, `-DMAX_BACKENDS=${MAX_BACKENDS}`, `-DMAGLEV_SIZE=${maglev_size}`],
    text: /* c */ `
#include "bpfts_nat.h"
#include "bpfts_notice.h"

struct service_key {
    struct net_end frontend;
    u32 protocol;
};
struct service {
    u32 id, count;
    /* Units: seconds; 0 for no affinity. */
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
/* That of answers has no state of its own: the connection's entry has it. */
struct flow {
    struct net_ct state;
    u32 service, backend;
};
struct client {
    u32 service;
    struct net_address address;
};
struct affinity {
    u64 used_ns;
    u32 backend;
};
struct fragment {
    struct net_address source, destination;
    u32 id, protocol;
};
struct ports {
    __be16 source, destination;
};
/* For those who read the tables; no program does. */
struct service_name {
    char name[128];
};
struct parsed {
    struct net_packet packet, about;
};
struct event {
    u32 reason, service, backend, line;
    struct tuple tuple;
};
BPF_HASH(services, struct service_key, struct service, MAX_SERVICES);
BPF_HASH(service_addresses, struct net_address, u32, MAX_SERVICES);
BPF_HASH(rev_nat, u32, struct net_end, MAX_SERVICES);
BPF_F_TABLE("hash", struct slot_key, u32, slots, MAX_BACKENDS, BPF_F_NO_PREALLOC);
BPF_F_TABLE("hash", u32, struct backend, backends, MAX_BACKENDS, BPF_F_NO_PREALLOC);
BPF_F_TABLE("hash", u32, struct counts, backend_counts, MAX_BACKENDS, BPF_F_NO_PREALLOC);
BPF_ARRAY(maglev_table, u32, MAGLEV_SIZE);
BPF_HASH_OF_MAPS(maglev, u32, "maglev_table", MAX_SERVICES);
BPF_TABLE("lru_hash", struct tuple, struct flow, service_ct, 131072);
BPF_TABLE("lru_hash", struct client, struct affinity, affinities, 65536);
BPF_TABLE("lru_hash", struct fragment, struct ports, fragments, 8192);
BPF_F_TABLE("hash", u32, struct service_name, service_names, MAX_SERVICES, BPF_F_NO_PREALLOC);
BPF_HASH(dropped, u32, u64, 256);
/* What headers say lies in a table: on the stack the verifier would follow each way through them to the program's end. */
BPF_PERCPU_ARRAY(parsed, struct parsed, 1);
BPF_PERF_OUTPUT(events);
BPF_PERF_OUTPUT(notices);

enum { MOST_HEADERS = 256, MOST_PICKS = 8, ACTIVE = 0 };
enum { DROP_CSUM_L4 = 154, DROP_FRAG_NOSUPPORT = 157, DROP_NO_SERVICE = 158 };

static inline void tell(struct __sk_buff *skb, struct tuple *tuple, u32 reason, u32 service, u32 backend, u32 line) {
    struct event event = { .reason = reason, .service = service, .backend = backend, .line = line, .tuple = *tuple };
    events.perf_submit(skb, &event, sizeof(event));
}

static inline void notify(struct __sk_buff *skb, u32 type, u32 subtype, int is_egress, u32 service, u32 backend, u32 state, u32 line) {
    struct net_notice notice = { .type = type, .subtype = subtype, .is_egress = is_egress, .state = state, .service = service, .backend = backend, .file = NET_FILE_SERVICE, .line = line };
    net_notify(skb, &notices, &notice);
}

static inline int drop(struct __sk_buff *skb, struct tuple *tuple, u32 reason, u32 service, u32 line) {
    dropped.increment(reason);
    tell(skb, tuple, reason, service, 0, line);
    notify(skb, NET_NOTICE_DROP, reason, !tuple->is_answer, service, 0, NET_STATE_UNKNOWN, line);
    return TC_ACT_SHOT;
}

/* A fragment behind the first has the ports that the first one had. Answers whether they are known. */
static inline int find_ports(struct net_packet *packet) {
    struct fragment key = { .source = packet->source, .destination = packet->destination, .id = packet->fragment_id, .protocol = packet->protocol };
    if (packet->header) {
        struct ports ports = { packet->source_port, packet->destination_port };
        fragments.update(&key, &ports);
        return 1;
    }
    struct ports *known = fragments.lookup(&key);
    if (!known)
        return 0;
    packet->source_port = known->source;
    packet->destination_port = known->destination;
    return 1;
}

/* Of one connection always the same. */
static inline u32 hash_tuple(struct tuple *tuple) {
    u32 *words = (u32 *)tuple, hash = 0x9e3779b9;
#pragma unroll
    for (int i = 0; i < sizeof(*tuple) / 4; i++) {
        hash = (hash ^ words[i]) * 0x85ebca6b;
        hash ^= hash >> 15;
    }
    hash *= 0xc2b2ae35;
    return hash ^ hash >> 16;
}

static inline u32 pick_backend(struct tuple *tuple, struct service *service, u32 attempt) {
    struct slot_key key = { .service = service->id };
    void *table = service->is_maglev ? maglev.lookup(&key.service) : NULL;
    u32 place = (hash_tuple(tuple) + attempt) % MAGLEV_SIZE, *id;
    if (!service->count)
        return 0;
    if (table) {
        id = bpf_map_lookup_elem(table, &place);
    } else {
        key.slot = bpf_get_prandom_u32() % service->count + 1;
        id = slots.lookup(&key);
    }
    return id ? *id : 0;
}

/* The backend of a new connection: that of the client's last one while its time is not over, else one that is picked. */
static inline u32 select_backend(struct tuple *tuple, struct service *service, u64 now) {
    struct client client = { .service = service->id, .address = tuple->source };
    struct affinity *last = service->affinity ? affinities.lookup(&client) : NULL;
    if (last && now - last->used_ns < service->affinity * 1000000000ull) {
        u32 id = last->backend;
        struct backend *backend = backends.lookup(&id);
        if (backend && backend->state == ACTIVE)
            return id;
    }
    /* A client that is a backend itself would get its packet back with its own address, which the kernel drops without a word. */
    u32 id = 0;
    for (u32 attempt = 0; attempt < MOST_PICKS; attempt++) {
        id = pick_backend(tuple, service, attempt);
        struct backend *backend = backends.lookup(&id);
        if (!backend || !net_is_same_address(&backend->end.address, &tuple->source))
            return id;
    }
    return 0;
}

static inline void keep_affinity(struct tuple *tuple, struct service *service, u32 backend, u64 now) {
    struct client client = { .service = service->id, .address = tuple->source };
    struct affinity used = { .used_ns = now, .backend = backend };
    if (service->affinity)
        affinities.update(&client, &used);
}

/* What the backend's answers look like leads to the service. An entry of an older connection with the same ends, to another service, is replaced. */
static inline void expect_answers(struct tuple *tuple, struct backend *backend, u32 service, u32 chosen) {
    struct tuple key = { .source = backend->end.address, .destination = tuple->source, .protocol = tuple->protocol,
                         .source_port = backend->end.port, .destination_port = tuple->source_port, .is_answer = 1 };
    struct flow fresh = { .service = service, .backend = chosen }, *known = service_ct.lookup(&key);
    if (!known || known->service != service || known->backend != chosen)
        service_ct.update(&key, &fresh);
}

static inline int balance(struct __sk_buff *skb, struct net_packet *packet, struct tuple *tuple, struct service *service) {
    u64 now = bpf_ktime_get_ns();
    u32 id = service->id, chosen = 0;
    struct backend *backend = NULL;
    struct flow *flow = service_ct.lookup(tuple);
    int is_reopened = flow && packet->tcp_flags & NET_TCP_SYN && (flow->state.is_sender_closed || flow->state.is_answerer_closed);
    if (flow && flow->state.expires_ns >= now && flow->service == id && !is_reopened) {
        chosen = flow->backend;
        backend = backends.lookup(&chosen);
    }
    int is_new = !backend;
    if (is_new) {
        chosen = select_backend(tuple, service, now);
        backend = backends.lookup(&chosen);
    }
    if (!backend)
        return drop(skb, tuple, DROP_NO_SERVICE, id, __LINE__);
    if (is_new) {
        struct flow fresh = { .service = id, .backend = chosen };
        net_ct_renew(&fresh.state, packet, 0, now);
        service_ct.update(tuple, &fresh);
    } else if (flow) {
        net_ct_renew(&flow->state, packet, 0, now);
    }
    expect_answers(tuple, backend, id, chosen);
    keep_affinity(tuple, service, chosen, now);
    struct counts none = {}, *counts = backend_counts.lookup_or_try_init(&chosen, &none);
    if (counts) {
        __sync_fetch_and_add(&counts->connections, is_new);
        __sync_fetch_and_add(&counts->packets, 1);
        __sync_fetch_and_add(&counts->bytes, skb->len);
    }
    if (is_new)
        tell(skb, tuple, 0, id, chosen, __LINE__);
    notify(skb, NET_NOTICE_TRACE, NET_FROM_ENDPOINT, 1, id, chosen, is_new ? NET_STATE_NEW : NET_STATE_ESTABLISHED, __LINE__);
    struct net_end end = backend->end;
    if (net_rewrite(skb, packet, 0, &end))
        return drop(skb, tuple, DROP_CSUM_L4, id, __LINE__);
    return TC_ACT_UNSPEC;
}

static inline int read_packet(struct __sk_buff *skb, struct net_packet *packet, struct net_packet *about) {
    /* The headers may lie in a part of the packet that is not at hand. */
    u32 wanted = skb->len < MOST_HEADERS ? skb->len : MOST_HEADERS;
    void *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
    if (data + wanted > end) {
        bpf_skb_pull_data(skb, wanted);
        data = (void *)(long)skb->data;
        end = (void *)(long)skb->data_end;
    }
    if (net_parse(data, end, packet) != NET_PARSED)
        return 0;
    if (about && net_parse_related(packet, data, end, about) != NET_PARSED)
        about->protocol = 0;
    return 1;
}

static inline struct tuple make_tuple(struct net_packet *packet) {
    struct tuple tuple = { .source = packet->source, .destination = packet->destination, .protocol = packet->protocol,
                           .source_port = packet->source_port, .destination_port = packet->destination_port };
    return tuple;
}

/* The host's end of a veth pair takes in what the container sends. */
int from_container(struct __sk_buff *skb) {
    int zero = 0;
    struct parsed *found = parsed.lookup(&zero);
    if (!found)
        return TC_ACT_UNSPEC;
    struct net_packet *packet = &found->packet;
    if (!read_packet(skb, packet, NULL) || (packet->protocol != IPPROTO_TCP && packet->protocol != IPPROTO_UDP))
        return TC_ACT_UNSPEC;
    int are_ports_known = !packet->is_fragment || find_ports(packet);
    struct tuple tuple = make_tuple(packet);
    if (!are_ports_known)
        return service_addresses.lookup(&packet->destination) ? drop(skb, &tuple, DROP_FRAG_NOSUPPORT, 0, __LINE__) : TC_ACT_UNSPEC;
    struct service_key key = { .frontend = { packet->destination, packet->destination_port }, .protocol = packet->protocol };
    struct service *service = services.lookup(&key);
    if (service)
        return balance(skb, packet, &tuple, service);
    /* A connection to a backend itself, from the port of an older one to the service: its answers are its own. */
    if (packet->protocol == IPPROTO_UDP || (packet->tcp_flags & NET_TCP_SYN)) {
        struct tuple answer = { .source = packet->destination, .destination = packet->source, .protocol = packet->protocol,
                                .source_port = packet->destination_port, .destination_port = packet->source_port, .is_answer = 1 };
        service_ct.delete(&answer);
    }
    return TC_ACT_UNSPEC;
}

int to_container(struct __sk_buff *skb) {
    u64 now = bpf_ktime_get_ns();
    int zero = 0;
    struct parsed *found = parsed.lookup(&zero);
    if (!found)
        return TC_ACT_UNSPEC;
    struct net_packet *packet = &found->packet, *about = &found->about;
    if (!read_packet(skb, packet, about) || (packet->is_fragment && !find_ports(packet)))
        return TC_ACT_UNSPEC;
    struct tuple tuple = make_tuple(packet);
    tuple.is_answer = 1;
    if (about->protocol) {
        tuple.source = about->destination;
        tuple.destination = about->source;
        tuple.protocol = about->protocol;
        tuple.source_port = about->destination_port;
        tuple.destination_port = about->source_port;
    }
    struct flow *answers = service_ct.lookup(&tuple);
    u32 id = answers ? answers->service : 0;
    struct net_end *frontend = rev_nat.lookup(&id), end;
    if (!answers || !frontend)
        return TC_ACT_UNSPEC;
    end = *frontend;
    struct tuple asked = { .source = tuple.destination, .destination = end.address, .protocol = tuple.protocol,
                           .source_port = tuple.destination_port, .destination_port = end.port };
    struct flow *flow = service_ct.lookup(&asked);
    if (!flow || flow->state.expires_ns < now || flow->backend != answers->backend)
        return TC_ACT_UNSPEC;
    if (!about->protocol)
        net_ct_renew(&flow->state, packet, 1, now);
    if (about->protocol ? net_rewrite_related(skb, packet, about, &end) : net_rewrite(skb, packet, 1, &end))
        return drop(skb, &tuple, DROP_CSUM_L4, id, __LINE__);
    return TC_ACT_UNSPEC;
}
`,
  });
}
