/* SPDX-License-Identifier: MIT */
/* Small functions of the kernel's headers, as macros: a text that defines its own of that name wins. */
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

/* Headers of a packet, from its buffer. */
#define skb_transport_header(skb) ((unsigned char *)((skb)->head + (skb)->transport_header))
#define skb_network_header(skb) ((unsigned char *)((skb)->head + (skb)->network_header))
#define skb_mac_header(skb) ((unsigned char *)((skb)->head + (skb)->mac_header))
#define eth_hdr(skb) ((struct ethhdr *)skb_mac_header(skb))
#define ip_hdr(skb) ((struct iphdr *)skb_network_header(skb))
#define ipv6_hdr(skb) ((struct ipv6hdr *)skb_network_header(skb))
#define tcp_hdr(skb) ((struct tcphdr *)skb_transport_header(skb))
#define udp_hdr(skb) ((struct udphdr *)skb_transport_header(skb))
#define icmp_hdr(skb) ((struct icmphdr *)skb_transport_header(skb))

/* A packet's receive queue is kept with one added, zero means none. */
#define skb_get_queue_mapping(skb) ((u16)(skb)->queue_mapping)
#define skb_rx_queue_recorded(skb) ((skb)->queue_mapping != 0)
#define skb_get_rx_queue(skb) ((u16)((skb)->queue_mapping - 1))

/* The two low bits of a scatterlist's page link: chained, last. */
#define sg_is_chain(sg) ((sg)->page_link & 1)
#define sg_is_last(sg) ((sg)->page_link & 2)
#define sg_chain_ptr(sg) ((struct scatterlist *)((sg)->page_link & ~3UL))
#define sg_page(sg) ((struct page *)((sg)->page_link & ~3UL))

#define folio_page(folio, n) (&(folio)->page + (n))
#define file_inode(file) ((file)->f_inode)
#define d_inode(dentry) ((dentry)->d_inode)
#define d_backing_inode(dentry) ((dentry)->d_inode)
#define i_size_read(inode) ((inode)->i_size)
#define i_uid_read(inode) ((inode)->i_uid.val)
#define i_gid_read(inode) ((inode)->i_gid.val)
#define task_pid_nr(task) ((task)->pid)
#define task_tgid_nr(task) ((task)->tgid)
#define atomic_read(v) ((v)->counter)
#define atomic64_read(v) ((v)->counter)
#define atomic_long_read(v) ((v)->counter)
#define refcount_read(r) ((r)->refs.counter)
#define dev_net(dev) ((dev)->nd_net.net)
#define sock_net(sk) ((sk)->__sk_common.skc_net.net)
#define read_pnet(pnet) ((pnet)->net)
#define test_bit(n, p) ((((const unsigned long *)(p))[(n) / 64] >> ((n) % 64)) & 1)

#endif
