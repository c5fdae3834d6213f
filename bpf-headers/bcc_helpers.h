/* SPDX-License-Identifier: MIT */
/* BCC's own functions and its forms of kernel helpers. */
#ifndef BPFTS_BCC_HELPERS_H
#define BPFTS_BCC_HELPERS_H

/* bpf_trace_printk with a literal; more than three values go as an array. */
#define bpfts_printk_count_(a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, n, ...) n
#define bpfts_printk_form_(...) bpfts_printk_count_(__VA_ARGS__, many, many, many, many, many, many, many, many, many, few, few, few, few)
#define bpfts_printk(...) bpfts_paste(bpfts_printk_, bpfts_printk_form_(__VA_ARGS__))(__VA_ARGS__)
#define bpfts_printk_few(format, ...) \
	({ \
		static const char __bpfts_format[] = format; \
		bpf_trace_printk(__bpfts_format, sizeof(__bpfts_format), ##__VA_ARGS__); \
	})
/* Cast, since a text is an address here and clang would warn of it. */
#define bpfts_fill(values, ...) ___bpf_apply(bpfts_fill_, ___bpf_narg(__VA_ARGS__))(values, 0, __VA_ARGS__)
#define bpfts_fill_1(values, at, x) values[at] = (unsigned long long)(x)
#define bpfts_fill_2(values, at, x, ...) bpfts_fill_1(values, at, x); bpfts_fill_1(values, at + 1, __VA_ARGS__)
#define bpfts_fill_3(values, at, x, ...) bpfts_fill_1(values, at, x); bpfts_fill_2(values, at + 1, __VA_ARGS__)
#define bpfts_fill_4(values, at, x, ...) bpfts_fill_1(values, at, x); bpfts_fill_3(values, at + 1, __VA_ARGS__)
#define bpfts_fill_5(values, at, x, ...) bpfts_fill_1(values, at, x); bpfts_fill_4(values, at + 1, __VA_ARGS__)
#define bpfts_fill_6(values, at, x, ...) bpfts_fill_1(values, at, x); bpfts_fill_5(values, at + 1, __VA_ARGS__)
#define bpfts_fill_7(values, at, x, ...) bpfts_fill_1(values, at, x); bpfts_fill_6(values, at + 1, __VA_ARGS__)
#define bpfts_fill_8(values, at, x, ...) bpfts_fill_1(values, at, x); bpfts_fill_7(values, at + 1, __VA_ARGS__)
#define bpfts_fill_9(values, at, x, ...) bpfts_fill_1(values, at, x); bpfts_fill_8(values, at + 1, __VA_ARGS__)
#define bpfts_fill_10(values, at, x, ...) bpfts_fill_1(values, at, x); bpfts_fill_9(values, at + 1, __VA_ARGS__)
#define bpfts_fill_11(values, at, x, ...) bpfts_fill_1(values, at, x); bpfts_fill_10(values, at + 1, __VA_ARGS__)
#define bpfts_fill_12(values, at, x, ...) bpfts_fill_1(values, at, x); bpfts_fill_11(values, at + 1, __VA_ARGS__)
#define bpfts_printk_many(format, ...) \
	({ \
		static const char __bpfts_format[] = format; \
		unsigned long long __bpfts_values[___bpf_narg(__VA_ARGS__)]; \
		bpfts_fill(__bpfts_values, __VA_ARGS__); \
		bpf_trace_vprintk(__bpfts_format, sizeof(__bpfts_format), __bpfts_values, sizeof(__bpfts_values)); \
	})

/* The number of the highest bit that is set, from 1; 0 and 1 give 0 and 1. */
static __always_inline unsigned int bpfts_log2(unsigned int v)
{
	unsigned int r = (v > 0xffff) << 4;
	unsigned int shift;

	v >>= r;
	shift = (v > 0xff) << 3;
	v >>= shift;
	r |= shift;
	shift = (v > 0xf) << 2;
	v >>= shift;
	r |= shift;
	shift = (v > 0x3) << 1;
	v >>= shift;
	r |= shift;
	r |= v >> 1;
	return r;
}

static __always_inline unsigned int bpfts_log2l(unsigned long v)
{
	unsigned int high = v >> 32;

	return high ? bpfts_log2(high) + 32 + 1 : bpfts_log2(v) + 1;
}
/* The number of the lowest bit that is set, from 1; 0 has none. */
static __always_inline int bpfts_ffs(u64 v)
{
	return v == 0 ? 0 : (int)bpfts_log2l(v & -v);
}
#define bpf_log2(v) bpfts_log2(v)
#define bpf_log2l(v) bpfts_log2l(v)

/* Keeps the type of an iterator's records in the object, where the runtime finds it by the function. */
#define bpf_seq_write(seq, data, len) \
	({ \
		static typeof(&*(data)) __bpfts_record __attribute__((used, section(".bpfts.events"))); \
		bpf_seq_write(seq, data, len); \
	})

/* Adding a constant 0 is left out: clang would make an atomic `or` of it, which the kernel has since 5.12 alone. */
#define bpfts_add_atomic(ptr, val) \
	({ \
		typeof(*(ptr)) *__bpfts_sum = (ptr); \
		typeof(*(ptr)) __bpfts_term = (val); \
		if (!(__builtin_constant_p(__bpfts_term) && __bpfts_term == 0)) \
			(void)__sync_fetch_and_add(__bpfts_sum, __bpfts_term); \
	})
#define lock_xadd(ptr, val) bpfts_add_atomic(ptr, val)
#define CUR_CPU_IDENTIFIER BPF_F_CURRENT_CPU

#define MASK(n) ((n) < 64 ? (1ull << (n)) - 1 : ~0ull)
#define MASK128(n) ((n) < 128 ? ((unsigned __int128)1 << (n)) - 1 : ~(unsigned __int128)0)

/* LLVM's packet loads, in the host's byte order. */
unsigned long long load_byte(void *skb, unsigned long long off) asm("llvm.bpf.load.byte");
unsigned long long load_half(void *skb, unsigned long long off) asm("llvm.bpf.load.half");
unsigned long long load_word(void *skb, unsigned long long off) asm("llvm.bpf.load.word");
static __always_inline unsigned long long bpfts_load_dword(void *skb, unsigned long long off)
{
	return (load_word(skb, off) << 32) | load_word(skb, off + 4);
}
#define load_dword(skb, off) bpfts_load_dword(skb, off)

static __always_inline void bpfts_store(void *skb, u64 off, u64 val, u32 size)
{
	u8 byte = val;
	u16 half = bpf_htons(val);
	u32 word = bpf_htonl(val);
	u64 dword = bpf_cpu_to_be64(val);

	bpf_skb_store_bytes(skb, off, size == 1 ? (void *)&byte : size == 2 ? (void *)&half : size == 4 ? (void *)&word : (void *)&dword, size, 0);
}
#define bpf_store_byte(skb, off, val) bpfts_store(skb, off, val, 1)
#define bpf_store_half(skb, off, val) bpfts_store(skb, off, val, 2)
#define bpf_store_word(skb, off, val) bpfts_store(skb, off, val, 4)
#define bpf_store_dword(skb, off, val) bpfts_store(skb, off, val, 8)

/* A packet by fields: bits counted from the first of the header at offset pos, as they stand on the wire. */
static __always_inline u64 bpfts_packet_read(void *skb, u64 pos, u64 offset, u64 width)
{
	u64 first = offset / 8, last = (offset + width - 1) / 8, bytes = last - first + 1;
	u64 at = pos + first, value;

	if (bytes == 1)
		value = load_byte(skb, at);
	else if (bytes == 2)
		value = load_half(skb, at);
	else if (bytes == 3)
		value = load_half(skb, at) << 8 | load_byte(skb, at + 2);
	else if (bytes == 4)
		value = load_word(skb, at);
	else if (bytes == 6)
		value = load_word(skb, at) << 16 | load_half(skb, at + 4);
	else
		value = load_word(skb, at) << 32 | load_word(skb, at + 4);
	value >>= (last + 1) * 8 - (offset + width);
	return width < 64 ? value & ((1ull << width) - 1) : value;
}

static __always_inline void bpfts_packet_write(void *skb, u64 pos, u64 offset, u64 width, u64 value)
{
	u64 first = offset / 8, last = (offset + width - 1) / 8, bytes = last - first + 1;
	u64 shift = (last + 1) * 8 - (offset + width);
	u64 mask = (width < 64 ? (1ull << width) - 1 : ~0ull) << shift;
	u64 all = value << shift & mask;
	u8 wire[8];

	if (shift || offset % 8)
		all |= bpfts_packet_read(skb, pos, first * 8, bytes * 8) & ~mask;
#pragma unroll
	for (u64 i = 0; i < 8; i++)
		if (i < bytes)
			wire[i] = all >> (bytes - 1 - i) * 8;
	bpf_skb_store_bytes(skb, pos + first, wire, bytes, 0);
}

#define bpf_dext_pkt(skb, pos, offset, width) bpfts_packet_read(skb, pos, offset, width)
#define bpf_dins_pkt(skb, pos, offset, width, value) bpfts_packet_write(skb, pos, offset, width, value)

/* Marks a header of the text's own. */
#define BPF_PACKET_HEADER __attribute__((packed, annotate("bpfts_packet")))

/* Where a header begins; the cursor moves behind it. */
#define cursor_advance(cursor, length) \
	({ \
		void *__bpfts_here = (void *)(cursor); \
		(cursor) = (void *)((unsigned long)(cursor) + (length)); \
		__bpfts_here; \
	})

/* Corrections of checksums: values in the host's order, swapped by their size. */
static __always_inline u64 bpfts_to_network(u64 val, u32 size)
{
	return size == 2 ? bpf_htons(val) : size == 4 ? bpf_htonl(val) : size == 8 ? bpf_cpu_to_be64(val) : val;
}
#define bpfts_incr_cksum_l3(skb, off, oldval, newval) \
	bpf_l3_csum_replace((void *)(skb), (u64)(off), bpfts_to_network(oldval, sizeof(newval)), bpfts_to_network(newval, sizeof(newval)), sizeof(newval) & 0xf)
#define bpfts_incr_cksum_l4(skb, off, oldval, newval, flags) \
	bpf_l4_csum_replace((void *)(skb), (u64)(off), bpfts_to_network(oldval, sizeof(newval)), bpfts_to_network(newval, sizeof(newval)), (sizeof(newval) & 0xf) | ((flags) & 1 ? BPF_F_PSEUDO_HDR : 0))

#define bpf_ntohll(v) bpf_be64_to_cpu(v)
#define bpf_htonll(v) bpf_cpu_to_be64(v)
#define bpf_ntoh128(v) ({ unsigned __int128 __bpfts_v = (v); ((unsigned __int128)bpf_be64_to_cpu((u64)__bpfts_v) << 64) | bpf_be64_to_cpu((u64)(__bpfts_v >> 64)); })
#define bpf_hton128(v) bpf_ntoh128(v)

#endif
