/* SPDX-License-Identifier: MIT */
/*
 * Small functions of the kernel's headers, as macros: a text that defines its own of that name wins. Those that
 * load through a pointer stand in runtime/dialect/words/accessors.ts, since the rewriter must get at their text.
 */
#ifndef BPFTS_KERNEL_FUNCTIONS_H
#define BPFTS_KERNEL_FUNCTIONS_H

#define div_u64(a, b) ((u64)(a) / (u32)(b))
#define div64_u64(a, b) ((u64)(a) / (u64)(b))
#define do_div(n, base) ({ u32 __bpfts_rest = (u64)(n) % (u32)(base); (n) = (u64)(n) / (u32)(base); __bpfts_rest; })
#define upper_32_bits(n) ((u32)((u64)(n) >> 32))
#define lower_32_bits(n) ((u32)(n))

#define S_ISLNK(m) (((m)&S_IFMT) == S_IFLNK)
#define S_ISREG(m) (((m)&S_IFMT) == S_IFREG)
#define S_ISDIR(m) (((m)&S_IFMT) == S_IFDIR)
#define S_ISCHR(m) (((m)&S_IFMT) == S_IFCHR)
#define S_ISBLK(m) (((m)&S_IFMT) == S_IFBLK)
#define S_ISFIFO(m) (((m)&S_IFMT) == S_IFIFO)
#define S_ISSOCK(m) (((m)&S_IFMT) == S_IFSOCK)

#define MINORBITS 20
#define MINORMASK ((1U << MINORBITS) - 1)
#define MAJOR(dev) ((unsigned int)((dev) >> MINORBITS))
#define MINOR(dev) ((unsigned int)((dev)&MINORMASK))
#define MKDEV(major, minor) (((major) << MINORBITS) | (minor))

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
