// Every header of bcc/proto.h, loads and stores of packets, orders of bytes.
#include <bcc/proto.h>
_Static_assert(sizeof(struct ethernet_t) == 14 && sizeof(struct dot1q_t) == 4 && sizeof(struct arp_t) == 28 && sizeof(struct ip_t) == 20 && sizeof(struct ip6_t) == 40 && sizeof(struct ip6_opt_t) == 8, "as on the wire");
_Static_assert(sizeof(struct icmp_t) == 4 && sizeof(struct icmp6_t) == 4 && sizeof(struct udp_t) == 8 && sizeof(struct tcp_t) == 20 && sizeof(struct vxlan_t) == 8 && sizeof(struct vxlan_gbp_t) == 8, "as on the wire");
int link(struct __sk_buff *skb) {
	u8 *cursor = 0;
	struct dot1q_t *tag = cursor_advance(cursor, sizeof(*tag));
	struct arp_t *arp = cursor_advance(cursor, sizeof(*arp));
	tag->vlanid = 7;
	arp->tpa = arp->spa;
	return tag->pri + tag->cfi + tag->vlanid + tag->type + arp->htype + arp->ptype + arp->hlen + arp->plen + arp->oper + (arp->sha == arp->tha);
}
int address(struct __sk_buff *packet) {
	u8 *cursor = 0;
	struct ip6_t *ip6 = cursor_advance(cursor, sizeof(*ip6));
	struct ip6_opt_t *option = cursor_advance(cursor, sizeof(*option));
	struct icmp_t *icmp = cursor_advance(cursor, sizeof(*icmp));
	struct icmp6_t *icmp6 = cursor_advance(cursor, sizeof(*icmp6));
	ip6->src_hi = ip6->dst_hi, ip6->src_lo = ip6->dst_lo;
	return ip6->ver + ip6->priority + ip6->flow_label + ip6->payload_len + ip6->next_header + ip6->hop_limit + option->next_header + option->ext_len + (option->pad != 0) +
	       icmp->type + icmp->code + icmp->checksum + icmp6->type + icmp6->code + icmp6->checksum;
}
int tunnel(struct __sk_buff *skb) {
	u8 *cursor = 0;
	struct vxlan_t *vxlan = cursor_advance(cursor, sizeof(*vxlan));
	struct vxlan_gbp_t *group = cursor_advance(cursor, sizeof(*group));
	vxlan->key = 42;
	return vxlan->iflag + vxlan->key + group->gflag + group->iflag + group->dflag + group->aflag + group->gpolicy_id + group->key;
}
int bytes(struct __sk_buff *skb) {
	u64 sum = load_byte(skb, 0) + load_half(skb, 2) + load_word(skb, 4) + load_dword(skb, 8);
	bpf_store_byte(skb, 0, sum);
	bpf_store_half(skb, 2, sum);
	bpf_store_word(skb, 4, sum);
	bpf_store_dword(skb, 8, sum);
	bpf_dins_pkt(skb, 0, 4, 12, bpf_dext_pkt(skb, 0, 4, 12) & MASK(12));
	return bpf_ntohs(sum) + bpf_ntohl(sum) + bpf_ntohll(sum) + bpf_htons(sum) + bpf_htonl(sum) + bpf_htonll(sum) + (bpf_ntoh128(sum) == bpf_hton128(MASK128(64)));
}
