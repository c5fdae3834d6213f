// Methods of maps for sockets, packets and storages.
BPF_SOCKMAP(socks, 4);
BPF_SOCKHASH(sockhash, u32, 4);
BPF_DEVMAP(devs, 4);
BPF_SK_STORAGE(per_sock, u64);
BPF_CGROUP_STORAGE(per_cgroup, u64);
BPF_PERF_OUTPUT(packets);
int ops(struct bpf_sock_ops *skops) {
	u32 key = 0;
	socks.sock_map_update(skops, &key, 0);
	sockhash.sock_hash_update(skops, &key, 0);
	return 0;
}
int msg(struct sk_msg_md *msg) {
	u32 key = 0;
	return sockhash.msg_redirect_hash(msg, &key, 0);
}
SEC("sk_skb/stream_verdict") int skb_verdict(struct __sk_buff *skb) {
	u32 key = 0;
	return sockhash.sk_redirect_hash(skb, &key, 0);
}
int redirect(struct xdp_md *ctx) {
	return devs.redirect_map(ctx->ingress_ifindex, 0);
}
SEC("cgroup_skb/egress") int count(struct __sk_buff *skb) {
	u64 *bytes = per_cgroup.get_local_storage(0);
	__sync_fetch_and_add(bytes, skb->len);
	struct bpf_sock *sk = skb->sk;
	if (!sk) return 1;
	sk = bpf_sk_fullsock(sk);
	if (!sk) return 1;
	u64 *value = per_sock.sk_storage_get(sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
	if (value) *value += sk->family;
	per_sock.sk_storage_delete(sk);
	return 1;
}
int classify(struct __sk_buff *skb) {
	u32 meta = skb->mark;
	packets.perf_submit_skb(skb, skb->len, &meta, sizeof(meta));
	return TC_ACT_OK;
}
