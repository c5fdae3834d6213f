/**
 * The methods of maps in BCC's dialect, one row each: how a call is written and which macro of `bpf-headers/` does it.
 */

/** A method of a map: `counts.lookup(&key)`. */
export interface MethodWord {
  readonly name: string;
  /** The macro of `bpf-headers/bcc_methods.h` that takes the map and the arguments. */
  readonly macro: string;
  readonly args: readonly [min: number, max: number];
  /** The map kinds that have it; undefined when all may. */
  readonly kinds?: readonly string[];
  /** Whether a failed call counts as a lost event. */
  readonly losing?: true;
  readonly doc: string;
}

const rings = ["perf_output", "perf_array", "ringbuf", "extern"] as const;

export const methodWords: readonly MethodWord[] = [
  { name: "lookup", macro: "bpfts_lookup", args: [1, 1], doc: "m.lookup(&key): a pointer to the value, or NULL" },
  {
    name: "lookup_or_try_init",
    macro: "bpfts_lookup_or_try_init",
    args: [2, 2],
    doc: "m.lookup_or_try_init(&key, &init): the value, made from init when missing; NULL when that failed",
  },
  {
    name: "lookup_or_init",
    macro: "bpfts_lookup_or_init",
    args: [2, 2],
    doc: "m.lookup_or_init(&key, &init): as lookup_or_try_init, but returns 0 from the function when it failed",
  },
  {
    name: "update",
    macro: "bpfts_update",
    args: [2, 2],
    doc: "m.update(&key, &value): sets the value; 0 or a negative error",
  },
  {
    name: "insert",
    macro: "bpfts_insert",
    args: [2, 2],
    doc: "m.insert(&key, &value): sets the value of a new key; -EEXIST when there is one",
  },
  { name: "delete", macro: "bpfts_delete", args: [1, 1], doc: "m.delete(&key): 0 or a negative error" },
  {
    name: "increment",
    macro: "bpfts_increment",
    args: [1, 2],
    doc: "m.increment(key[, n]): adds n (1); a missing key is made in hashes of every kind",
  },
  {
    name: "atomic_increment",
    macro: "bpfts_atomic_increment",
    args: [1, 2],
    doc: "m.atomic_increment(key[, n]): as increment, with an atomic add",
  },
  {
    name: "perf_submit",
    macro: "bpfts_perf_submit",
    args: [3, 3],
    kinds: ["perf_output", "perf_array", "extern"],
    losing: true,
    doc: "m.perf_submit(ctx, &data, size): sends an event; 0 or a negative error",
  },
  {
    name: "perf_submit_skb",
    macro: "bpfts_perf_submit_skb",
    args: [4, 4],
    kinds: ["perf_output", "perf_array", "extern"],
    losing: true,
    doc: "m.perf_submit_skb(skb, length, &data, size): sends an event followed by packet bytes",
  },
  {
    name: "ringbuf_output",
    macro: "bpfts_ringbuf_output",
    args: [3, 3],
    kinds: ["ringbuf", "extern"],
    losing: true,
    doc: "m.ringbuf_output(&data, size, flags): sends an event; 0 or a negative error",
  },
  {
    name: "ringbuf_reserve",
    macro: "bpfts_ringbuf_reserve",
    args: [1, 1],
    kinds: ["ringbuf", "extern"],
    losing: true,
    doc: "m.ringbuf_reserve(size): room for an event, or NULL",
  },
  {
    name: "ringbuf_submit",
    macro: "bpfts_ringbuf_submit",
    args: [2, 2],
    kinds: ["ringbuf", "extern"],
    doc: "m.ringbuf_submit(event, flags): sends a reserved event",
  },
  {
    name: "ringbuf_discard",
    macro: "bpfts_ringbuf_discard",
    args: [2, 2],
    kinds: ["ringbuf", "extern"],
    doc: "m.ringbuf_discard(event, flags): gives reserved room back",
  },
  {
    name: "ringbuf_query",
    macro: "bpfts_ringbuf_query",
    args: [1, 1],
    kinds: ["ringbuf", "user_ringbuf", "extern"],
    doc: "m.ringbuf_query(flags): a number about the buffer",
  },
  {
    name: "perf_read",
    macro: "bpfts_perf_read",
    args: [1, 1],
    kinds: rings,
    doc: "m.perf_read(cpu): a hardware counter, or a negative error as u64",
  },
  {
    name: "perf_counter_value",
    macro: "bpfts_perf_counter_value",
    args: [3, 3],
    kinds: rings,
    doc: "m.perf_counter_value(cpu, &value, size): a hardware counter with its times",
  },
  {
    name: "get_stackid",
    macro: "bpfts_get_stackid",
    args: [2, 2],
    kinds: ["stacktrace", "extern"],
    doc: "m.get_stackid(ctx, flags): the id of the stack, or a negative error",
  },
  {
    name: "call",
    macro: "bpfts_call",
    args: [2, 2],
    kinds: ["prog", "extern"],
    doc: "m.call(ctx, index): jumps to another program; comes back only when there is none",
  },
  {
    name: "check_current_task",
    macro: "bpfts_check_current_task",
    args: [1, 1],
    kinds: ["cgroup_array", "extern"],
    doc: "m.check_current_task(index): 1 when the task is in that cgroup",
  },
  {
    name: "redirect_map",
    macro: "bpfts_redirect_map",
    args: [2, 2],
    doc: "m.redirect_map(index, flags): XDP_REDIRECT, or the lower bits of flags",
  },
  {
    name: "sock_map_update",
    macro: "bpfts_sock_map_update",
    args: [3, 3],
    doc: "m.sock_map_update(skops, &key, flags)",
  },
  {
    name: "sock_hash_update",
    macro: "bpfts_sock_hash_update",
    args: [3, 3],
    doc: "m.sock_hash_update(skops, &key, flags)",
  },
  {
    name: "msg_redirect_hash",
    macro: "bpfts_msg_redirect_hash",
    args: [3, 3],
    doc: "m.msg_redirect_hash(msg, &key, flags)",
  },
  {
    name: "sk_redirect_hash",
    macro: "bpfts_sk_redirect_hash",
    args: [3, 3],
    doc: "m.sk_redirect_hash(skb, &key, flags)",
  },
  {
    name: "sk_storage_get",
    macro: "bpfts_sk_storage_get",
    args: [3, 3],
    doc: "m.sk_storage_get(sk, init, flags): the socket's value, or NULL",
  },
  { name: "sk_storage_delete", macro: "bpfts_sk_storage_delete", args: [1, 1], doc: "m.sk_storage_delete(sk)" },
  {
    name: "inode_storage_get",
    macro: "bpfts_inode_storage_get",
    args: [3, 3],
    doc: "m.inode_storage_get(inode, init, flags): the inode's value, or NULL",
  },
  {
    name: "inode_storage_delete",
    macro: "bpfts_inode_storage_delete",
    args: [1, 1],
    doc: "m.inode_storage_delete(inode)",
  },
  {
    name: "task_storage_get",
    macro: "bpfts_task_storage_get",
    args: [3, 3],
    doc: "m.task_storage_get(task, init, flags): the task's value, or NULL",
  },
  { name: "task_storage_delete", macro: "bpfts_task_storage_delete", args: [1, 1], doc: "m.task_storage_delete(task)" },
  {
    name: "cgrp_storage_get",
    macro: "bpfts_cgrp_storage_get",
    args: [3, 3],
    doc: "m.cgrp_storage_get(cgroup, init, flags): the cgroup's value, or NULL (not in BCC)",
  },
  {
    name: "cgrp_storage_delete",
    macro: "bpfts_cgrp_storage_delete",
    args: [1, 1],
    doc: "m.cgrp_storage_delete(cgroup) (not in BCC)",
  },
  {
    name: "get_local_storage",
    macro: "bpfts_get_local_storage",
    args: [1, 1],
    doc: "m.get_local_storage(flags): the cgroup's value",
  },
  {
    name: "push",
    macro: "bpfts_push",
    args: [2, 2],
    kinds: ["queue", "stack", "bloom_filter", "extern"],
    doc: "m.push(&value, flags)",
  },
  { name: "pop", macro: "bpfts_pop", args: [1, 1], kinds: ["queue", "stack", "extern"], doc: "m.pop(&value)" },
  {
    name: "peek",
    macro: "bpfts_peek",
    args: [1, 1],
    kinds: ["queue", "stack", "bloom_filter", "extern"],
    doc: "m.peek(&value)",
  },
];
