/**
 * The macros of BCC's dialect that declare maps, one row each.
 */

/** A macro that declares a map. Numbers are positions of arguments. */
export interface MapWord {
  readonly name: string;
  /** The kind, or the position of the argument that names it. */
  readonly kind: string | number;
  /** Position of the map's name. */
  readonly at: number;
  readonly args: readonly [min: number, max: number];
  readonly pin?: number;
  /** Position of the inner map's name; `last` when it is the second or the third. */
  readonly inner?: number | "second-or-third";
  readonly sharing?: "public" | "shared";
  readonly doc: string;
}

export const mapWords: readonly MapWord[] = [
  { name: "BPF_TABLE", kind: 0, at: 3, args: [5, 5], doc: 'BPF_TABLE("kind", key, leaf, name, size)' },
  { name: "BPF_F_TABLE", kind: 0, at: 3, args: [6, 6], doc: 'BPF_F_TABLE("kind", key, leaf, name, size, flags)' },
  {
    name: "BPF_TABLE_PUBLIC",
    kind: 0,
    at: 3,
    args: [5, 5],
    sharing: "public",
    doc: 'BPF_TABLE_PUBLIC("kind", key, leaf, name, size)',
  },
  {
    name: "BPF_TABLE_SHARED",
    kind: 0,
    at: 3,
    args: [5, 6],
    sharing: "shared",
    doc: 'BPF_TABLE_SHARED("kind", key, leaf, name, size[, flags])',
  },
  {
    name: "BPF_TABLE_PINNED",
    kind: 0,
    at: 3,
    args: [6, 7],
    pin: 5,
    doc: 'BPF_TABLE_PINNED("kind", key, leaf, name, size, "/sys/fs/bpf/path"[, flags])',
  },
  { name: "BPF_HASH", kind: "hash", at: 0, args: [1, 4], doc: "BPF_HASH(name[, key[, leaf[, size]]])" },
  {
    name: "BPF_PERCPU_HASH",
    kind: "percpu_hash",
    at: 0,
    args: [1, 4],
    doc: "BPF_PERCPU_HASH(name[, key[, leaf[, size]]])",
  },
  {
    name: "BPF_LRU_HASH",
    kind: "lru_hash",
    at: 0,
    args: [1, 4],
    doc: "BPF_LRU_HASH(name[, key[, leaf[, size]]]) (not in BCC)",
  },
  { name: "BPF_ARRAY", kind: "array", at: 0, args: [1, 3], doc: "BPF_ARRAY(name[, leaf[, size]])" },
  {
    name: "BPF_PERCPU_ARRAY",
    kind: "percpu_array",
    at: 0,
    args: [1, 3],
    doc: "BPF_PERCPU_ARRAY(name[, leaf[, size]])",
  },
  { name: "BPF_HISTOGRAM", kind: "histogram", at: 0, args: [1, 3], doc: "BPF_HISTOGRAM(name[, key[, size]])" },
  { name: "BPF_LPM_TRIE", kind: "lpm_trie", at: 0, args: [1, 4], doc: "BPF_LPM_TRIE(name[, key[, leaf[, size]]])" },
  { name: "BPF_STACK_TRACE", kind: "stacktrace", at: 0, args: [2, 2], doc: "BPF_STACK_TRACE(name, size)" },
  {
    name: "BPF_STACK_TRACE_BUILDID",
    kind: "stacktrace",
    at: 0,
    args: [2, 2],
    doc: "BPF_STACK_TRACE_BUILDID(name, size)",
  },
  { name: "BPF_PERF_OUTPUT", kind: "perf_output", at: 0, args: [1, 1], doc: "BPF_PERF_OUTPUT(name)" },
  { name: "BPF_PERF_ARRAY", kind: "perf_array", at: 0, args: [2, 2], doc: "BPF_PERF_ARRAY(name, size)" },
  { name: "BPF_RINGBUF_OUTPUT", kind: "ringbuf", at: 0, args: [2, 2], doc: "BPF_RINGBUF_OUTPUT(name, pages)" },
  { name: "BPF_CGROUP_ARRAY", kind: "cgroup_array", at: 0, args: [2, 2], doc: "BPF_CGROUP_ARRAY(name, size)" },
  { name: "BPF_PROG_ARRAY", kind: "prog", at: 0, args: [2, 2], doc: "BPF_PROG_ARRAY(name, size)" },
  { name: "BPF_DEVMAP", kind: "devmap", at: 0, args: [2, 2], doc: "BPF_DEVMAP(name, size)" },
  {
    name: "BPF_DEVMAP_HASH",
    kind: "devmap_hash",
    at: 0,
    args: [2, 2],
    doc: "BPF_DEVMAP_HASH(name, size) (not in BCC)",
  },
  { name: "BPF_CPUMAP", kind: "cpumap", at: 0, args: [2, 2], doc: "BPF_CPUMAP(name, size)" },
  {
    name: "BPF_XSKMAP",
    kind: "xskmap",
    at: 0,
    args: [2, 3],
    pin: 2,
    doc: 'BPF_XSKMAP(name, size[, "/sys/fs/bpf/path"])',
  },
  {
    name: "BPF_ARRAY_OF_MAPS",
    kind: "array_of_maps",
    at: 0,
    args: [3, 3],
    inner: 1,
    doc: 'BPF_ARRAY_OF_MAPS(name, "inner", size)',
  },
  {
    name: "BPF_HASH_OF_MAPS",
    kind: "hash_of_maps",
    at: 0,
    args: [2, 4],
    inner: "second-or-third",
    doc: 'BPF_HASH_OF_MAPS(name[, key], "inner"[, size])',
  },
  { name: "BPF_QUEUESTACK", kind: 0, at: 1, args: [5, 5], doc: 'BPF_QUEUESTACK("queue", name, leaf, size, flags)' },
  {
    name: "BPF_QUEUESTACK_PINNED",
    kind: 0,
    at: 1,
    args: [6, 6],
    pin: 5,
    doc: 'BPF_QUEUESTACK_PINNED("queue", name, leaf, size, flags, "/sys/fs/bpf/path")',
  },
  {
    name: "BPF_QUEUESTACK_PUBLIC",
    kind: 0,
    at: 1,
    args: [5, 5],
    sharing: "public",
    doc: 'BPF_QUEUESTACK_PUBLIC("queue", name, leaf, size, flags)',
  },
  {
    name: "BPF_QUEUESTACK_SHARED",
    kind: 0,
    at: 1,
    args: [5, 5],
    sharing: "shared",
    doc: 'BPF_QUEUESTACK_SHARED("queue", name, leaf, size, flags)',
  },
  { name: "BPF_QUEUE", kind: "queue", at: 0, args: [3, 4], doc: "BPF_QUEUE(name, leaf, size[, flags])" },
  { name: "BPF_STACK", kind: "stack", at: 0, args: [3, 4], doc: "BPF_STACK(name, leaf, size[, flags])" },
  {
    name: "BPF_BLOOM_FILTER",
    kind: "bloom_filter",
    at: 0,
    args: [3, 4],
    doc: "BPF_BLOOM_FILTER(name, leaf, size[, flags]) (not in BCC)",
  },
  {
    name: "BPF_USER_RINGBUF",
    kind: "user_ringbuf",
    at: 0,
    args: [2, 3],
    doc: "BPF_USER_RINGBUF(name, pages[, type]) (not in BCC)",
  },
  {
    name: "BPF_REUSEPORT_ARRAY",
    kind: "reuseport_array",
    at: 0,
    args: [2, 2],
    doc: "BPF_REUSEPORT_ARRAY(name, size) (not in BCC)",
  },
  { name: "BPF_ARENA", kind: "arena", at: 0, args: [2, 2], doc: "BPF_ARENA(name, pages) (not in BCC)" },
  { name: "BPF_SOCKMAP", kind: "sockmap", at: 0, args: [2, 2], doc: "BPF_SOCKMAP(name, size)" },
  { name: "BPF_SOCKHASH", kind: "sockhash", at: 0, args: [1, 3], doc: "BPF_SOCKHASH(name[, key[, size]])" },
  { name: "BPF_SK_STORAGE", kind: "sk_storage", at: 0, args: [2, 2], doc: "BPF_SK_STORAGE(name, leaf)" },
  { name: "BPF_INODE_STORAGE", kind: "inode_storage", at: 0, args: [2, 2], doc: "BPF_INODE_STORAGE(name, leaf)" },
  { name: "BPF_TASK_STORAGE", kind: "task_storage", at: 0, args: [2, 2], doc: "BPF_TASK_STORAGE(name, leaf)" },
  {
    name: "BPF_CGRP_STORAGE",
    kind: "cgrp_storage",
    at: 0,
    args: [2, 2],
    doc: "BPF_CGRP_STORAGE(name, leaf) (not in BCC)",
  },
  { name: "BPF_CGROUP_STORAGE", kind: "cgroup_storage", at: 0, args: [2, 2], doc: "BPF_CGROUP_STORAGE(name, leaf)" },
  {
    name: "BPF_PERCPU_CGROUP_STORAGE",
    kind: "percpu_cgroup_storage",
    at: 0,
    args: [2, 2],
    doc: "BPF_PERCPU_CGROUP_STORAGE(name, leaf)",
  },
];
