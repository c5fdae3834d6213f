/* SPDX-License-Identifier: MIT */
/* BCC's map macros as libbpf's map definitions. Kinds come without quotes: the runtime takes them off. */
#ifndef BPFTS_BCC_MAPS_H
#define BPFTS_BCC_MAPS_H

#define bpfts_paste_(a, b) a##b
#define bpfts_paste(a, b) bpfts_paste_(a, b)

/* Picks a macro by the number of arguments, 1 to 7. */
#define bpfts_count_(a, b, c, d, e, f, g, n, ...) n
#define bpfts_count(...) bpfts_count_(__VA_ARGS__, 7, 6, 5, 4, 3, 2, 1)
#define bpfts_choose(base, ...) bpfts_paste(base, bpfts_count(__VA_ARGS__))(__VA_ARGS__)

#define bpfts_kind_hash BPF_MAP_TYPE_HASH
#define bpfts_kind_array BPF_MAP_TYPE_ARRAY
#define bpfts_kind_percpu_hash BPF_MAP_TYPE_PERCPU_HASH
#define bpfts_kind_percpu_array BPF_MAP_TYPE_PERCPU_ARRAY
#define bpfts_kind_lru_hash BPF_MAP_TYPE_LRU_HASH
#define bpfts_kind_lru_percpu_hash BPF_MAP_TYPE_LRU_PERCPU_HASH
#define bpfts_kind_lpm_trie BPF_MAP_TYPE_LPM_TRIE
/* None of the kernel's: bpfts_kind_type tells by the key. */
#define bpfts_kind_histogram -1
#define bpfts_kind_prog BPF_MAP_TYPE_PROG_ARRAY
#define bpfts_kind_perf_output BPF_MAP_TYPE_PERF_EVENT_ARRAY
#define bpfts_kind_perf_array BPF_MAP_TYPE_PERF_EVENT_ARRAY
#define bpfts_kind_ringbuf BPF_MAP_TYPE_RINGBUF
#define bpfts_kind_queue BPF_MAP_TYPE_QUEUE
#define bpfts_kind_stack BPF_MAP_TYPE_STACK
#define bpfts_kind_cgroup_array BPF_MAP_TYPE_CGROUP_ARRAY
#define bpfts_kind_stacktrace BPF_MAP_TYPE_STACK_TRACE
#define bpfts_kind_devmap BPF_MAP_TYPE_DEVMAP
#define bpfts_kind_devmap_hash BPF_MAP_TYPE_DEVMAP_HASH
#define bpfts_kind_cpumap BPF_MAP_TYPE_CPUMAP
#define bpfts_kind_xskmap BPF_MAP_TYPE_XSKMAP
#define bpfts_kind_hash_of_maps BPF_MAP_TYPE_HASH_OF_MAPS
#define bpfts_kind_array_of_maps BPF_MAP_TYPE_ARRAY_OF_MAPS
#define bpfts_kind_sk_storage BPF_MAP_TYPE_SK_STORAGE
#define bpfts_kind_inode_storage BPF_MAP_TYPE_INODE_STORAGE
#define bpfts_kind_task_storage BPF_MAP_TYPE_TASK_STORAGE
#define bpfts_kind_cgrp_storage BPF_MAP_TYPE_CGRP_STORAGE
#define bpfts_kind_sockmap BPF_MAP_TYPE_SOCKMAP
#define bpfts_kind_sockhash BPF_MAP_TYPE_SOCKHASH
#define bpfts_kind_cgroup_storage BPF_MAP_TYPE_CGROUP_STORAGE
#define bpfts_kind_percpu_cgroup_storage BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE
#define bpfts_kind_reuseport_array BPF_MAP_TYPE_REUSEPORT_SOCKARRAY
#define bpfts_kind_bloom_filter BPF_MAP_TYPE_BLOOM_FILTER
#define bpfts_kind_user_ringbuf BPF_MAP_TYPE_USER_RINGBUF
#define bpfts_kind_arena BPF_MAP_TYPE_ARENA
/* The real kind comes with the other unit's map. */
#define bpfts_kind_extern BPF_MAP_TYPE_HASH

/* The type of a kind: a histogram is an array when its key is exactly int, else a hash. */
#define bpfts_kind_type(kind, K) \
	((kind) >= 0 ? (kind) : __builtin_types_compatible_p(K, int) ? BPF_MAP_TYPE_ARRAY : BPF_MAP_TYPE_HASH)

/* Flags that a kind has besides the user's. */
#define bpfts_kind_flags(type) \
	((type) == BPF_MAP_TYPE_LPM_TRIE || (type) == BPF_MAP_TYPE_SK_STORAGE || (type) == BPF_MAP_TYPE_INODE_STORAGE || \
	 (type) == BPF_MAP_TYPE_TASK_STORAGE ? BPF_F_NO_PREALLOC : 0)

/* A pointer to a struct that is never declared compiles; a map of it does not. */
#define bpfts_require_complete(type_) _Static_assert(sizeof(type_) + 1, "")

/* libbpf reads a number of entries as 32 bits: more would become another number. */
#define bpfts_require_size(size_) _Static_assert((u64)(size_) <= 0xffffffff, "the size of a table is a number from 1 to 4294967295, of entries or bytes")
/* The same size, or one that compiles, so that the sentence above is all that is said. */
#define bpfts_size(size_) ((u64)(size_) <= 0xffffffff ? (size_) : 1)

#define bpfts_map(type_, key_, leaf_, name_, size_, flags_) \
	struct { \
		bpfts_require_complete(key_); \
		bpfts_require_complete(leaf_); \
		__uint(type, type_); \
		bpfts_require_size(size_); \
		__uint(max_entries, bpfts_size(size_)); \
		__uint(map_flags, (flags_) | bpfts_kind_flags(type_)); \
		__type(key, key_); \
		__type(value, leaf_); \
	} name_ SEC(".maps")

/* A map without keys. */
#define bpfts_keyless_map(type_, leaf_, name_, size_, flags_) \
	struct { \
		bpfts_require_complete(leaf_); \
		__uint(type, type_); \
		bpfts_require_size(size_); \
		__uint(max_entries, bpfts_size(size_)); \
		__uint(map_flags, flags_); \
		__type(value, leaf_); \
	} name_ SEC(".maps")

/* A map that is only a place: ring buffers. */
#define bpfts_bare_map(type_, name_, size_) \
	struct { \
		__uint(type, type_); \
		bpfts_require_size(size_); \
		__uint(max_entries, bpfts_size(size_)); \
	} name_ SEC(".maps")

#define bpfts_map_of_maps(type_, key_, inner_, name_, size_) \
	struct { \
		__uint(type, type_); \
		bpfts_require_size(size_); \
		__uint(max_entries, bpfts_size(size_)); \
		__type(key, key_); \
		__type(value, int); \
		__array(values, typeof(inner_)); \
	} name_ SEC(".maps")

#define BPF_F_TABLE(kind, K, L, name, size, flags) bpfts_map(bpfts_kind_type(bpfts_paste(bpfts_kind_, kind), K), K, L, name, size, flags)
#define BPF_TABLE(kind, K, L, name, size) BPF_F_TABLE(kind, K, L, name, size, 0)
#define BPF_TABLE_PUBLIC(kind, K, L, name, size) BPF_F_TABLE(kind, K, L, name, size, 0)
#define bpfts_table_shared_5(kind, K, L, name, size) BPF_F_TABLE(kind, K, L, name, size, 0)
#define bpfts_table_shared_6(kind, K, L, name, size, flags) BPF_F_TABLE(kind, K, L, name, size, flags)
#define BPF_TABLE_SHARED(...) bpfts_choose(bpfts_table_shared_, __VA_ARGS__)
#define bpfts_table_pinned_6(kind, K, L, name, size, path) BPF_F_TABLE(kind, K, L, name, size, 0)
#define bpfts_table_pinned_7(kind, K, L, name, size, path, flags) BPF_F_TABLE(kind, K, L, name, size, flags)
#define BPF_TABLE_PINNED(...) bpfts_choose(bpfts_table_pinned_, __VA_ARGS__)

#define bpfts_hash_1(name) bpfts_hash_2(name, u64)
#define bpfts_hash_2(name, K) bpfts_hash_3(name, K, u64)
#define bpfts_hash_3(name, K, L) bpfts_hash_4(name, K, L, 10240)
#define bpfts_hash_4(name, K, L, size) BPF_TABLE(hash, K, L, name, size)
#define BPF_HASH(...) bpfts_choose(bpfts_hash_, __VA_ARGS__)

#define bpfts_percpu_hash_1(name) bpfts_percpu_hash_2(name, u64)
#define bpfts_percpu_hash_2(name, K) bpfts_percpu_hash_3(name, K, u64)
#define bpfts_percpu_hash_3(name, K, L) bpfts_percpu_hash_4(name, K, L, 10240)
#define bpfts_percpu_hash_4(name, K, L, size) BPF_TABLE(percpu_hash, K, L, name, size)
#define BPF_PERCPU_HASH(...) bpfts_choose(bpfts_percpu_hash_, __VA_ARGS__)

#define bpfts_lru_hash_1(name) bpfts_lru_hash_2(name, u64)
#define bpfts_lru_hash_2(name, K) bpfts_lru_hash_3(name, K, u64)
#define bpfts_lru_hash_3(name, K, L) bpfts_lru_hash_4(name, K, L, 10240)
#define bpfts_lru_hash_4(name, K, L, size) BPF_TABLE(lru_hash, K, L, name, size)
#define BPF_LRU_HASH(...) bpfts_choose(bpfts_lru_hash_, __VA_ARGS__)

#define bpfts_array_1(name) bpfts_array_2(name, u64)
#define bpfts_array_2(name, L) bpfts_array_3(name, L, 10240)
#define bpfts_array_3(name, L, size) BPF_TABLE(array, int, L, name, size)
#define BPF_ARRAY(...) bpfts_choose(bpfts_array_, __VA_ARGS__)

#define bpfts_percpu_array_1(name) bpfts_percpu_array_2(name, u64)
#define bpfts_percpu_array_2(name, L) bpfts_percpu_array_3(name, L, 10240)
#define bpfts_percpu_array_3(name, L, size) BPF_TABLE(percpu_array, int, L, name, size)
#define BPF_PERCPU_ARRAY(...) bpfts_choose(bpfts_percpu_array_, __VA_ARGS__)

#define bpfts_histogram_1(name) bpfts_histogram_2(name, int)
/* A slot for each answer of bpf_log2l, the highest of which is 64. */
#define bpfts_histogram_2(name, K) bpfts_histogram_3(name, K, 65)
#define bpfts_histogram_3(name, K, size) BPF_TABLE(histogram, K, u64, name, size)
#define BPF_HISTOGRAM(...) bpfts_choose(bpfts_histogram_, __VA_ARGS__)

#define bpfts_lpm_trie_1(name) bpfts_lpm_trie_2(name, u64)
#define bpfts_lpm_trie_2(name, K) bpfts_lpm_trie_3(name, K, u64)
#define bpfts_lpm_trie_3(name, K, L) bpfts_lpm_trie_4(name, K, L, 10240)
#define bpfts_lpm_trie_4(name, K, L, size) BPF_TABLE(lpm_trie, K, L, name, size)
#define BPF_LPM_TRIE(...) bpfts_choose(bpfts_lpm_trie_, __VA_ARGS__)

struct bpf_stacktrace {
	u64 ip[127];
};

struct bpf_stacktrace_buildid {
	struct bpf_stack_build_id trace[127];
};

#define BPF_STACK_TRACE(name, size) BPF_TABLE(stacktrace, int, struct bpf_stacktrace, name, roundup_pow_of_two(size))
#define BPF_STACK_TRACE_BUILDID(name, size) \
	BPF_F_TABLE(stacktrace, int, struct bpf_stacktrace_buildid, name, roundup_pow_of_two(size), BPF_F_STACK_BUILD_ID)

/* Size 0 is filled in by libbpf: one slot for each possible CPU. */
#define BPF_PERF_OUTPUT(name) BPF_TABLE(perf_output, int, u32, name, 0)
#define BPF_PERF_ARRAY(name, size) BPF_TABLE(perf_array, int, u32, name, size)
#define BPF_RINGBUF_OUTPUT(name, pages) bpfts_bare_map(BPF_MAP_TYPE_RINGBUF, name, (u64)(pages) * PAGE_SIZE)
#define bpfts_user_ringbuf_2(name, pages) bpfts_bare_map(BPF_MAP_TYPE_USER_RINGBUF, name, (u64)(pages) * PAGE_SIZE)
/* The type of what the script writes, in a section that nobody loads. */
#define bpfts_user_ringbuf_3(name, pages, T) \
	bpfts_user_ringbuf_2(name, pages); \
	static T *bpfts_paste(__bpfts_event_, name) __attribute__((used, section(".bpfts.events")))
#define BPF_USER_RINGBUF(...) bpfts_choose(bpfts_user_ringbuf_, __VA_ARGS__)
/* The verifier wants to know where a process will see the pages; a libbpf that does not map arenas itself does not tell it. */
#define BPF_ARENA(name, pages) \
	struct { \
		__uint(type, BPF_MAP_TYPE_ARENA); \
		__uint(map_flags, BPF_F_MMAPABLE); \
		__uint(map_extra, 0x60000000); \
		__uint(max_entries, pages); \
	} name SEC(".maps")

#define BPF_CGROUP_ARRAY(name, size) BPF_TABLE(cgroup_array, int, u32, name, size)
#define BPF_PROG_ARRAY(name, size) BPF_TABLE(prog, u32, u32, name, size)
#define BPF_DEVMAP(name, size) BPF_TABLE(devmap, u32, int, name, size)
#define BPF_DEVMAP_HASH(name, size) BPF_TABLE(devmap_hash, u32, int, name, size)
#define BPF_CPUMAP(name, size) BPF_TABLE(cpumap, u32, u32, name, size)
#define BPF_XSKMAP(name, size, ...) BPF_TABLE(xskmap, u32, int, name, size)
#define BPF_REUSEPORT_ARRAY(name, size) BPF_TABLE(reuseport_array, u32, u64, name, size)

/* BPF_TABLE("hash_of_maps$inner", K, int, name, size), with the inner map in place of the leaf. */
#define bpfts_inner_table(kind, K, inner, name, size, ...) bpfts_map_of_maps(bpfts_paste(bpfts_kind_, kind), K, inner, name, size)

#define BPF_ARRAY_OF_MAPS(name, inner, size) bpfts_map_of_maps(BPF_MAP_TYPE_ARRAY_OF_MAPS, int, inner, name, size)
#define bpfts_hash_of_maps_2(name, inner) bpfts_hash_of_maps_3(name, int, inner)
#define bpfts_hash_of_maps_3(name, K, inner) bpfts_hash_of_maps_4(name, K, inner, 10240)
#define bpfts_hash_of_maps_4(name, K, inner, size) bpfts_map_of_maps(BPF_MAP_TYPE_HASH_OF_MAPS, K, inner, name, size)
#define BPF_HASH_OF_MAPS(...) bpfts_choose(bpfts_hash_of_maps_, __VA_ARGS__)

#define BPF_QUEUESTACK(kind, name, L, size, flags) bpfts_keyless_map(bpfts_paste(bpfts_kind_, kind), L, name, size, flags)
#define BPF_QUEUESTACK_PUBLIC(kind, name, L, size, flags) BPF_QUEUESTACK(kind, name, L, size, flags)
#define BPF_QUEUESTACK_SHARED(kind, name, L, size, flags) BPF_QUEUESTACK(kind, name, L, size, flags)
#define BPF_QUEUESTACK_PINNED(kind, name, L, size, flags, path) BPF_QUEUESTACK(kind, name, L, size, flags)
#define bpfts_queue_3(name, L, size) bpfts_queue_4(name, L, size, 0)
#define bpfts_queue_4(name, L, size, flags) BPF_QUEUESTACK(queue, name, L, size, flags)
#define BPF_QUEUE(...) bpfts_choose(bpfts_queue_, __VA_ARGS__)
#define bpfts_stack_3(name, L, size) bpfts_stack_4(name, L, size, 0)
#define bpfts_stack_4(name, L, size, flags) BPF_QUEUESTACK(stack, name, L, size, flags)
#define BPF_STACK(...) bpfts_choose(bpfts_stack_, __VA_ARGS__)
#define bpfts_bloom_filter_3(name, L, size) bpfts_bloom_filter_4(name, L, size, 0)
#define bpfts_bloom_filter_4(name, L, size, flags) BPF_QUEUESTACK(bloom_filter, name, L, size, flags)
#define BPF_BLOOM_FILTER(...) bpfts_choose(bpfts_bloom_filter_, __VA_ARGS__)

#define BPF_SOCKMAP(name, size) BPF_TABLE(sockmap, u32, int, name, size)
#define bpfts_sockhash_1(name) bpfts_sockhash_2(name, u32)
#define bpfts_sockhash_2(name, K) bpfts_sockhash_3(name, K, 10240)
#define bpfts_sockhash_3(name, K, size) BPF_TABLE(sockhash, K, int, name, size)
#define BPF_SOCKHASH(...) bpfts_choose(bpfts_sockhash_, __VA_ARGS__)

#define BPF_SK_STORAGE(name, L) BPF_TABLE(sk_storage, int, L, name, 0)
#define BPF_INODE_STORAGE(name, L) BPF_TABLE(inode_storage, int, L, name, 0)
#define BPF_TASK_STORAGE(name, L) BPF_TABLE(task_storage, int, L, name, 0)
#define BPF_CGRP_STORAGE(name, L) BPF_F_TABLE(cgrp_storage, int, L, name, 0, BPF_F_NO_PREALLOC)
#define BPF_CGROUP_STORAGE(name, L) BPF_TABLE(cgroup_storage, struct bpf_cgroup_storage_key, L, name, 0)
#define BPF_PERCPU_CGROUP_STORAGE(name, L) BPF_TABLE(percpu_cgroup_storage, struct bpf_cgroup_storage_key, L, name, 0)

#endif
