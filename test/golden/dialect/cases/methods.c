// Every method, and BCC's members of a map.
struct data_t { u32 pid; char comm[TASK_COMM_LEN]; };
struct key_t { u32 a, b; };
BPF_HASH(h, u32, u64);
BPF_HASH(structs, struct key_t, struct data_t);
BPF_HASH(keyed, struct key_t);
BPF_PERCPU_HASH(ph, u32, u64);
BPF_PERF_OUTPUT(events);
BPF_PERF_ARRAY(counters, 4);
BPF_RINGBUF_OUTPUT(ring, 8);
BPF_STACK_TRACE(stacks, 64);
BPF_CGROUP_ARRAY(cgroups, 1);
BPF_QUEUE(queue, u64, 8);
BPF_TASK_STORAGE(tasks, u64);
BPF_PROG_ARRAY(progs, 4);
#define INC(map, key) map.increment(key)
#define SEND(ctx, what) events.perf_submit(ctx, &(what), sizeof(what))

int on_probe(struct pt_regs *ctx) {
	u32 key = 1;
	u64 zero = 0, *value, n;
	struct data_t data = { .pid = 1 };
	value = h.lookup(&key);
	if (value) n = *value + (*value)++;
	value = h.lookup_or_try_init(&key, &zero);
	value = h.lookup_or_init(&key, &zero);
	*value += 1;
	h.update(&key, &zero);
	h.insert(&key, &zero);
	h.increment(key);
	h.increment(key, 5);
	h.atomic_increment(key);
	h.atomic_increment(key, n = 2);
	ph.increment(key);
	keyed.increment((struct key_t){1, 2});
	INC(h, key);
	h.delete(&key);
	struct key_t k = {};
	struct data_t *stored = structs.lookup(&k);
	if (stored) bpf_get_current_comm(stored->comm, sizeof(stored->comm));
	SEND(ctx, data);
	events.perf_submit(ctx, &data, sizeof(data));
	ring.ringbuf_output(&data, sizeof(data), 0);
	struct data_t *room = ring.ringbuf_reserve(sizeof(struct data_t));
	if (!room) return 0;
	room->pid = ring.ringbuf_query(0);
	if (room->pid) ring.ringbuf_submit(room, 0);
	else ring.ringbuf_discard(room, 0);
	n = counters.perf_read(0);
	struct bpf_perf_event_value counted = {};
	counters.perf_counter_value(0, &counted, sizeof(counted));
	n += stacks.get_stackid(ctx, BPF_F_USER_STACK);
	n += cgroups.check_current_task(0);
	queue.push(&n, BPF_EXIST);
	queue.pop(&n);
	queue.peek(&n);
	progs.call(ctx, 1);
	typeof(h.leaf) leaf = sizeof(h.key) + sizeof(structs.leaf) + h.max_entries + h.flags;
	return leaf + n;
}
static void helper(u32 *key, u64 *zero) {
	u64 *value = h.lookup_or_init(key, zero);
	*value += 1;
}
int calls_helper(void *ctx) {
	u32 key = 1;
	u64 zero = 0;
	helper(&key, &zero);
	return 0;
}
