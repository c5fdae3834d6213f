/* SPDX-License-Identifier: MIT */
/*
 * Small functions of the kernel's headers, as macros: a text that defines its own of that name wins. Those that
 * load through a pointer or use constants of the headers stand in runtime/dialect/words/accessors.ts, since the
 * rewriter must get at their text.
 */
#ifndef BPFTS_KERNEL_FUNCTIONS_H
#define BPFTS_KERNEL_FUNCTIONS_H

#define div_u64(a, b) ((u64)(a) / (u32)(b))
#define div64_u64(a, b) ((u64)(a) / (u64)(b))
#define do_div(n, base) ({ u32 __bpfts_rest = (u64)(n) % (u32)(base); (n) = (u64)(n) / (u32)(base); __bpfts_rest; })
#define div_s64(a, b) ({ s64 __bpfts_n = (a); u64 __bpfts_q = (u64)(__bpfts_n < 0 ? -__bpfts_n : __bpfts_n) / (u32)(b); __bpfts_n < 0 ? -(s64)__bpfts_q : (s64)__bpfts_q; })
#define mult_frac(x, n, d) ({ typeof(x) __bpfts_x = (x); __bpfts_x / (d) * (n) + __bpfts_x % (d) * (n) / (d); })
#define upper_32_bits(n) ((u32)((u64)(n) >> 32))
#define lower_32_bits(n) ((u32)(n))

#define MINORBITS 20
#define MINORMASK ((1U << MINORBITS) - 1)
#define MAJOR(dev) ((unsigned int)((dev) >> MINORBITS))
#define MINOR(dev) ((unsigned int)((dev)&MINORMASK))
#define MKDEV(major, minor) (((major) << MINORBITS) | (minor))

/* ktime_t is a number of nanoseconds. Since: Linux 4.10. */
#define ktime_to_ns(t) ((s64)(t))
#define ns_to_ktime(ns) ((ktime_t)(ns))
#define ktime_to_us(t) div_s64(t, 1000)
#define ktime_to_ms(t) div_s64(t, 1000000)
#define ktime_add(a, b) ((ktime_t)((a) + (b)))
#define ktime_sub(a, b) ((ktime_t)((a) - (b)))
#define ktime_add_ns(t, ns) ((ktime_t)((t) + (ns)))
#define ktime_sub_ns(t, ns) ((ktime_t)((t) - (ns)))
#define ktime_us_delta(later, earlier) ktime_to_us(ktime_sub(later, earlier))
#define ktime_ms_delta(later, earlier) ktime_to_ms(ktime_sub(later, earlier))

#define IS_ERR_VALUE(x) ((unsigned long)(void *)(x) >= (unsigned long)-4095)
#define IS_ERR(ptr) IS_ERR_VALUE((unsigned long)(ptr))
#define IS_ERR_OR_NULL(ptr) (!(ptr) || IS_ERR(ptr))
#define PTR_ERR(ptr) ((long)(ptr))
#define ERR_PTR(err) ((void *)(long)(err))

/* Views of a socket as what it is part of. */
#define inet_sk(sk) ((struct inet_sock *)(sk))
#define inet_csk(sk) ((struct inet_connection_sock *)(sk))
#define tcp_sk(sk) ((struct tcp_sock *)(sk))
#define udp_sk(sk) ((struct udp_sock *)(sk))
#define raw_sk(sk) ((struct raw_sock *)(sk))
#define unix_sk(sk) ((struct unix_sock *)(sk))
#define inet_rsk(req) ((struct inet_request_sock *)(req))
#define tcp_rsk(req) ((struct tcp_request_sock *)(req))
#define inet_twsk(sk) ((struct inet_timewait_sock *)(sk))
#define TCP_SKB_CB(skb) ((struct tcp_skb_cb *)&((skb)->cb[0]))

#define folio_page(folio, n) (&(folio)->page + (n))

#endif
