// Loads inside of macros in macros: the uses are written out as far as it takes, the macros stay for the others.
#include <linux/sched.h>
#define SUM(t, name) ((t)->pid + (t)->start_##name)
#define PARENT(t) t->real_parent
#define DEEP(t, m) PARENT(PARENT(t))->m + SUM(t, time)
#define EACH(t, fn, rest...) fn(t, ##rest)
#define TEXT(x) #x
#define WRAP(t, ...) ({ u64 sum = EACH(t, SUM, __VA_ARGS__); sum + sizeof(TEXT("a" t)) + sizeof(", t"); })
#define GET(p, ...) (p)__VA_ARGS__
#define NAMED(t, kind) sizeof(#kind "_" #t) + (t)->kind##id
#define ONLY(t, rest...) EACH(t, GET, ##rest)
#define CURRENT ((struct task_struct *)bpf_get_current_task())
#define OWN(e) (e).pid
struct event_t { u32 pid; u64 start_time; };
int f(struct pt_regs *ctx) {
	struct event_t event = { 1 }, *at = &event;
	struct task_struct *t = CURRENT;
	u64 a = SUM(t, time), b = DEEP(t, // the group's
		tgid), c = WRAP(t,
			time /* of its start */);
	u64 d = GET(t, ->pid) + GET(t, ->real_parent)->tgid + NAMED(t, tg) + NAMED(PARENT(t), p);
	u64 e = SUM(at, time) + OWN(event) + GET(CURRENT, ->pid) + SUM((PARENT(t)), time);
	bpf_trace_printk("%d %s %d", SUM(t, time), TEXT(SUM(t, time)), ONLY(t, ->tgid));
	return a + b + c + d + e;
}
