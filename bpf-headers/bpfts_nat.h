/* SPDX-License-Identifier: MIT */
/* Other addresses and ports for packets, for tc programs: #include "bpfts_nat.h". Pointers into the packet are of no use after these calls. */
#ifndef BPFTS_NAT_H
#define BPFTS_NAT_H

#include "bpfts_net.h"

/* Source: BPF_F_IPV6 of linux/bpf.h. Since: Linux 6.16. */
#define NET_F_IPV6 (1ull << 7)

/* One end of a connection. */
struct net_end {
    struct net_address address;
    __be16 port;
    __u16 unused;
};

static __always_inline int net_is_same_address(struct net_address *one, struct net_address *other) {
    __u32 *words = (__u32 *)one, *others = (__u32 *)other, different = 0;
#pragma unroll
    for (int i = 0; i < sizeof(*one) / 4; i++)
        different |= words[i] ^ others[i];
    return !different;
}

/* What changes in a sum when one address takes the place of another. */
static __always_inline __s64 net_diff_addresses(struct net_address *from, struct net_address *to) {
    __u32 size = from->family == NET_IPV4 ? 4 : 16;
    return bpf_csum_diff((__be32 *)from->bytes, size, (__be32 *)to->bytes, size, 0);
}

/* The sum at that offset takes an address of the pseudo header over. A sum of the whole packet that a device made follows by the header's own sum in IPv4; IPv6 has none. */
static __always_inline int net_fix_pseudo(struct __sk_buff *skb, __u32 at, struct net_address *from, struct net_address *to, __u64 flags) {
    __s64 diff = net_diff_addresses(from, to);
    if (from->family == NET_IPV6 && !bpf_l4_csum_replace(skb, at, 0, diff, flags | BPF_F_PSEUDO_HDR | NET_F_IPV6))
        return 0;
    return bpf_l4_csum_replace(skb, at, 0, diff, flags | BPF_F_PSEUDO_HDR);
}

static __always_inline int net_store_address(struct __sk_buff *skb, __u32 network, int is_source, struct net_address *from, struct net_address *to) {
    if (to->family == NET_IPV6)
        return bpf_skb_store_bytes(skb, network + (is_source ? 8 : 24), to->bytes, 16, 0);
    return bpf_l3_csum_replace(skb, network + 10, *(__be32 *)from->bytes, *(__be32 *)to->bytes, 4) ||
           bpf_skb_store_bytes(skb, network + (is_source ? 12 : 16), to->bytes, 4, 0);
}

/* Gives a TCP or UDP packet another source or destination, with right checksums. Fragments behind the first have no ports and no checksum. Answers 0, or not when the packet cannot be written. */
static __always_inline int net_rewrite(struct __sk_buff *skb, struct net_packet *packet, int is_source, struct net_end *to) {
    struct net_address *from = is_source ? &packet->source : &packet->destination;
    __be16 port = is_source ? packet->source_port : packet->destination_port;
    if (packet->header) {
        __u32 at = packet->header + (packet->protocol == IPPROTO_TCP ? 16 : 6);
        /* A UDP packet without a checksum keeps none, and a sum of 0 is written as 0xffff. */
        __u64 flags = packet->protocol == IPPROTO_UDP ? BPF_F_MARK_MANGLED_0 : 0;
        if (net_fix_pseudo(skb, at, from, &to->address, flags) || bpf_l4_csum_replace(skb, at, port, to->port, flags | 2) ||
            bpf_skb_store_bytes(skb, packet->header + (is_source ? 0 : 2), &to->port, 2, 0))
            return -1;
    }
    return net_store_address(skb, packet->network, is_source, from, &to->address);
}

/* Gives the packet that an ICMP error is about another destination, and the error itself another source where that is the old destination. */
static __always_inline int net_rewrite_related(struct __sk_buff *skb, struct net_packet *packet, struct net_packet *about, struct net_end *to) {
    __u32 at = packet->header + 2;
    int is_from = net_is_same_address(&packet->source, &about->destination);
    if (about->header && (bpf_l4_csum_replace(skb, at, about->destination_port, to->port, 2) ||
                          bpf_skb_store_bytes(skb, about->header + 2, &to->port, 2, 0)))
        return -1;
    /* In IPv4 the header's own sum, which ICMP's covers, takes the difference away again. */
    if (about->destination.family == NET_IPV6 && bpf_l4_csum_replace(skb, at, 0, net_diff_addresses(&about->destination, &to->address), 0))
        return -1;
    if (net_store_address(skb, about->network, 0, &about->destination, &to->address))
        return -1;
    if (!is_from)
        return 0;
    if (packet->source.family == NET_IPV6 && net_fix_pseudo(skb, at, &packet->source, &to->address, 0))
        return -1;
    return net_store_address(skb, packet->network, 1, &packet->source, &to->address);
}

#endif
