import { BPF, BPFAttachType } from "bpfts";

/** What the sockets of the cgroup have sent. */
export interface SockmapCounts {
  /** Sockets that were put into the table. */
  readonly sockets: bigint;
  readonly messages: bigint;
  readonly bytes: bigint;
  /** Messages that went into the peer's socket at once. */
  readonly redirected: bigint;
  readonly redirected_bytes: bigint;
}

/** The most sockets at one time; those beyond it take the way through TCP. */
const MAX_SOCKETS = 65536;

const text = /* c */ `
#include "bpfts_net.h"

/* A connection as one of its ends sees it. Ports are in the host's order. */
struct connection {
    struct net_address local, remote;
    u32 local_port, remote_port;
    /* Other namespaces may have the same addresses. */
    u64 netns_cookie;
};
struct counts {
    u64 sockets, messages, bytes, redirected, redirected_bytes;
};
struct way {
    u32 is_tcp;
};
BPF_SOCKHASH(sockets, struct connection, MAX_SOCKETS);
BPF_SK_STORAGE(ways, struct way);
BPF_PERCPU_ARRAY(counts, struct counts, 1);

static inline struct counts *find_counts(void) {
    int first = 0;
    return counts.lookup(&first);
}

SEC("sockops")
int sockmap_established(struct bpf_sock_ops *ops) {
    if (ops->op != BPF_SOCK_OPS_ACTIVE_ESTABLISHED_CB && ops->op != BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB)
        return 1;
    struct connection own = { .local_port = ops->local_port, .remote_port = bpf_ntohl(ops->remote_port) };
    if (ops->family == NET_IPV6) {
        net_set_ipv6(&own.local, ops->local_ip6[0], ops->local_ip6[1], ops->local_ip6[2], ops->local_ip6[3]);
        net_set_ipv6(&own.remote, ops->remote_ip6[0], ops->remote_ip6[1], ops->remote_ip6[2], ops->remote_ip6[3]);
    } else {
        net_set_ipv4(&own.local, ops->local_ip4);
        net_set_ipv4(&own.remote, ops->remote_ip4);
    }
    own.netns_cookie = bpf_get_netns_cookie(ops);
    if (sockets.sock_hash_update(ops, &own, BPF_ANY))
        return 1;
    struct counts *counts = find_counts();
    if (counts)
        counts->sockets++;
    return 1;
}

/* The verdict is always to pass: without a redirect the message takes its way through TCP. */
SEC("sk_msg")
int sockmap_message(struct sk_msg_md *msg) {
    struct connection peer = { .local_port = bpf_ntohl(msg->remote_port), .remote_port = msg->local_port };
    struct counts *counts = find_counts();
    if (counts) {
        counts->messages++;
        counts->bytes += msg->size;
    }
    struct bpf_sock *sk = msg->sk;
    struct way *way = sk ? bpf_sk_storage_get(&ways, sk, 0, BPF_SK_STORAGE_GET_F_CREATE) : 0;
    /* What went through TCP may not have been read yet: a later message must not overtake it. */
    if (!way || way->is_tcp)
        return SK_PASS;
    if (msg->family == NET_IPV6) {
        net_set_ipv6(&peer.remote, msg->local_ip6[0], msg->local_ip6[1], msg->local_ip6[2], msg->local_ip6[3]);
        net_set_ipv6(&peer.local, msg->remote_ip6[0], msg->remote_ip6[1], msg->remote_ip6[2], msg->remote_ip6[3]);
    } else {
        net_set_ipv4(&peer.remote, msg->local_ip4);
        net_set_ipv4(&peer.local, msg->remote_ip4);
    }
    peer.netns_cookie = bpf_get_netns_cookie(msg);
    if (sockets.msg_redirect_hash(msg, &peer, BPF_F_INGRESS) != SK_PASS) {
        way->is_tcp = 1;
        return SK_PASS;
    }
    if (counts) {
        counts->redirected++;
        counts->redirected_bytes += msg->size;
    }
    return SK_PASS;
}
`;

/** Loads the programs and attaches them: sockets that a cgroup's processes connect from now on are accelerated. */
export function attach_sockmap(cgroup: string) {
  const program = new BPF({ text, cflags: [`-DMAX_SOCKETS=${MAX_SOCKETS}`] });
  program.load_func("sockmap_established");
  // A socket takes the program that the table has when it is put there.
  program.attach_func({
    fn_name: "sockmap_message",
    map: program.table("sockets"),
    attach_type: BPFAttachType.SK_MSG_VERDICT,
  });
  program.attach_func({ fn_name: "sockmap_established", cgroup, attach_type: BPFAttachType.CGROUP_SOCK_OPS });
  return {
    read_counts(): SockmapCounts {
      const cpus = program.table<number, readonly SockmapCounts[]>("counts").get(0) ?? [];
      const sum = (pick: keyof SockmapCounts): bigint => cpus.reduce((total, one) => total + one[pick], 0n);
      return {
        sockets: sum("sockets"),
        messages: sum("messages"),
        bytes: sum("bytes"),
        redirected: sum("redirected"),
        redirected_bytes: sum("redirected_bytes"),
      };
    },
  };
}
