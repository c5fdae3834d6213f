import { BPF } from "bpfts";

/** The most services, and the most backends of all of them. */
export const MOST = 65536;

const text = /* c */ `
#include "bpfts_net.h"

struct frontend {
    struct net_address address;
    u16 protocol;
    __be16 port;
};
struct service {
    u32 id;
    u32 backends;
    u64 affinity_ns;
};
struct slot {
    u32 service, number;
};
struct backend {
    struct net_address address;
    u16 unused;
    __be16 port;
};
struct counts {
    u64 connects, datagrams;
};
/* A client is a network namespace, as Cilium has it at the socket. */
struct client {
    u64 netns_cookie;
    u32 service, unused;
};
struct affinity {
    u64 used_ns;
    u32 backend, unused;
};
struct answer {
    u64 cookie;
    struct backend from;
    u64 unused;
};
struct connected {
    struct backend to;
    u32 backend, pid;
};
BPF_F_TABLE("hash", struct frontend, struct service, services, MOST, BPF_F_NO_PREALLOC);
BPF_F_TABLE("hash", struct slot, u32, slots, MOST, BPF_F_NO_PREALLOC);
BPF_F_TABLE("hash", u32, struct backend, backends, MOST, BPF_F_NO_PREALLOC);
BPF_F_TABLE("hash", u32, struct counts, backend_counts, MOST, BPF_F_NO_PREALLOC);
BPF_TABLE("lru_hash", struct client, struct affinity, affinities, 65536);
/* Whose address a socket is to see in the place of a backend's. Source: cilium_lb4_reverse_sk */
BPF_TABLE("lru_hash", struct answer, struct frontend, answers, 65536);
BPF_TABLE("lru_hash", u64, struct connected, sockets, 65536);

/* A flavour of its own: the enum of a kernel before 5.18 lacks the word. */
enum bpf_func_id___socklb { BPF_FUNC_set_retval___socklb = 187 };

/* connect() and sendmsg() answer EPERM by themselves. */
static inline int refuse(void) {
    if (bpf_core_enum_value_exists(enum bpf_func_id___socklb, BPF_FUNC_set_retval___socklb))
        bpf_set_retval(-EHOSTUNREACH);
    return 0;
}

static inline void read_address(struct bpf_sock_addr *ctx, int is_v6, struct net_address *address) {
    if (is_v6)
        net_set_ipv6(address, ctx->user_ip6[0], ctx->user_ip6[1], ctx->user_ip6[2], ctx->user_ip6[3]);
    else
        net_set_ipv4(address, ctx->user_ip4);
}

static inline void write_address(struct bpf_sock_addr *ctx, int is_v6, struct net_address *address, __be16 port) {
    u32 *words = (u32 *)address->bytes;
    ctx->user_port = port;
    if (!is_v6) {
        ctx->user_ip4 = words[0];
    } else if (address->family == NET_IPV4) {
        ctx->user_ip6[3] = words[0];
    } else {
        ctx->user_ip6[0] = words[0];
        ctx->user_ip6[1] = words[1];
        ctx->user_ip6[2] = words[2];
        ctx->user_ip6[3] = words[3];
    }
}

static inline void forget(u64 cookie) {
    struct connected *connected = sockets.lookup(&cookie);
    if (!connected)
        return;
    struct answer answer = { .cookie = cookie, .from = connected->to };
    answers.delete(&answer);
    sockets.delete(&cookie);
}

/* A UDP socket keeps its backend, whatever it sends. Source: sock4_select_slot of Cilium */
static inline u32 choose(struct bpf_sock_addr *ctx, struct service *service, u64 cookie) {
    struct client client = { .service = service->id };
    u64 now = bpf_ktime_get_ns();
    if (service->affinity_ns) {
        client.netns_cookie = bpf_get_netns_cookie(ctx);
        struct affinity *last = affinities.lookup(&client);
        if (last && now - last->used_ns < service->affinity_ns && backends.lookup(&last->backend)) {
            last->used_ns = now;
            return last->backend;
        }
    }
    struct slot slot = { .service = service->id };
    u32 count = service->backends;
    if (!count)
        return 0;
    slot.number = (ctx->protocol == IPPROTO_UDP ? (u32)cookie : bpf_get_prandom_u32()) % count;
    u32 *backend = slots.lookup(&slot);
    if (!backend)
        return 0;
    struct affinity used = { .used_ns = now, .backend = *backend };
    if (service->affinity_ns)
        affinities.update(&client, &used);
    return used.backend;
}

static inline int forward(struct bpf_sock_addr *ctx, int is_v6, int is_connect) {
    struct frontend frontend = { .protocol = ctx->protocol, .port = ctx->user_port };
    read_address(ctx, is_v6, &frontend.address);
    u64 cookie = bpf_get_socket_cookie(ctx);
    if (is_connect)
        forget(cookie);
    struct service *service = services.lookup(&frontend);
    if (!service)
        return 1;
    u32 id = choose(ctx, service, cookie);
    struct backend *backend = backends.lookup(&id);
    if (!backend)
        return refuse();
    struct answer answer = { .cookie = cookie, .from = *backend };
    answers.update(&answer, &frontend);
    struct counts *counts = backend_counts.lookup(&id);
    if (is_connect) {
        struct task_struct *task = (void *)bpf_get_current_task();
        struct connected connected = { .to = *backend, .backend = id, .pid = task->tgid };
        sockets.update(&cookie, &connected);
        if (counts)
            __sync_fetch_and_add(&counts->connects, 1);
    } else if (counts) {
        __sync_fetch_and_add(&counts->datagrams, 1);
    }
    write_address(ctx, is_v6, &backend->address, backend->port);
    return 1;
}

static inline int backward(struct bpf_sock_addr *ctx, int is_v6) {
    struct answer answer = { .cookie = bpf_get_socket_cookie(ctx), .from = { .port = ctx->user_port } };
    read_address(ctx, is_v6, &answer.from.address);
    struct frontend *frontend = answers.lookup(&answer);
    if (frontend)
        write_address(ctx, is_v6, &frontend->address, frontend->port);
    return 1;
}

SEC("cgroup/connect4")
int socklb_connect4(struct bpf_sock_addr *ctx) { return forward(ctx, 0, 1); }
SEC("cgroup/connect6")
int socklb_connect6(struct bpf_sock_addr *ctx) { return forward(ctx, 1, 1); }
SEC("cgroup/sendmsg4")
int socklb_sendmsg4(struct bpf_sock_addr *ctx) { return forward(ctx, 0, 0); }
SEC("cgroup/sendmsg6")
int socklb_sendmsg6(struct bpf_sock_addr *ctx) { return forward(ctx, 1, 0); }
SEC("cgroup/recvmsg4")
int socklb_recvmsg4(struct bpf_sock_addr *ctx) { return backward(ctx, 0); }
SEC("cgroup/recvmsg6")
int socklb_recvmsg6(struct bpf_sock_addr *ctx) { return backward(ctx, 1); }
SEC("cgroup/getpeername4")
int socklb_getpeername4(struct bpf_sock_addr *ctx) { return backward(ctx, 0); }
SEC("cgroup/getpeername6")
int socklb_getpeername6(struct bpf_sock_addr *ctx) { return backward(ctx, 1); }
SEC("cgroup/sock_release")
int socklb_release(struct bpf_sock *ctx) {
    forget(bpf_get_socket_cookie(ctx));
    return 1;
}
`;

/** The functions by the places where they sit in a cgroup. */
export const socket_hooks = {
  CGROUP_INET4_CONNECT: "socklb_connect4",
  CGROUP_INET6_CONNECT: "socklb_connect6",
  CGROUP_UDP4_SENDMSG: "socklb_sendmsg4",
  CGROUP_UDP6_SENDMSG: "socklb_sendmsg6",
  CGROUP_UDP4_RECVMSG: "socklb_recvmsg4",
  CGROUP_UDP6_RECVMSG: "socklb_recvmsg6",
  CGROUP_INET4_GETPEERNAME: "socklb_getpeername4",
  CGROUP_INET6_GETPEERNAME: "socklb_getpeername6",
  CGROUP_INET_SOCK_RELEASE: "socklb_release",
} as const;

/** Compiles the programs of a load balancer at the socket, with empty tables. */
export function load_socklb() {
  return new BPF({ text, cflags: [`-DMOST=${MOST}`] });
}
