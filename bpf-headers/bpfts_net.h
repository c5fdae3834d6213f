/* SPDX-License-Identifier: MIT */
/* Packets, for XDP and tc programs: #include "bpfts_net.h". All loads are checked against the packet's end. */
#ifndef BPFTS_NET_H
#define BPFTS_NET_H

/* Constants of the kernel's headers, by names that no text has for things of its own. Source: linux/if_ether.h, linux/in6.h */
#define NET_ETH_P_IP 0x0800
#define NET_ETH_P_8021Q 0x8100
#define NET_ETH_P_IPV6 0x86dd
#define NET_ETH_P_8021AD 0x88a8
#define NET_IPPROTO_HOPOPTS 0
#define NET_IPPROTO_ROUTING 43
#define NET_IPPROTO_FRAGMENT 44
#define NET_IPPROTO_ICMPV6 58
#define NET_IPPROTO_DSTOPTS 60

#define NET_IPV4 2
#define NET_IPV6 10
/* VLAN tags that are looked behind, and headers of IPv6 between its own and that of the protocol. */
#define NET_MAX_VLANS 2
#define NET_MAX_EXTENSIONS 6

/* An address of either family; one of IPv4 lies in the first four bytes. */
struct net_address {
    __u32 family;
    __u8 bytes[16];
};

/* The key of a BPF_LPM_TRIE of networks. The family is the first 32 bits of what is compared, so a prefix of n bits has the length 32 + n. */
struct net_cidr {
    __u32 prefixlen;
    struct net_address address;
};
#define NET_WHOLE_ADDRESS (32 + 128)

/* A port as the packet has it, in network order. */
struct net_port {
    __u16 protocol;
    __be16 port;
};

/* What a packet says of itself. */
struct net_packet {
    struct net_address source, destination;
    /* Source: IPPROTO_TCP and its like. */
    __u16 protocol;
    /* Of ICMP requests and their replies both are the identifier. 0 where there are none: another protocol, or a fragment behind the first. */
    __be16 source_port, destination_port;
    __u8 is_fragment;
    __u8 tcp_flags;
    __u8 icmp_type;
    /* Of IPv6 its hop limit. */
    __u8 ttl;
    /* What the fragments of one packet have in common. */
    __u32 fragment_id;
    /* Where the header of IP begins. Units: bytes from the start of the packet. */
    __u32 network;
    /* Where the protocol's own header begins; 0 in a fragment behind the first. Units: bytes from the start of the packet. */
    __u32 header;
};

/* An identity that came through a tunnel goes on to the programs of its node in the packet's mark. Source: MARK_MAGIC_IDENTITY and set_identity_mark of Cilium */
#define NET_MARK_IDENTITY 0x0f00
#define net_mark_identity(identity) (NET_MARK_IDENTITY | (identity) << 16 | ((identity) >> 16 & 0xff))
#define net_is_identity_mark(mark) (((mark) & 0x0f00) == NET_MARK_IDENTITY)
#define net_marked_identity(mark) (((mark) & 0xff) << 16 | (mark) >> 16)

#define NET_TCP_FIN 1
#define NET_TCP_SYN 2
#define NET_TCP_RST 4

enum net_parsed {
    NET_PARSED,
    /* ARP and everything else that is no IP. */
    NET_NOT_IP,
    /* It ends within a header, or its headers contradict each other. */
    NET_MALFORMED,
};

struct net_vlan {
    __be16 tag, type;
};
struct net_extension {
    __u8 next, length;
    __be16 offset;
    __u32 id;
};

#define net_fits(pointer, end) ((void *)((pointer) + 1) <= (end))

#define NET_NO_REPLY -1

/* Types of ICMP by the bits of their numbers; those of ICMPv6 count from 128 on. Masks spare the verifier the many ways through comparisons. Source: RFC 792, RFC 950, RFC 4443, RFC 8335 */
#define NET_ICMP_REPLIES (1ull << 0 | 1ull << 14 | 1ull << 16 | 1ull << 18 | 1ull << 43)
#define NET_ICMP_REQUESTS (1ull << 8 | 1ull << 13 | 1ull << 15 | 1ull << 17 | 1ull << 42)
#define NET_ICMP6_REPLIES (1ull << (129 - 128) | 1ull << (161 - 128))
#define NET_ICMP6_REQUESTS (1ull << (128 - 128) | 1ull << (160 - 128))

static __always_inline void net_set_ipv4(struct net_address *address, __u32 word) {
    address->family = NET_IPV4;
    *(__u32 *)address->bytes = word;
}

/* A socket of IPv6 reaches IPv4 by ::ffff:a.b.c.d, which is kept as a.b.c.d. */
static __always_inline void net_set_ipv6(struct net_address *address, __u32 first, __u32 second, __u32 third, __u32 last) {
    __u32 *words = (__u32 *)address->bytes;
    if (!first && !second && third == bpf_htonl(0xffff)) {
        net_set_ipv4(address, last);
        return;
    }
    address->family = NET_IPV6;
    words[0] = first;
    words[1] = second;
    words[2] = third;
    words[3] = last;
}

static __always_inline int net_has_bit(__u64 mask, __u32 bit) {
    return bit < 64 && (mask >> bit) & 1;
}

/* The type of the ICMP requests that a message of this type answers; NET_NO_REPLY where it answers none. */
static __always_inline int net_find_icmp_request(__u16 protocol, __u8 type) {
    if (protocol == NET_IPPROTO_ICMPV6)
        return net_has_bit(NET_ICMP6_REPLIES, type - 128) ? type - 1 : NET_NO_REPLY;
    return !net_has_bit(NET_ICMP_REPLIES, type) ? NET_NO_REPLY : type ? type - 1 : 8;
}

/* Requests and their replies have an identifier. */
static __always_inline int net_has_icmp_id(__u16 protocol, __u8 type) {
    if (protocol == NET_IPPROTO_ICMPV6)
        return net_has_bit(NET_ICMP6_REPLIES | NET_ICMP6_REQUESTS, type - 128);
    return net_has_bit(NET_ICMP_REPLIES | NET_ICMP_REQUESTS, type);
}

static __always_inline int net_parse_icmp(__u8 *at, void *end, struct net_packet *packet) {
    if ((void *)(at + 8) > end)
        return NET_MALFORMED;
    packet->icmp_type = at[0];
    if (net_has_icmp_id(packet->protocol, at[0]))
        packet->source_port = packet->destination_port = *(__be16 *)(at + 4);
    return NET_PARSED;
}

/* As a difference that the verifier knows nothing of, or it would follow each way through the headers to the program's end. */
static __always_inline __u32 net_find_offset(void *data, void *at) {
    asm volatile("" : "+r"(at));
    return at - data;
}

/* A link-local address of IPv6. Source: RFC 4291 section 2.5.6 */
static __always_inline int net_is_link_local(struct net_address *address) {
    return address->family == NET_IPV6 && address->bytes[0] == 0xfe && (address->bytes[1] & 0xc0) == 0x80;
}

/* Groups that no router passes on: those of a device and those of a link. Source: RFC 4291 section 2.7 */
static __always_inline int net_is_link_group(struct net_address *address) {
    __u8 scope = address->bytes[1] & 0x0f;
    return address->family == NET_IPV6 && address->bytes[0] == 0xff && (scope == 1 || scope == 2);
}

/* What IPv6 has in the place of ARP: no router sends it on, so its hop limit is whole. Source: RFC 4861 */
static __always_inline int net_is_neighbour_discovery(struct net_packet *packet) {
    return packet->protocol == NET_IPPROTO_ICMPV6 && packet->ttl == 255 && packet->icmp_type >= 133 && packet->icmp_type <= 137;
}

/* A packet that stays on its link. */
static __always_inline int net_is_of_link(struct net_packet *packet) {
    return net_is_link_local(&packet->source) || net_is_link_local(&packet->destination) || net_is_link_group(&packet->destination) ||
           net_is_neighbour_discovery(packet);
}

/* More than all headers before it can have. */
#define NET_MAX_OFFSET 0x3fff

static __always_inline int net_parse_ports(void *data, void *at, void *end, struct net_packet *packet) {
    __be16 *ports = at;
    packet->header = net_find_offset(data, at);
    if (packet->protocol == IPPROTO_ICMP || packet->protocol == NET_IPPROTO_ICMPV6)
        return net_parse_icmp(at, end, packet);
    if (packet->protocol != IPPROTO_TCP && packet->protocol != IPPROTO_UDP && packet->protocol != IPPROTO_SCTP)
        return NET_PARSED;
    if ((void *)(ports + 2) > end)
        return NET_MALFORMED;
    packet->source_port = ports[0];
    packet->destination_port = ports[1];
    if (packet->protocol == IPPROTO_TCP && at + 14 <= end)
        packet->tcp_flags = ((__u8 *)at)[13];
    return NET_PARSED;
}

static __always_inline int net_parse_ipv4(void *data, void *at, void *end, struct net_packet *packet) {
    struct iphdr *ip = at;
    if (!net_fits(ip, end) || ip->version != 4 || ip->ihl < 5)
        return NET_MALFORMED;
    packet->source.family = packet->destination.family = NET_IPV4;
    __builtin_memcpy(packet->source.bytes, &ip->saddr, 4);
    __builtin_memcpy(packet->destination.bytes, &ip->daddr, 4);
    packet->protocol = ip->protocol;
    packet->ttl = ip->ttl;
    packet->network = net_find_offset(data, at);
    packet->fragment_id = ip->id;
    packet->is_fragment = (ip->frag_off & bpf_htons(0x3fff)) != 0;
    if (ip->frag_off & bpf_htons(0x1fff))
        return NET_PARSED;
    return net_parse_ports(data, at + ip->ihl * 4, end, packet);
}

static __always_inline int net_parse_ipv6(void *data, void *at, void *end, struct net_packet *packet) {
    struct ipv6hdr *ip = at;
    if (!net_fits(ip, end) || ip->version != 6)
        return NET_MALFORMED;
    packet->source.family = packet->destination.family = NET_IPV6;
    __builtin_memcpy(packet->source.bytes, &ip->saddr, 16);
    __builtin_memcpy(packet->destination.bytes, &ip->daddr, 16);
    packet->protocol = ip->nexthdr;
    packet->ttl = ip->hop_limit;
    packet->network = net_find_offset(data, at);
    at = ip + 1;
#pragma unroll
    for (int i = 0; i < NET_MAX_EXTENSIONS; i++) {
        struct net_extension *header = at;
        __u32 size = 8;
        int is_fragment = packet->protocol == NET_IPPROTO_FRAGMENT;
        if (!is_fragment && packet->protocol != NET_IPPROTO_HOPOPTS && packet->protocol != NET_IPPROTO_ROUTING &&
            packet->protocol != NET_IPPROTO_DSTOPTS)
            return net_parse_ports(data, at, end, packet);
        if (!net_fits(header, end))
            return NET_MALFORMED;
        packet->protocol = header->next;
        if (is_fragment) {
            packet->is_fragment = 1;
            packet->fragment_id = header->id;
            if (header->offset & bpf_htons(0xfff8))
                return NET_PARSED;
        } else {
            size = (header->length + 1) * 8;
        }
        at += size;
    }
    return NET_MALFORMED;
}

/* Reads a frame's addresses and ports. Answers enum net_parsed. */
static __always_inline int net_parse(void *data, void *end, struct net_packet *packet) {
    struct ethhdr *ethernet = data;
    __builtin_memset(packet, 0, sizeof(*packet));
    if (!net_fits(ethernet, end))
        return NET_MALFORMED;
    __be16 type = ethernet->h_proto;
    void *at = ethernet + 1;
#pragma unroll
    for (int i = 0; i < NET_MAX_VLANS; i++) {
        struct net_vlan *vlan = at;
        if (type != bpf_htons(NET_ETH_P_8021Q) && type != bpf_htons(NET_ETH_P_8021AD))
            break;
        if (!net_fits(vlan, end))
            return NET_MALFORMED;
        type = vlan->type;
        at = vlan + 1;
    }
    if (type == bpf_htons(NET_ETH_P_IP))
        return net_parse_ipv4(data, at, end, packet);
    if (type == bpf_htons(NET_ETH_P_IPV6))
        return net_parse_ipv6(data, at, end, packet);
    /* Whoever hides behind more tags than are read is not let through by a filter of addresses. */
    if (type == bpf_htons(NET_ETH_P_8021Q) || type == bpf_htons(NET_ETH_P_8021AD))
        return NET_MALFORMED;
    return NET_NOT_IP;
}

/* Reads the beginning of the packet that an ICMP error is about; NET_NOT_IP when this is no such error. */
static __always_inline int net_parse_related(struct net_packet *packet, void *data, void *end, struct net_packet *about) {
    void *at = data + (packet->header & NET_MAX_OFFSET) + 8;
    __builtin_memset(about, 0, sizeof(*about));
    if (!packet->header)
        return NET_NOT_IP;
    if (packet->protocol == IPPROTO_ICMP && (packet->icmp_type == 3 || packet->icmp_type == 11 || packet->icmp_type == 12))
        return net_parse_ipv4(data, at, end, about);
    if (packet->protocol == NET_IPPROTO_ICMPV6 && packet->icmp_type >= 1 && packet->icmp_type <= 4)
        return net_parse_ipv6(data, at, end, about);
    return NET_NOT_IP;
}

/* Units: seconds. Source: bpf/node_config.h of Cilium */
enum {
    NET_CT_SYN_LIFETIME = 60,
    NET_CT_TCP_LIFETIME = 21600,
    NET_CT_ANY_LIFETIME = 60,
    NET_CT_CLOSE_LIFETIME = 10,
};

/* How long a connection is remembered. Zeros are one that was not known before. */
struct net_ct {
    __u64 expires_ns;
    /* Whether who began it, and who answers, will send nothing more. */
    __u8 is_sender_closed, is_answerer_closed;
    /* The handshake is through. */
    __u8 have_non_syn;
};

/* A packet of the connection came by. A direction that is closed leaves the other one open; a SYN of who began it opens a closing one again. Source: lib/conntrack.h of Cilium */
static __always_inline void net_ct_renew(struct net_ct *ct, struct net_packet *packet, int is_answer, __u64 now) {
    __u64 seconds = NET_CT_ANY_LIFETIME;
    if (packet->protocol == IPPROTO_TCP) {
        int is_syn = (packet->tcp_flags & NET_TCP_SYN) != 0;
        if (ct->expires_ns < now || (is_syn && !is_answer && (ct->is_sender_closed || ct->is_answerer_closed)))
            ct->is_sender_closed = ct->is_answerer_closed = ct->have_non_syn = 0;
        if (!is_syn)
            ct->have_non_syn = 1;
        if (packet->tcp_flags & NET_TCP_RST)
            ct->is_sender_closed = ct->is_answerer_closed = 1;
        else if (packet->tcp_flags & NET_TCP_FIN && is_answer)
            ct->is_answerer_closed = 1;
        else if (packet->tcp_flags & NET_TCP_FIN)
            ct->is_sender_closed = 1;
        seconds = ct->have_non_syn ? NET_CT_TCP_LIFETIME : NET_CT_SYN_LIFETIME;
        if (ct->is_sender_closed && ct->is_answerer_closed)
            seconds = NET_CT_CLOSE_LIFETIME;
    }
    ct->expires_ns = now + seconds * 1000000000ull;
}

#endif
