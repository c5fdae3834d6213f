/* SPDX-License-Identifier: MIT */
/* Words that the kernel's headers define and BTF does not carry. */
#ifndef BPFTS_KERNEL_BASICS_H
#define BPFTS_KERNEL_BASICS_H

#ifndef NULL
#define NULL ((void *)0)
#endif
#define __user
#define __kernel
#define __iomem
#define __rcu
#define __percpu
#define __force
#define __bitwise
#define __must_check
#define __init
#define __exit
#define __read_mostly
#define asmlinkage
#ifndef __packed
#define __packed __attribute__((packed))
#endif
#ifndef __aligned
#define __aligned(n) __attribute__((aligned(n)))
#endif
#ifndef __maybe_unused
#define __maybe_unused __attribute__((unused))
#endif
#ifndef __used
#define __used __attribute__((used))
#endif
#ifndef __noinline
#define __noinline __attribute__((noinline))
#endif
#ifndef likely
#define likely(x) __builtin_expect(!!(x), 1)
#endif
#ifndef unlikely
#define unlikely(x) __builtin_expect(!!(x), 0)
#endif
#ifndef offsetof
#define offsetof(type, member) __builtin_offsetof(type, member)
#endif
#undef container_of
#define container_of(ptr, type, member) ((type *)((void *)(ptr) - offsetof(type, member)))
#define list_entry(ptr, type, member) container_of(ptr, type, member)
#define hlist_entry(ptr, type, member) container_of(ptr, type, member)
#define rb_entry(ptr, type, member) container_of(ptr, type, member)
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define sizeof_field(type, member) sizeof(((type *)0)->member)
#define FIELD_SIZEOF(type, member) sizeof_field(type, member)
#define BIT(n) (1UL << (n))
#define BIT_ULL(n) (1ULL << (n))
#define READ_ONCE(x) (x)
#ifndef barrier
#define barrier() asm volatile("" : : : "memory")
#endif
#define min_t(type, a, b) ({ type __bpfts_a = (a); type __bpfts_b = (b); __bpfts_a < __bpfts_b ? __bpfts_a : __bpfts_b; })
#define max_t(type, a, b) ({ type __bpfts_a = (a); type __bpfts_b = (b); __bpfts_a > __bpfts_b ? __bpfts_a : __bpfts_b; })
#define min(a, b) ({ __auto_type __bpfts_a = (a); __auto_type __bpfts_b = (b); __bpfts_a < __bpfts_b ? __bpfts_a : __bpfts_b; })
#define max(a, b) ({ __auto_type __bpfts_a = (a); __auto_type __bpfts_b = (b); __bpfts_a > __bpfts_b ? __bpfts_a : __bpfts_b; })
#define clamp(v, lo, hi) min(max(v, lo), hi)
#define DIV_ROUND_UP(n, d) (((n) + (d)-1) / (d))
#define round_up(x, y) ((((x)-1) | ((typeof(x))(y)-1)) + 1)
#define round_down(x, y) ((x) & ~((typeof(x))(y)-1))

/* A power of two, usable where C wants a constant. */
#define roundup_pow_of_two(n) ((n) <= 1 ? 1UL : 1UL << (64 - __builtin_clzl(((n)-1) | ((n) <= 1))))

#ifndef KERNEL_VERSION
#define KERNEL_VERSION(a, b, c) (((a) << 16) + ((b) << 8) + ((c) > 255 ? 255 : (c)))
#endif

#define ntohs(x) bpf_ntohs(x)
#define htons(x) bpf_htons(x)
#define ntohl(x) bpf_ntohl(x)
#define htonl(x) bpf_htonl(x)
#define be16_to_cpu(x) bpf_ntohs(x)
#define be32_to_cpu(x) bpf_ntohl(x)
#define be64_to_cpu(x) bpf_be64_to_cpu(x)
#define cpu_to_be16(x) bpf_htons(x)
#define cpu_to_be32(x) bpf_htonl(x)
#define cpu_to_be64(x) bpf_cpu_to_be64(x)
#define __be16_to_cpu(x) bpf_ntohs(x)
#define __be32_to_cpu(x) bpf_ntohl(x)
#define __be64_to_cpu(x) bpf_be64_to_cpu(x)
#define __cpu_to_be16(x) bpf_htons(x)
#define __cpu_to_be32(x) bpf_htonl(x)
#define __cpu_to_be64(x) bpf_cpu_to_be64(x)
#define __constant_htons(x) bpf_htons(x)
#define __constant_htonl(x) bpf_htonl(x)
#define __constant_ntohs(x) bpf_ntohs(x)
#define __constant_ntohl(x) bpf_ntohl(x)
/* BPF runs on little-endian machines here. */
#define le16_to_cpu(x) ((u16)(x))
#define le32_to_cpu(x) ((u32)(x))
#define le64_to_cpu(x) ((u64)(x))
#define cpu_to_le16(x) ((u16)(x))
#define cpu_to_le32(x) ((u32)(x))
#define cpu_to_le64(x) ((u64)(x))

#define memcpy(dst, src, n) __builtin_memcpy(dst, src, n)
#define memset(dst, c, n) __builtin_memset(dst, c, n)
#define memmove(dst, src, n) __builtin_memmove(dst, src, n)
static __always_inline int bpfts_memcmp(const void *a, const void *b, unsigned long n)
{
	const unsigned char *x = a, *y = b;

#pragma unroll
	for (unsigned long i = 0; i < n; i++)
		if (x[i] != y[i])
			return x[i] < y[i] ? -1 : 1;
	return 0;
}
#define memcmp(a, b, n) bpfts_memcmp(a, b, n)

#endif
