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

#define roundup(x, y) ((((x) + (typeof(x))(y)-1) / (typeof(x))(y)) * (typeof(x))(y))
#define rounddown(x, y) ((x) - (x) % (typeof(x))(y))
#define ALIGN(x, a) (((x) + ((typeof(x))(a)-1)) & ~((typeof(x))(a)-1))
#define ALIGN_DOWN(x, a) ((x) & ~((typeof(x))(a)-1))
#define PTR_ALIGN(p, a) ((typeof(p))ALIGN((unsigned long)(p), (a)))
#define IS_ALIGNED(x, a) (((x) & ((typeof(x))(a)-1)) == 0)
#define DIV_ROUND_DOWN_ULL(n, d) ((u64)(n) / (u64)(d))
#define DIV_ROUND_UP_ULL(n, d) (((u64)(n) + (u64)(d)-1) / (u64)(d))
#define GENMASK(high, low) ((~0UL << (low)) & (~0UL >> (63 - (high))))
#define GENMASK_ULL(high, low) ((~0ULL << (low)) & (~0ULL >> (63 - (high))))
#define FIELD_GET(mask, reg) (((reg) & (mask)) / ((mask) & -(mask)))
#define FIELD_PREP(mask, value) (((value) * ((mask) & -(mask))) & (mask))
#define is_power_of_2(n) ({ u64 __bpfts_n = (n); __bpfts_n != 0 && (__bpfts_n & (__bpfts_n - 1)) == 0; })
#define clamp_t(type, v, lo, hi) min_t(type, max_t(type, v, lo), hi)
#define min3(a, b, c) min(min(a, b), c)
#define max3(a, b, c) max(max(a, b), c)
#define swap(a, b) ({ typeof(a) __bpfts_s = (a); (a) = (b); (b) = __bpfts_s; })
#define abs(x) ({ typeof(x) __bpfts_x = (x); __bpfts_x < 0 ? -__bpfts_x : __bpfts_x; })

/* The position of the highest bit, in a register or where C wants a constant. */
#define ilog2(n) (__builtin_constant_p(n) ? bpfts_constant_log2((u64)(n)) : (int)bpfts_log2l(n) - 1)
#define bpfts_constant_log2(n) ((n) == 0 ? 0 : 63 - __builtin_clzll((n) | ((n) == 0)))
#define order_base_2(n) ((n) <= 1 ? 0 : ilog2((n)-1) + 1)

/* Whether an option of the kernel's configuration is y, or m: 1 or 0, for #if too. The text before names the options. */
#define __bpfts_is_1(x) __bpfts_is_2(x)
#define __bpfts_is_2(x) __bpfts_is_3(__bpfts_set_##x)
#define __bpfts_is_3(x) __bpfts_second(x 1, 0)
#define __bpfts_second(ignored, value, ...) value
#define __bpfts_set_1 0,
#define IS_BUILTIN(option) __bpfts_is_1(option)
#define IS_MODULE(option) __bpfts_is_1(option##_MODULE)
#define IS_ENABLED(option) (IS_BUILTIN(option) || IS_MODULE(option))
#define IS_REACHABLE(option) IS_BUILTIN(option)

/*
 * clang makes no BPF code of these: version 14 crashes or does not end. They are worked out by halves; a constant
 * stays one, so that they may stand where C wants it. Zero has no highest bit: the value is anything then, as in C.
 */
#define __builtin_clzll(x) (__builtin_constant_p(x) ? __builtin_clzll(x) : 64 - (int)bpfts_log2l(x))
#define __builtin_clzl(x) (__builtin_constant_p(x) ? __builtin_clzl(x) : 64 - (int)bpfts_log2l(x))
#define __builtin_clz(x) (__builtin_constant_p(x) ? __builtin_clz(x) : 32 - (int)bpfts_log2l((u32)(x)))
#define __builtin_ctzll(x) (__builtin_constant_p(x) ? __builtin_ctzll(x) : bpfts_ffs(x) - 1)
#define __builtin_ctzl(x) (__builtin_constant_p(x) ? __builtin_ctzl(x) : bpfts_ffs(x) - 1)
#define __builtin_ctz(x) (__builtin_constant_p(x) ? __builtin_ctz(x) : bpfts_ffs((u32)(x)) - 1)
#define __builtin_ffsll(x) (__builtin_constant_p(x) ? __builtin_ffsll(x) : bpfts_ffs(x))
#define __builtin_ffsl(x) (__builtin_constant_p(x) ? __builtin_ffsl(x) : bpfts_ffs(x))
#define __builtin_ffs(x) (__builtin_constant_p(x) ? __builtin_ffs(x) : bpfts_ffs((u32)(x)))
#define fls64(x) ({ u64 __bpfts_n = (x); __bpfts_n == 0 ? 0 : (int)bpfts_log2l(__bpfts_n); })
#define fls(x) fls64((u32)(x))
#define __fls(x) ((unsigned long)(bpfts_log2l(x) - 1))
#define __ffs(x) ((unsigned long)(bpfts_ffs(x) - 1))
#define __ffs64(x) __ffs(x)
#define ffs(x) __builtin_ffs(x)
#define hweight64(x) ((unsigned long)__builtin_popcountll(x))
#define hweight32(x) ((unsigned int)__builtin_popcount(x))

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
