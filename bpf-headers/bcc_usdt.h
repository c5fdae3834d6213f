/* SPDX-License-Identifier: MIT */
/* BCC's USDT readers on libbpf's: n counts from 1, the value comes through a pointer. */
#ifndef BPFTS_BCC_USDT_H
#define BPFTS_BCC_USDT_H

#define bpfts_usdt_readarg(n, ctx, out) \
	({ \
		long __bpfts_value = 0; \
		int __bpfts_err = bpf_usdt_arg((struct pt_regs *)(ctx), (n) - 1, &__bpfts_value); \
		if (!__bpfts_err) \
			*(out) = (typeof(*(out)))__bpfts_value; \
		__bpfts_err ? -1 : 0; \
	})
#define bpfts_usdt_readarg_p(n, ctx, buf, length) \
	({ \
		long __bpfts_address = 0; \
		int __bpfts_err = bpf_usdt_arg((struct pt_regs *)(ctx), (n) - 1, &__bpfts_address); \
		if (!__bpfts_err) \
			__bpfts_err = bpf_probe_read_user((void *)(buf), length, (const void *)__bpfts_address); \
		__bpfts_err ? -1 : 0; \
	})

#endif
