// Rings that macros of the text declare have their events' types and a place for their losses.
struct event_t { u32 pid; };
#define RING(name) BPF_RINGBUF_OUTPUT(name, 8)
#define BOTH(prefix) BPF_PERF_OUTPUT(prefix##_perf); \
	RING(prefix##_ring)
BOTH(my);
#define SEND(ring, event) ring.ringbuf_output(&event, sizeof(event), 0)
int on_probe(struct pt_regs *ctx) {
	struct event_t event = { bpf_get_current_pid_tgid() };
	my_perf.perf_submit(ctx, &event, sizeof(event));
	return SEND(my_ring, event);
}
