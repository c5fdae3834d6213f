/* SPDX-License-Identifier: MIT */
/*
 * BCC's readers of USDT arguments. The loader writes into a table where each
 * argument of a probe is when it is hit, and gives the probe the number of its
 * row. libbpf has such readers too, but no operands with an index before 1.7.
 */
#ifndef BPFTS_BCC_USDT_H
#define BPFTS_BCC_USDT_H

#define __BPFTS_USDT_ARGS 12
#define __BPFTS_USDT_SPECS 257
#define __BPFTS_USDT_NO_REGISTER 0xffff

enum __bpfts_usdt_operand { __BPFTS_USDT_UNREADABLE, __BPFTS_USDT_CONSTANT, __BPFTS_USDT_REGISTER, __BPFTS_USDT_MEMORY, __BPFTS_USDT_THREAD };

struct __bpfts_usdt_arg {
	long long value; /* of a constant; of memory, what is added to the registers */
	unsigned short base;
	unsigned short index;
	unsigned char operand;
	unsigned char shift;
	unsigned char size;
	unsigned char is_signed;
};

struct __bpfts_usdt_spec {
	struct __bpfts_usdt_arg args[__BPFTS_USDT_ARGS];
	unsigned int count;
	unsigned int unused;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, __BPFTS_USDT_SPECS);
	__type(key, unsigned int);
	__type(value, struct __bpfts_usdt_spec);
} __bpfts_usdt_specs SEC(".maps");

/* For kernels before 5.15, which cannot give a probe a number. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, unsigned long long);
	__type(value, unsigned int);
} __bpfts_usdt_addresses SEC(".maps");

/* A flavour of its own: the kernel's enum may lack the word. */
enum bpf_func_id___bpfts_usdt { BPF_FUNC_get_attach_cookie___bpfts_usdt = 174 };

static __always_inline struct __bpfts_usdt_spec *__bpfts_usdt_find(struct pt_regs *ctx)
{
	unsigned int spec;
	if (bpf_core_enum_value_exists(enum bpf_func_id___bpfts_usdt, BPF_FUNC_get_attach_cookie___bpfts_usdt)) {
		spec = (unsigned int)bpf_get_attach_cookie(ctx);
	} else {
		unsigned long long address = PT_REGS_IP(ctx);
		unsigned int *found = bpf_map_lookup_elem(&__bpfts_usdt_addresses, &address);
		if (!found)
			return 0;
		spec = *found;
	}
	return bpf_map_lookup_elem(&__bpfts_usdt_specs, &spec);
}

static __always_inline unsigned long long __bpfts_usdt_register(struct pt_regs *ctx, unsigned short offset)
{
	unsigned long long value = 0;
	if (offset != __BPFTS_USDT_NO_REGISTER)
		bpf_probe_read_kernel(&value, sizeof(value), (char *)ctx + offset);
	return value;
}

/* A thread's own address, from which its own variables are counted. */
static __always_inline unsigned long long __bpfts_usdt_thread(void)
{
#ifdef __TARGET_ARCH_x86
	return BPF_CORE_READ((struct task_struct *)bpf_get_current_task(), thread.fsbase);
#else
	return 0;
#endif
}

static __always_inline int __bpfts_usdt_value(struct pt_regs *ctx, unsigned int n, unsigned long long *out)
{
	struct __bpfts_usdt_spec *spec = __bpfts_usdt_find(ctx);
	struct __bpfts_usdt_arg *arg;
	unsigned long long value, unused;
	if (!spec || n >= __BPFTS_USDT_ARGS || n >= spec->count)
		return -1;
	arg = &spec->args[n];
	value = arg->value;
	if (arg->operand == __BPFTS_USDT_REGISTER) {
		value = __bpfts_usdt_register(ctx, arg->base);
	} else if (arg->operand == __BPFTS_USDT_MEMORY || arg->operand == __BPFTS_USDT_THREAD) {
		if (arg->operand == __BPFTS_USDT_THREAD)
			value += __bpfts_usdt_thread();
		value += __bpfts_usdt_register(ctx, arg->base) + (__bpfts_usdt_register(ctx, arg->index) << (arg->shift & 3));
		unused = 0;
		/* Not one byte more than the argument has: the next one may not be there. */
		if (bpf_probe_read_user(&unused, arg->size == 8 ? 8 : arg->size == 4 ? 4 : arg->size == 2 ? 2 : 1, (void *)value))
			return -1;
		value = unused;
	} else if (arg->operand != __BPFTS_USDT_CONSTANT) {
		return -1;
	}
	/* Both architectures are little-endian: what is not the argument's is on top. */
	unused = arg->size < 8 ? 64 - arg->size * 8 : 0;
	value <<= unused & 63;
	*out = arg->is_signed ? (unsigned long long)((long long)value >> (unused & 63)) : value >> (unused & 63);
	return 0;
}

/* A failure writes zero: were the variable left as it was, clang would conclude from one without a value that nothing ever fails. */
#define bpfts_usdt_readarg(n, ctx, out) \
	({ \
		unsigned long long __bpfts_value = 0; \
		int __bpfts_err = __bpfts_usdt_value((struct pt_regs *)(ctx), (n) - 1, &__bpfts_value); \
		*(out) = (typeof(*(out)))__bpfts_value; \
		__bpfts_err; \
	})
#define bpfts_usdt_readarg_p(n, ctx, buf, length) \
	({ \
		unsigned long long __bpfts_address = 0; \
		int __bpfts_err = __bpfts_usdt_value((struct pt_regs *)(ctx), (n) - 1, &__bpfts_address); \
		if (!__bpfts_err) \
			__bpfts_err = bpf_probe_read_user((void *)(buf), length, (const void *)__bpfts_address); \
		__bpfts_err ? -1 : 0; \
	})

#endif
