/**
 * C text that defines `task_state(task)`, whose member has had two names, and `is_runnable(task, preempted)` for `sched_switch`: a task that is preempted
 * stays in the run queue whatever it was about to wait for.
 */
export const task_state = `
struct task_struct___since_5_14 { unsigned int __state; } __attribute__((preserve_access_index));
struct task_struct___before_5_14 { long state; } __attribute__((preserve_access_index));

static inline unsigned int task_state(void *task) {
    struct task_struct___since_5_14 *newer = task;
    struct task_struct___before_5_14 *older = task;
    return bpf_core_field_exists(newer->__state) ? BPF_CORE_READ(newer, __state) : BPF_CORE_READ(older, state);
}

static inline int is_runnable(void *task, int preempted) {
    return preempted || task_state(task) == TASK_RUNNING;
}
`;
