// Typedefs of the text's own for structs of the kernel's, and loads in what a _Generic chooses.
#include <net/sock.h>
typedef struct sock_common common_t;
typedef const struct sock sock_t, *sock_p;
typedef common_t again_t;
typedef struct own { u8 low : 3, high : 5; struct sock *sock_t; common_t *common; } own_t;
typedef struct mount mount_t;
struct mount { struct mount *mnt_parent; };
BPF_HASH(kept, u32, common_t *);
#define REUSE(c) (((common_t *)(c))->skc_reuse)
static u32 add(again_t *again, sock_p sp) { return again->skc_reuse + sp->sk_reuse + again->skc_state; }
KFUNC_PROBE(tcp_connect, sock_t *sk) { return sk->sk_reuse; }
int f(struct pt_regs *ctx, sock_t *sk, own_t *own, mount_t *mount) {
	u32 k = 0;
	common_t *c = (common_t *)sk, **found = kept.lookup(&k);
	u64 sum = c->skc_reuse + sk->__sk_common.skc_reuseport + own->high + add(c, sk) + REUSE(sk) + (long)own->sock_t + own->common->skc_reuse;
	if (found) sum += (*found)->skc_ipv6only + sizeof(common_t) + (long)mount->mnt_parent;
	sum += _Generic(c->skc_family, unsigned short: c->skc_dport, default: c->skc_num);
	sum += _Generic((sum), u64: (c->skc_reuse), int: 0) + _Generic(c, common_t *: c)->skc_state;
	return sum;
}
