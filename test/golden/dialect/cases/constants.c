// Words of the kernel's headers that its types do not have: values, tests for them, short members, small functions.
#include <linux/blkdev.h>
#include <linux/capability.h>
#include <uapi/linux/pkt_cls.h>
#ifndef CAP_OPT_NONE
#error "defined since 5.1"
#endif
#if defined(REQ_WRITE) || defined(REQ_OP_SHIFT) || defined(bio_dev) || defined(INIT_PID_LINK) || defined(tcp_flag_byte)
#error "defined by older kernels only"
#endif
#ifndef CONFIG_X86_64
#define OTHER_MACHINE
#endif
#if IFNAMSIZ != 16
#error "a number for the preprocessor too"
#endif
#define WQ_NAME_LEN 32
#define SOME_FLAGS (O_CREAT | O_TMPFILE | O_CLOEXEC)
_Static_assert(AF_INET == 2 && AF_INET6 == 10 && PF_KTHREAD == 0x200000 && REQ_OP_MASK == 255 && TASK_RUNNING == 0 && SCM_RIGHTS == 1 && NAME_MAX == 255 && WRITE == 1, "kernel");
_Static_assert(DISK_NAME_LEN == 32 && FMODE_CREATED == 1 << 20 && ENOMEM == 12 && EPROTONOSUPPORT == 93 && TASK_COMM_LEN == 16 && IPPROTO_TCP == 6 && IPPROTO_ICMPV6 == 58, "kernel");
_Static_assert(ETH_P_IP == 0x800 && ETH_P_IPV6 == 0x86dd && ETH_P_8021Q == 0x8100 && ETH_P_8021AD == 0x88a8 && ETH_P_ARP == 0x806 && ETH_ALEN == 6 && TC_ACT_OK == 0 && TC_ACT_SHOT == 2, "packets");
_Static_assert(SOCK_STREAM == 1 && SOCK_TYPE_MASK == 15 && TCP_ESTABLISHED == 1 && S_IFMT == 0170000 && NSEC_PER_USEC == 1000 && BPF_ANY == 0 && BPF_NOEXIST == 1 && BPF_EXIST == 2, "more");
_Static_assert(roundup_pow_of_two(1) == 1 && roundup_pow_of_two(5) == 8 && roundup_pow_of_two(1024) == 1024 && DNAME_INLINE_LEN >= 32 && PAGE_SIZE % 4096 == 0, "constant expressions");
_Static_assert(KERNEL_VERSION(5, 4, 300) == 0x504ff && LINUX_VERSION_CODE > KERNEL_VERSION(4, 19, 0), "versions");
struct __packed packed_t { u8 a; u64 b; } __aligned(4);
int kprobe__tcp_rcv_established(struct pt_regs *ctx, struct sock *sk, struct sk_buff *skb) {
	struct inet_sock *inet = inet_sk(sk);
	struct inet_connection_sock *icsk = inet_csk(sk);
	struct packed_t packed __maybe_unused = {};
	u64 sum = SOME_FLAGS + WQ_NAME_LEN;
	sum += sk->sk_state + sk->sk_dport + sk->sk_rcv_saddr + inet->inet_daddr + inet->inet_rcv_saddr + inet->inet_dport + inet->inet_num + sk->sk_v6_daddr.s6_addr[0] + sk->sk_v6_daddr.s6_addr16[1];
	sum += icsk->icsk_ca_ops->name[0] + TCP_SKB_CB(skb)->seq + eth_hdr(skb)->h_proto + skb_get_rx_queue(skb) + skb_rx_queue_recorded(skb) + ntohs(sk->sk_dport) + ntohl(sk->sk_daddr);
	sum += be16_to_cpu(1) + cpu_to_be16(2) + __constant_htons(3) + htonl(4) + div_u64(sum, 3) + min_t(u64, sum, 1) + max(2, 3) + sizeof(packed) + offsetof(struct packed_t, b) + S_ISREG(sum) + S_ISSOCK(sum);
	sum += tcp_sk(sk)->snd_cwnd + atomic_read(&sk->sk_refcnt.refs) + refcount_read(&sk->sk_refcnt) + sock_net(sk)->ns.inum + (unlikely(sum) ? 1 : 2) + ARRAY_SIZE("abc");
	lock_xadd(&sum, 1);
	return sum;
}
int scatter(struct pt_regs *ctx, struct scatterlist *sg, struct folio *folio) {
	if (sg_is_chain(sg)) sg = sg_chain_ptr(sg);
	return sg_is_last(sg) ? sg->length : folio_page(folio, 0)->_refcount.counter;
}
