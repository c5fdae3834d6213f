// Types by typedef, events by pointer, values in place, and the kernel's own helpers on the same maps.
struct own_key { u32 a; };
typedef struct { u32 pid; char comm[16]; } event_t;
typedef struct own_key key_type;
BPF_HASH(h, key_type, event_t);
BPF_PERF_OUTPUT(events);
BPF_ARRAY(settings, u32, 1);
BPF_PROG_ARRAY(jumps, 4);
BPF_ARRAY_OF_MAPS(outer, "settings", 2);
int f(struct pt_regs *ctx) {
	key_type k = {};
	event_t e = {}, *p = &e, *found;
	u32 zero = 0, *value = settings.lookup(&zero);
	found = h.lookup_or_try_init(&k, &(event_t){ .pid = 1 });
	if (!found) return 0;
	found->pid++;
	events.perf_submit(ctx, p, sizeof(*p));
	events.perf_submit(ctx, found, sizeof(event_t));
	h.update(&k, &(event_t){ 1, "a" });
	settings.insert(&zero, &zero);
	settings.delete(&zero);
	jumps.call(ctx, e.pid);
	void *inner = outer.lookup(&zero);
	if (inner) value = bpf_map_lookup_elem(inner, &zero);
	if (h . lookup ( & k ) == 0) return 1;
	return value ? *value : 0;
}
int g(struct pt_regs *ctx) { u32 zero = 0; u32 *v = bpf_map_lookup_elem(&settings, &zero); struct bpf_map_def *d = 0; return v ? *v + (d != 0) : 0; }
