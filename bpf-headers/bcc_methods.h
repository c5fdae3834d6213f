/* SPDX-License-Identifier: MIT */
/* What the map methods become: m.lookup(&k) is bpfts_lookup(m, &k). */
#ifndef BPFTS_BCC_METHODS_H
#define BPFTS_BCC_METHODS_H

/* The constant behind libbpf's __uint(name, value). */
#define bpfts_constant(member) (sizeof(*(member)) / sizeof(int))

/* counts.key, counts.leaf, counts.max_entries, counts.flags. */
#define bpfts_key(m) (*(m).key)
#define bpfts_leaf(m) (*(m).value)
#define bpfts_max_entries(m) ((u32)bpfts_constant((m).max_entries))
#define bpfts_flags(m) ((u32)bpfts_constant((m).map_flags))

/*
 * clang (14 is known for it) may compute an address in a value before the text's own check for NULL, which the
 * verifier forbids. What went through an asm behind a check of ours cannot be computed before that.
 */
#define bpfts_settle(leaf) \
	do { \
		if (leaf) { \
			asm volatile("" : "+r"(leaf)); \
			__builtin_assume((leaf) != 0); \
		} \
	} while (0)

#define bpfts_lookup(m, k) \
	({ \
		typeof((m).value) __bpfts_value = bpf_map_lookup_elem(&(m), k); \
		bpfts_settle(__bpfts_value); \
		__bpfts_value; \
	})
/* int as in BCC, and for good reason: before 6.4 the kernel's functions answer 32 bits, and a negative one is none in 64. */
#define bpfts_update(m, k, v) ((int)bpf_map_update_elem(&(m), k, v, BPF_ANY))
#define bpfts_insert(m, k, v) ((int)bpf_map_update_elem(&(m), k, v, BPF_NOEXIST))
#define bpfts_delete(m, k) ((int)bpf_map_delete_elem(&(m), k))

#define bpfts_lookup_or_try_init(m, k, v) \
	({ \
		const void *__bpfts_k = (k); \
		typeof((m).value) __bpfts_leaf = bpf_map_lookup_elem(&(m), __bpfts_k); \
		if (!__bpfts_leaf) { \
			bpf_map_update_elem(&(m), __bpfts_k, v, BPF_NOEXIST); \
			__bpfts_leaf = bpf_map_lookup_elem(&(m), __bpfts_k); \
		} \
		bpfts_settle(__bpfts_leaf); \
		__bpfts_leaf; \
	})

#define bpfts_lookup_or_init(m, k, v) \
	({ \
		typeof((m).value) __bpfts_found = bpfts_lookup_or_try_init(m, k, v); \
		if (!__bpfts_found) \
			return 0; \
		__bpfts_found; \
	})

/* The same in a function that returns nothing. */
#define bpfts_lookup_or_init_void(m, k, v) \
	({ \
		typeof((m).value) __bpfts_found = bpfts_lookup_or_try_init(m, k, v); \
		if (!__bpfts_found) \
			return; \
		__bpfts_found; \
	})

/* BCC makes a missing key in plain hashes alone, and counts nothing in the other kinds. */
#define bpfts_is_hash(m) \
	(bpfts_constant((m).type) == BPF_MAP_TYPE_HASH || bpfts_constant((m).type) == BPF_MAP_TYPE_LRU_HASH || \
	 bpfts_constant((m).type) == BPF_MAP_TYPE_PERCPU_HASH || bpfts_constant((m).type) == BPF_MAP_TYPE_LRU_PERCPU_HASH)
/* Another processor may make the key in between. */
#define bpfts_increment_by(m, add, k, n) \
	({ \
		typeof(*(m).key) __bpfts_key = k; \
		typeof((m).value) __bpfts_leaf = bpf_map_lookup_elem(&(m), &__bpfts_key); \
		if (!__bpfts_leaf && bpfts_is_hash(m)) { \
			typeof(*(m).value) __bpfts_zero; \
			__builtin_memset(&__bpfts_zero, 0, sizeof(__bpfts_zero)); \
			bpf_map_update_elem(&(m), &__bpfts_key, &__bpfts_zero, BPF_NOEXIST); \
			__bpfts_leaf = bpf_map_lookup_elem(&(m), &__bpfts_key); \
		} \
		if (__bpfts_leaf) \
			add(__bpfts_leaf, n); \
	})
#define bpfts_add_plain(p, n) (*(p) += (n))
#define bpfts_increment_2(m, k) bpfts_increment_by(m, bpfts_add_plain, k, 1)
#define bpfts_increment_3(m, k, n) bpfts_increment_by(m, bpfts_add_plain, k, n)
#define bpfts_increment(...) bpfts_choose(bpfts_increment_, __VA_ARGS__)
#define bpfts_atomic_increment_2(m, k) bpfts_increment_by(m, bpfts_add_atomic, k, 1)
#define bpfts_atomic_increment_3(m, k, n) bpfts_increment_by(m, bpfts_add_atomic, k, n)
#define bpfts_atomic_increment(...) bpfts_choose(bpfts_atomic_increment_, __VA_ARGS__)

/* Counts a lost event of a ring; the runtime defines __bpfts_lost and the ring's index in units that have rings. */
#define bpfts_count_loss(m) \
	do { \
		u32 __bpfts_ring = bpfts_paste(__bpfts_lost_index_, m); \
		u64 *__bpfts_losses = bpf_map_lookup_elem(&__bpfts_lost, &__bpfts_ring); \
		if (__bpfts_losses) \
			*__bpfts_losses += 1; \
	} while (0)

/* Keeps the type of an event in the object, where the runtime finds it by the map's name. */
#define bpfts_keep_event(m, data) \
	static typeof(data) bpfts_paste(__bpfts_event_, m) __attribute__((used, section(".bpfts.events")))

#define bpfts_perf_submit(m, ctx, data, size) \
	({ \
		bpfts_keep_event(m, data); \
		long __bpfts_err = bpf_perf_event_output((void *)(ctx), &(m), BPF_F_CURRENT_CPU, (void *)(data), size); \
		if (__bpfts_err < 0) \
			bpfts_count_loss(m); \
		(int)__bpfts_err; \
	})
#define bpfts_perf_submit_skb(m, skb, length, data, size) \
	({ \
		bpfts_keep_event(m, data); \
		long __bpfts_err = bpf_perf_event_output((void *)(skb), &(m), ((__u64)(length) << 32) | BPF_F_CURRENT_CPU, (void *)(data), size); \
		if (__bpfts_err < 0) \
			bpfts_count_loss(m); \
		(int)__bpfts_err; \
	})
#define bpfts_ringbuf_output(m, data, size, flags) \
	({ \
		bpfts_keep_event(m, data); \
		long __bpfts_err = bpf_ringbuf_output(&(m), (void *)(data), size, flags); \
		if (__bpfts_err < 0) \
			bpfts_count_loss(m); \
		(int)__bpfts_err; \
	})
#define bpfts_ringbuf_reserve(m, size) \
	({ \
		void *__bpfts_room = bpf_ringbuf_reserve(&(m), size, 0); \
		if (!__bpfts_room) \
			bpfts_count_loss(m); \
		__bpfts_room; \
	})
#define bpfts_ringbuf_submit(m, data, flags) \
	({ \
		bpfts_keep_event(m, data); \
		bpf_ringbuf_submit(data, flags); \
	})
#define bpfts_ringbuf_discard(m, data, flags) bpf_ringbuf_discard(data, flags)
#define bpfts_ringbuf_query(m, flags) bpf_ringbuf_query(&(m), flags)

#define bpfts_perf_read(m, cpu) bpf_perf_event_read(&(m), cpu)
#define bpfts_perf_counter_value(m, cpu, buf, size) bpf_perf_event_read_value(&(m), cpu, (void *)(buf), size)
#define bpfts_get_stackid(m, ctx, flags) ((int)bpf_get_stackid((void *)(ctx), &(m), flags))
#define bpfts_call(m, ctx, index) bpf_tail_call((void *)(ctx), &(m), index)
#define bpfts_check_current_task(m, index) bpf_current_task_under_cgroup(&(m), index)
#define bpfts_redirect_map(m, index, flags) bpf_redirect_map(&(m), index, flags)
#define bpfts_sock_map_update(m, skops, k, flags) bpf_sock_map_update((void *)(skops), &(m), (void *)(k), flags)
#define bpfts_sock_hash_update(m, skops, k, flags) bpf_sock_hash_update((void *)(skops), &(m), (void *)(k), flags)
#define bpfts_msg_redirect_hash(m, msg, k, flags) bpf_msg_redirect_hash((void *)(msg), &(m), (void *)(k), flags)
#define bpfts_sk_redirect_hash(m, skb, k, flags) bpf_sk_redirect_hash((void *)(skb), &(m), (void *)(k), flags)
#define bpfts_sk_storage_get(m, sk, init, flags) ((typeof((m).value))bpf_sk_storage_get(&(m), (void *)(sk), (void *)(init), flags))
#define bpfts_sk_storage_delete(m, sk) bpf_sk_storage_delete(&(m), (void *)(sk))
#define bpfts_inode_storage_get(m, inode, init, flags) ((typeof((m).value))bpf_inode_storage_get(&(m), (void *)(inode), (void *)(init), flags))
#define bpfts_inode_storage_delete(m, inode) bpf_inode_storage_delete(&(m), (void *)(inode))
#define bpfts_task_storage_get(m, task, init, flags) ((typeof((m).value))bpf_task_storage_get(&(m), (void *)(task), (void *)(init), flags))
#define bpfts_task_storage_delete(m, task) bpf_task_storage_delete(&(m), (void *)(task))
#define bpfts_cgrp_storage_get(m, cgroup, init, flags) ((typeof((m).value))((void *(*)(void *, void *, void *, __u64))210)(&(m), (void *)(cgroup), (void *)(init), flags))
#define bpfts_cgrp_storage_delete(m, cgroup) (((long (*)(void *, void *))211)(&(m), (void *)(cgroup)))
#define bpfts_get_local_storage(m, flags) ((typeof((m).value))bpf_get_local_storage(&(m), flags))
#define bpfts_push(m, v, flags) ((int)bpf_map_push_elem(&(m), v, flags))
#define bpfts_pop(m, v) ((int)bpf_map_pop_elem(&(m), v))

/*
 * A bloom filter's peek reads the value; to the verifier of Linux 7.2 it writes it, and what was put there is forgotten
 * at the branch before. So it is read once more ahead of the call. 30: BPF_MAP_TYPE_BLOOM_FILTER, which older kernels lack.
 */
#define bpfts_peek(m, v) \
	({ \
		typeof((m).value) __bpfts_peeked = (void *)(v); \
		if (bpfts_constant((m).type) == 30) \
			for (u32 __bpfts_at = 0; __bpfts_at < sizeof(*__bpfts_peeked); __bpfts_at += 4) \
				(void)((volatile u8 *)__bpfts_peeked)[__bpfts_at]; \
		(int)bpf_map_peek_elem(&(m), __bpfts_peeked); \
	})

#endif
