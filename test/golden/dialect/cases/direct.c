// What the verifier knows is left alone: contexts, packets, map values, the stack, typed pointers.
#include <uapi/linux/if_ether.h>
#include <uapi/linux/ip.h>
struct value_t { u64 a; struct value_t *self; };
BPF_HASH(values, u32, struct value_t);
static u64 through(struct value_t *v) { return v->a; }
int on_probe(struct pt_regs *ctx) {
	u32 key = ctx->ip;
	struct value_t on_stack = {}, *v = &on_stack, *found = values.lookup(&key);
	u64 words[2] = {}, *p = words;
	struct bpf_pidns_info ns = {}, *np = &ns;
	return v->a + (found ? found->a : 0) + through(&on_stack) + p[1] + *p + np->pid;
}
int xdp(struct xdp_md *ctx) {
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct iphdr *ip = (struct iphdr *)(eth + 1);
	if ((void *)(ip + 1) > end) return XDP_PASS;
	return eth->h_proto == htons(ETH_P_IP) && ip->protocol == IPPROTO_ICMP && ip->ihl == 5 ? XDP_DROP : XDP_PASS;
}
KFUNC_PROBE(tcp_connect, struct sock *sk) {
	struct tcp_sock *tp = (struct tcp_sock *)sk;
	struct task_struct *current = (struct task_struct *)bpf_get_current_task(), *typed = (struct task_struct *)bpf_get_current_task_btf();
	// A view as another struct and an untyped task are read; the rest is followed by the verifier.
	return sk->sk_family + tp->snd_cwnd + current->pid + typed->real_parent->pid;
}
KFUNC_PROBE(tty_write, struct kiocb *iocb, struct iov_iter *from) {
	// What lies in a union may have no type: the pointer is read through, whatever leads to it is not.
	const struct kvec *kvec = from->kvec;
	return kvec->iov_len + iocb->ki_filp->f_flags + from->count;
}
static long each(struct bpf_map *map, u32 *key, struct value_t *value, u64 *sum) { *sum += value->a + *key; return 0; }
int walks(struct pt_regs *ctx) {
	u64 sum = 0;
	bpf_for_each_map_elem(&values, each, &sum, 0);
	return sum;
}
