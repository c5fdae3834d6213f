#include <bcc/proto.h>
int filter(struct __sk_buff *skb) {
	u8 *cursor = 0;
	struct ethernet_t *ethernet = cursor_advance(cursor, sizeof(*ethernet));
	if (!(ethernet->type == 0x0800)) return 0;
	struct ip_t *ip = cursor_advance(cursor, sizeof(*ip));
	if (ip->nextp != IPPROTO_TCP) return 0;
	u32 header = ip->hlen << 2;
	struct tcp_t *tcp = cursor_advance(cursor, sizeof(*tcp));
	u32 old = ip->src;
	ethernet->dst = 0x112233445566ULL;
	ip->src = bpf_htonl(0x0a000001);
	ip->tos = ip->tos | 1;
	incr_cksum_l3(ETH_HLEN + 10, old, 0x0a000001);
	incr_cksum_l4(ETH_HLEN + 36, old, 0x0a000001, 1);
	return header + (tcp->offset << 2) + tcp->flag_syn + load_byte(skb, 0) + load_half(skb, 12) + load_word(skb, 26);
}
struct dns_t {
	uint16_t id;
	u8 answer : 1, opcode : 4, rest : 3;
	u8 code;
	u16 counts[4];
} BPF_PACKET_HEADER;
int own_header(struct __sk_buff *skb) {
	u8 *cursor = 0;
	struct udp_t *udp = cursor_advance(cursor, sizeof(*udp));
	struct dns_t *dns = cursor_advance(cursor, sizeof(*dns));
	incr_cksum_l4(&udp->crc, dns->id, 1, 0);
	dns->id = 1;
	return dns->opcode + dns->code + udp->length;
}
