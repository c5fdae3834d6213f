/* SPDX-License-Identifier: MIT */
/* What tc programs tell of packets to whoever listens, with the first bytes of each: #include "bpfts_notice.h". */
#ifndef BPFTS_NOTICE_H
#define BPFTS_NOTICE_H

#include "bpfts_net.h"

/* Source: pkg/monitor/api/types.go of Cilium */
enum { NET_NOTICE_DROP = 1, NET_NOTICE_TRACE = 4, NET_NOTICE_VERDICT = 5 };
/* Where a packet was seen, as the subtype of a trace. Source: the same */
enum {
    NET_TO_ENDPOINT = 0,
    NET_TO_STACK = 3,
    NET_TO_OVERLAY = 4,
    NET_FROM_ENDPOINT = 5,
    NET_FROM_OVERLAY = 9,
    NET_FROM_NETWORK = 10,
    NET_TO_NETWORK = 11,
};
/* Whose line it is. */
enum { NET_FILE_POLICY = 1, NET_FILE_SERVICE = 2, NET_FILE_OVERLAY = 3 };
/* What the packet is to its flow. Source: enum trace_reason of Cilium */
enum { NET_STATE_NEW = 0, NET_STATE_ESTABLISHED = 1, NET_STATE_REPLY = 2, NET_STATE_UNKNOWN = 255 };

/* Units: bytes of a packet that go with a notice. */
#define NET_NOTICE_BYTES 128

/* Zeros are what is not known. */
struct net_notice {
    __u8 type;
    /* Of a drop and of a verdict its reason, 0 for what is let through. */
    __u8 subtype;
    __u8 is_egress, is_audited;
    __u8 state;
    /* How the policy was met. Source: enum policy_match_type of Cilium */
    __u8 match;
    /* The numbers of tables of names: of an endpoint, of a counter of its rules, of a service and its backend. */
    __u16 endpoint;
    __u32 source_identity, destination_identity;
    __u32 rule;
    __u32 service, backend;
    __u16 line;
    /* Units: bytes. */
    __u16 captured;
    __u32 bytes;
    __u32 hash;
    __u32 ifindex, mark;
    /* Of overlay the number of its node. */
    __u16 node;
    __u8 file, unused;
    __u32 unused_too;
    /* Units: nanoseconds of the clock that bpf_ktime_get_ns reads. */
    __u64 time_ns;
};

/* Sends a notice, and loses it where nobody listens: the kernel counts what a reader is too slow for. */
static __always_inline void net_notify(struct __sk_buff *skb, void *ring, struct net_notice *notice) {
    __u32 length = skb->len < NET_NOTICE_BYTES ? skb->len : NET_NOTICE_BYTES;
    notice->captured = length;
    notice->bytes = skb->len;
    notice->hash = bpf_get_hash_recalc(skb);
    notice->ifindex = skb->ifindex;
    notice->mark = skb->mark;
    notice->time_ns = bpf_ktime_get_ns();
    bpf_perf_event_output(skb, ring, ((__u64)length << 32) | BPF_F_CURRENT_CPU, notice, sizeof(*notice));
}

#endif
