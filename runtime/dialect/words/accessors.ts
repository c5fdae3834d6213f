import type { Token } from "../text/lexer.ts";

/**
 * Inline functions of the kernel's headers that go through a pointer or need constants of the headers, as macros.
 * They are put before the texts that use them, not into the prelude: there the
 * rewriter can make the loads in them explicit, and the constants stand beside them.
 */
export const accessorMacros: Readonly<Record<string, string>> = {
  skb_transport_header: "skb_transport_header(skb) ((unsigned char *)((skb)->head + (skb)->transport_header))",
  skb_network_header: "skb_network_header(skb) ((unsigned char *)((skb)->head + (skb)->network_header))",
  skb_mac_header: "skb_mac_header(skb) ((unsigned char *)((skb)->head + (skb)->mac_header))",
  skb_end_pointer: "skb_end_pointer(skb) ((unsigned char *)((skb)->head + (skb)->end))",
  skb_shinfo: "skb_shinfo(skb) ((struct skb_shared_info *)((skb)->head + (skb)->end))",
  skb_headlen: "skb_headlen(skb) ((skb)->len - (skb)->data_len)",
  eth_hdr: "eth_hdr(skb) ((struct ethhdr *)((skb)->head + (skb)->mac_header))",
  ip_hdr: "ip_hdr(skb) ((struct iphdr *)((skb)->head + (skb)->network_header))",
  ipv6_hdr: "ipv6_hdr(skb) ((struct ipv6hdr *)((skb)->head + (skb)->network_header))",
  tcp_hdr: "tcp_hdr(skb) ((struct tcphdr *)((skb)->head + (skb)->transport_header))",
  udp_hdr: "udp_hdr(skb) ((struct udphdr *)((skb)->head + (skb)->transport_header))",
  icmp_hdr: "icmp_hdr(skb) ((struct icmphdr *)((skb)->head + (skb)->transport_header))",
  skb_get_queue_mapping: "skb_get_queue_mapping(skb) ((u16)(skb)->queue_mapping)",
  skb_rx_queue_recorded: "skb_rx_queue_recorded(skb) ((skb)->queue_mapping != 0)",
  skb_get_rx_queue: "skb_get_rx_queue(skb) ((u16)((skb)->queue_mapping - 1))",
  // The two low bits of a scatterlist's page link: chained, last.
  sg_is_chain: "sg_is_chain(sg) ((sg)->page_link & 1)",
  sg_is_last: "sg_is_last(sg) ((sg)->page_link & 2)",
  sg_chain_ptr: "sg_chain_ptr(sg) ((struct scatterlist *)((sg)->page_link & ~3UL))",
  sg_page: "sg_page(sg) ((struct page *)((sg)->page_link & ~3UL))",
  file_inode: "file_inode(file) ((file)->f_inode)",
  file_dentry: "file_dentry(file) ((file)->f_path.dentry)",
  d_inode: "d_inode(dentry) ((dentry)->d_inode)",
  d_backing_inode: "d_backing_inode(dentry) ((dentry)->d_inode)",
  i_size_read: "i_size_read(inode) ((inode)->i_size)",
  i_uid_read: "i_uid_read(inode) ((inode)->i_uid.val)",
  i_gid_read: "i_gid_read(inode) ((inode)->i_gid.val)",
  task_pid_nr: "task_pid_nr(task) ((task)->pid)",
  task_tgid_nr: "task_tgid_nr(task) ((task)->tgid)",
  atomic_read: "atomic_read(v) ((v)->counter)",
  atomic64_read: "atomic64_read(v) ((v)->counter)",
  atomic_long_read: "atomic_long_read(v) ((v)->counter)",
  refcount_read: "refcount_read(r) ((r)->refs.counter)",
  dev_net: "dev_net(dev) ((dev)->nd_net.net)",
  sock_net: "sock_net(sk) ((sk)->__sk_common.skc_net.net)",
  read_pnet: "read_pnet(pnet) ((pnet)->net)",
  // Requests of block devices.
  req_op: "req_op(rq) ((rq)->cmd_flags & REQ_OP_MASK)",
  bio_op: "bio_op(bio) ((bio)->bi_opf & REQ_OP_MASK)",
  op_is_write: "op_is_write(op) (!!((op) & 1))",
  rq_data_dir: "rq_data_dir(rq) ((int)((rq)->cmd_flags & 1))",
  bio_data_dir: "bio_data_dir(bio) ((int)((bio)->bi_opf & 1))",
  blk_rq_pos: "blk_rq_pos(rq) ((rq)->__sector)",
  blk_rq_bytes: "blk_rq_bytes(rq) ((rq)->__data_len)",
  blk_rq_sectors: "blk_rq_sectors(rq) ((rq)->__data_len >> 9)",
  bio_sectors: "bio_sectors(bio) ((bio)->bi_iter.bi_size >> 9)",
  // Modes of files.
  S_ISLNK: "S_ISLNK(m) (((m) & S_IFMT) == S_IFLNK)",
  S_ISREG: "S_ISREG(m) (((m) & S_IFMT) == S_IFREG)",
  S_ISDIR: "S_ISDIR(m) (((m) & S_IFMT) == S_IFDIR)",
  S_ISCHR: "S_ISCHR(m) (((m) & S_IFMT) == S_IFCHR)",
  S_ISBLK: "S_ISBLK(m) (((m) & S_IFMT) == S_IFBLK)",
  S_ISFIFO: "S_ISFIFO(m) (((m) & S_IFMT) == S_IFIFO)",
  S_ISSOCK: "S_ISSOCK(m) (((m) & S_IFMT) == S_IFSOCK)",
  task_nice: "task_nice(task) ((task)->static_prio - DEFAULT_PRIO)",
  timespec64_to_ns: "timespec64_to_ns(ts) ((s64)(ts)->tv_sec * NSEC_PER_SEC + (ts)->tv_nsec)",
  sock_flag: "sock_flag(sk, flag) (((sk)->__sk_common.skc_flags >> (flag)) & 1)",
  jiffies_to_msecs: "jiffies_to_msecs(j) ((unsigned int)((u64)(j) * MSEC_PER_SEC / HZ))",
  jiffies_to_usecs: "jiffies_to_usecs(j) ((unsigned int)((u64)(j) * USEC_PER_SEC / HZ))",
  jiffies_to_nsecs: "jiffies_to_nsecs(j) ((u64)(j) * NSEC_PER_SEC / HZ)",
  msecs_to_jiffies: "msecs_to_jiffies(ms) (((u64)(ms) * HZ + MSEC_PER_SEC - 1) / MSEC_PER_SEC)",
  test_bit: "test_bit(n, p) ((((const unsigned long *)(p))[(n) / 64] >> ((n) % 64)) & 1)",
  list_first_entry: "list_first_entry(ptr, type, member) container_of((ptr)->next, type, member)",
  list_next_entry: "list_next_entry(pos, member) container_of((pos)->member.next, typeof(*(pos)), member)",
};

/** Renders the accessors that a text calls and does not define itself. */
export function renderAccessors(tokens: readonly Token[], definedNames: readonly string[]): string[] {
  const used = new Set<string>();
  const own = new Set(definedNames);
  tokens.forEach((token, index) => {
    if (token.kind !== "word" || !Object.hasOwn(accessorMacros, token.text)) return;
    if (tokens[index - 1]?.text === "define") own.add(token.text);
    else if (tokens[index + 1]?.text === "(") used.add(token.text);
  });
  return [...used].filter((name) => !own.has(name)).map((name) => `#define ${accessorMacros[name]!}`);
}
