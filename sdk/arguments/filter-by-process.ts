import { command } from "../guest/process.ts";
import { renderConstant } from "../queries/render-constant.ts";
import { filter_by_containers } from "../queries/containers.ts";
import type { ContainerFilter } from "../queries/containers.ts";

/**
 * Whose events a tool is to see: a process, a thread, containers, or what the command of `-c` started.
 *
 * @example
 * import { print, type ProcessFilter } from "bpfts";
 * const filter: ProcessFilter = { pid: 4711 };
 * print(filter.pid); // 4711
 */
export interface ProcessFilter extends ContainerFilter {
  /** A process, all its threads. */
  readonly pid?: number | undefined;
  /** A thread. It goes before `pid`. */
  readonly tid?: number | undefined;
}

/**
 * C text that defines `process_should_be_filtered()`, which is 1 when the current process is none of those that the options take in. Without `pid` and `tid` these
 * are, when bpfts was started with `-c`, the command and all that it starts. Put the text before the program's own and ask first thing:
 * `if (process_should_be_filtered()) return 0;`. Where the current process is not the one in question, `pid_should_be_filtered(pid, tid)` looks at the numbers alone, and
 * `task_should_be_filtered(task)` at a `struct task_struct *` that the kernel handed over.
 *
 * @throws BpfError when there is no cgroup at a path
 *
 * @example
 * import { BPF, filter_by_process } from "bpfts";
 * const b = new BPF({
 *   text: `${filter_by_process({ pid: 1 })}
 * TRACEPOINT_PROBE(sched, sched_process_fork) {
 *     if (process_should_be_filtered()) return 0;
 *     bpf_trace_printk("fork");
 *     return 0;
 * }`,
 * });
 * b.trace_print();
 */
export function filter_by_process(filter: ProcessFilter): string {
  const { tid, pid } = filter;
  const followed = tid === undefined && pid === undefined ? command : undefined;
  const task = tid ?? pid ?? followed?.root_pid;
  const constant = task === undefined ? "" : renderConstant("u32", "bpfts_wanted_task", task);
  const other = `${tid === undefined ? "pid" : "tid"} != bpfts_wanted_task`;
  const condition = task === undefined ? "0" : followed === undefined ? other : "bpfts_is_no_descendant(pid)";
  return `${filter_by_containers(filter)}${constant}${followed === undefined ? "" : followCommand}
static inline int pid_should_be_filtered(u32 pid, u32 tid) { return ${condition}; }
static inline int process_should_be_filtered(void) {
    u64 id = bpf_get_current_pid_tgid();
    return pid_should_be_filtered(id >> 32, id) || container_should_be_filtered();
}
static inline int task_should_be_filtered(struct task_struct *task) {
    return pid_should_be_filtered(BPF_CORE_READ(task, tgid), BPF_CORE_READ(task, pid)) || task_container_should_be_filtered(task);
}
`;
}

/** A process of the tree is one whose parent is of it when it forks. */
const followCommand = `
BPF_HASH(command_tree, u32, u8);
static inline int bpfts_is_no_descendant(u32 pid) { return pid != bpfts_wanted_task && !command_tree.lookup(&pid); }
TRACEPOINT_PROBE(sched, sched_process_fork) {
    u32 child = args->child_pid;
    u8 one = 1;
    if (!bpfts_is_no_descendant(bpf_get_current_pid_tgid() >> 32))
        command_tree.update(&child, &one);
    return 0;
}
`;
