/** A kind of map: one row for what every part of bpfts needs to know of it. Source: enum bpf_map_type in include/uapi/linux/bpf.h. */
export interface MapKind {
  readonly type: number;
  /** The kernel's name without `BPF_MAP_TYPE_`. */
  readonly name: string;
  /** The Linux version that brought it. */
  readonly since: string;
  /** BCC's words for it in `BPF_TABLE("hash", …)`, then ours where BCC has none. */
  readonly keywords: readonly string[];
  /** Whether each key has a value for every CPU. */
  readonly isPerCpu?: true;
  /** What a key is, where it is no bytes of the script's: an index below `max_entries`, nothing at all, or the value itself. */
  readonly keys?: "index" | "none" | "value";
  /** Whether every index always has a value, so that deleting can only mean zero. */
  readonly isArray?: true;
  /** Whether the kernel answers no question about what lies in it, as with cgroups, counters and sockets. */
  readonly isOpaque?: true;
  /** Whether the kernel does not say that there was nothing to delete. */
  readonly deletesBlindly?: true;
  /** What its values stand for, where they are objects of the kernel's. */
  readonly holds?: "function" | "cgroup" | "map" | "socket";
  /** What its keys stand for: local storage belongs to an object of the kernel's. */
  readonly owner?: "socket" | "file" | "process" | "cgroup";
  /** Whether it carries records of events instead of entries. */
  readonly carriesEvents?: true;
  /** Whether deleting what is not there is -EINVAL instead of -ENOENT. */
  readonly refusesToDelete?: true;
}

/** Every kind of map of Linux 7.2, in the order of their numbers; `BPF_MAP_TYPE_UNSPEC`, 0, is none. */
export const mapKinds: readonly MapKind[] = [
  { type: 1, name: "HASH", since: "3.19", keywords: ["hash", "histogram", "extern"] },
  { type: 2, name: "ARRAY", since: "3.19", keywords: ["array"], keys: "index", isArray: true },
  { type: 3, name: "PROG_ARRAY", since: "4.2", keywords: ["prog"], keys: "index", holds: "function" },
  {
    type: 4,
    name: "PERF_EVENT_ARRAY",
    since: "4.3",
    keywords: ["perf_output", "perf_array"],
    keys: "index",
    isOpaque: true,
    carriesEvents: true,
  },
  { type: 5, name: "PERCPU_HASH", since: "4.6", keywords: ["percpu_hash"], isPerCpu: true },
  {
    type: 6,
    name: "PERCPU_ARRAY",
    since: "4.6",
    keywords: ["percpu_array"],
    isPerCpu: true,
    keys: "index",
    isArray: true,
  },
  { type: 7, name: "STACK_TRACE", since: "4.6", keywords: ["stacktrace"] },
  {
    type: 8,
    name: "CGROUP_ARRAY",
    since: "4.8",
    keywords: ["cgroup_array"],
    keys: "index",
    isOpaque: true,
    holds: "cgroup",
  },
  { type: 9, name: "LRU_HASH", since: "4.10", keywords: ["lru_hash"] },
  { type: 10, name: "LRU_PERCPU_HASH", since: "4.10", keywords: ["lru_percpu_hash"], isPerCpu: true },
  { type: 11, name: "LPM_TRIE", since: "4.11", keywords: ["lpm_trie"] },
  { type: 12, name: "ARRAY_OF_MAPS", since: "4.12", keywords: ["array_of_maps"], keys: "index", holds: "map" },
  { type: 13, name: "HASH_OF_MAPS", since: "4.12", keywords: ["hash_of_maps"], holds: "map" },
  { type: 14, name: "DEVMAP", since: "4.14", keywords: ["devmap"], keys: "index", deletesBlindly: true },
  {
    type: 15,
    name: "SOCKMAP",
    since: "4.14",
    keywords: ["sockmap"],
    keys: "index",
    isOpaque: true,
    refusesToDelete: true,
    holds: "socket",
  },
  { type: 16, name: "CPUMAP", since: "4.15", keywords: ["cpumap"], keys: "index", deletesBlindly: true },
  { type: 17, name: "XSKMAP", since: "4.18", keywords: ["xskmap"], keys: "index", holds: "socket" },
  {
    type: 18,
    name: "SOCKHASH",
    since: "4.18",
    keywords: ["sockhash"],
    isOpaque: true,
    refusesToDelete: true,
    holds: "socket",
  },
  { type: 19, name: "CGROUP_STORAGE", since: "4.19", keywords: ["cgroup_storage"] },
  {
    type: 20,
    name: "REUSEPORT_SOCKARRAY",
    since: "4.19",
    keywords: ["reuseport_array"],
    keys: "index",
    holds: "socket",
  },
  {
    type: 21,
    name: "PERCPU_CGROUP_STORAGE",
    since: "4.20",
    keywords: ["percpu_cgroup_storage"],
    isPerCpu: true,
  },
  { type: 22, name: "QUEUE", since: "4.20", keywords: ["queue"], keys: "none" },
  { type: 23, name: "STACK", since: "4.20", keywords: ["stack"], keys: "none" },
  { type: 24, name: "SK_STORAGE", since: "5.2", keywords: ["sk_storage"], owner: "socket" },
  { type: 25, name: "DEVMAP_HASH", since: "5.4", keywords: ["devmap_hash"] },
  { type: 26, name: "STRUCT_OPS", since: "5.6", keywords: [] },
  { type: 27, name: "RINGBUF", since: "5.8", keywords: ["ringbuf"], carriesEvents: true },
  { type: 28, name: "INODE_STORAGE", since: "5.10", keywords: ["inode_storage"], owner: "file" },
  { type: 29, name: "TASK_STORAGE", since: "5.11", keywords: ["task_storage"], owner: "process" },
  { type: 30, name: "BLOOM_FILTER", since: "5.16", keywords: ["bloom_filter"], keys: "value" },
  { type: 31, name: "USER_RINGBUF", since: "6.1", keywords: ["user_ringbuf"], carriesEvents: true },
  { type: 32, name: "CGRP_STORAGE", since: "6.2", keywords: ["cgrp_storage"], owner: "cgroup" },
  { type: 33, name: "ARENA", since: "6.9", keywords: ["arena"] },
  { type: 34, name: "INSN_ARRAY", since: "6.19", keywords: [], keys: "index" },
];

/** The kind of a number of enum bpf_map_type; undefined for one of a newer kernel. */
export function findMapKind(type: number): MapKind | undefined {
  return mapKinds[type - 1];
}
