import { task_state } from "./task-state.ts";

/**
 * C text that calls `on_run(ctx, prev, next, waited_ns)` when a task gets a CPU that it had to wait for. The tool defines it, and puts
 * `filter_by_process` before. A task that is woken while it waits already goes on waiting.
 */
export const run_queue_waits = `${task_state}
BPF_HASH(wait_start, u32, u64, 65536);

static inline void on_run(void *ctx, struct task_struct *prev, struct task_struct *next, u64 waited_ns);

static inline int on_wakeup(struct task_struct *task) {
    u32 tid = task->pid;
    u64 now = bpf_ktime_get_ns();
    if (tid && !task_should_be_filtered(task))
        wait_start.insert(&tid, &now);
    return 0;
}

RAW_TRACEPOINT_PROBE(sched_wakeup) { return on_wakeup((struct task_struct *)ctx->args[0]); }
RAW_TRACEPOINT_PROBE(sched_wakeup_new) { return on_wakeup((struct task_struct *)ctx->args[0]); }

RAW_TRACEPOINT_PROBE(sched_switch) {
    struct task_struct *prev = (struct task_struct *)ctx->args[1];
    struct task_struct *next = (struct task_struct *)ctx->args[2];
    u64 now = bpf_ktime_get_ns();
    u32 tid = prev->pid;
    if (!is_runnable(prev, ctx->args[0]))
        wait_start.delete(&tid);
    else if (tid && !task_should_be_filtered(prev))
        wait_start.update(&tid, &now);

    tid = next->pid;
    u64 *since = wait_start.lookup(&tid);
    if (since) {
        on_run(ctx, prev, next, now - *since);
        wait_start.delete(&tid);
    }
    return 0;
}
`;
