/* SPDX-License-Identifier: MIT */
/*
 * Implicit reads: what the runtime puts around a load through a pointer that
 * the verifier does not let a program follow. A read that fails gives zeros,
 * because the helpers clear what they could not fill. Kernel structs carry
 * preserve_access_index, so the address is relocated to the running kernel.
 */
#ifndef BPFTS_BCC_READS_H
#define BPFTS_BCC_READS_H

/* The type without qualifiers: a comma drops them. */
#define bpfts_plain_type(lvalue) typeof(((void)0, lvalue))

#define bpfts_read_by(helper, lvalue) \
	({ \
		__auto_type __bpfts_from = &(lvalue); \
		bpfts_plain_type(*__bpfts_from) __bpfts_value; \
		helper((void *)&__bpfts_value, sizeof(__bpfts_value), (const void *)__bpfts_from); \
		__bpfts_value; \
	})

/* A kernel address. */
#define bpfts_read_kernel(lvalue) bpfts_read_by(bpf_probe_read_kernel, lvalue)
/* An address of the kernel or of the process: the helper tells them apart on x86 and arm64. */
#define bpfts_read_any(lvalue) bpfts_read_by(bpf_probe_read, lvalue)

/* The lower half of 64 bits that a context holds: the move is there for the verifier, to which it clears the upper half. */
#define bpfts_read_half(lvalue) \
	({ \
		unsigned int __bpfts_half = (unsigned int)(lvalue); \
		asm volatile("%0 = %0" : "+w"(__bpfts_half)); \
		__bpfts_half; \
	})

/* A bit-field, by the bytes that hold it. */
#define bpfts_read_bits_by(helper, base, member) \
	({ \
		__auto_type __bpfts_base = (base); \
		unsigned long long __bpfts_bits = 0; \
		unsigned int __bpfts_size = __builtin_preserve_field_info(__bpfts_base->member, BPF_FIELD_BYTE_SIZE); \
		if (__bpfts_size > sizeof(__bpfts_bits)) \
			__bpfts_size = sizeof(__bpfts_bits); \
		helper((void *)&__bpfts_bits, __bpfts_size, (const void *)__bpfts_base + __builtin_preserve_field_info(__bpfts_base->member, BPF_FIELD_BYTE_OFFSET)); \
		__bpfts_bits <<= __builtin_preserve_field_info(__bpfts_base->member, BPF_FIELD_LSHIFT_U64); \
		(typeof(((void)0, __bpfts_base->member)))(__builtin_preserve_field_info(__bpfts_base->member, BPF_FIELD_SIGNED) ? \
			(unsigned long long)((long long)__bpfts_bits >> __builtin_preserve_field_info(__bpfts_base->member, BPF_FIELD_RSHIFT_U64)) : \
			__bpfts_bits >> __builtin_preserve_field_info(__bpfts_base->member, BPF_FIELD_RSHIFT_U64)); \
	})
#define bpfts_read_bits_kernel(base, member) bpfts_read_bits_by(bpf_probe_read_kernel, base, member)
#define bpfts_read_bits_any(base, member) bpfts_read_bits_by(bpf_probe_read, base, member)

/* The same in a struct of the text's own, which has no layout in the kernel's types: by a copy of the whole. */
#define bpfts_read_own_bits_by(helper, base, member) \
	({ \
		__auto_type __bpfts_base = (base); \
		bpfts_plain_type(*__bpfts_base) __bpfts_copy; \
		helper((void *)&__bpfts_copy, sizeof(__bpfts_copy), (const void *)__bpfts_base); \
		__bpfts_copy.member; \
	})
#define bpfts_read_own_bits_kernel(base, member) bpfts_read_own_bits_by(bpf_probe_read_kernel, base, member)
#define bpfts_read_own_bits_any(base, member) bpfts_read_own_bits_by(bpf_probe_read, base, member)

#endif
