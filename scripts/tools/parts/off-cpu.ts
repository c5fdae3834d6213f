import { command, positive_int } from "bpfts";
import { process_list, thread_list } from "./id-lists.ts";
import { task_state } from "./task-state.ts";

/** Which tasks a tool of blocked time looks at, and for how long they are to have been blocked. BCC's own option strings. */
export const off_cpu_options = {
  pid: {
    flags: ["-p", "--pid"],
    type: process_list,
    metavar: "PID",
    help: "trace this PID only, or a comma separated list",
  },
  tid: {
    flags: ["-t", "--tid"],
    type: thread_list,
    metavar: "TID",
    help: "trace this TID only, or a comma separated list",
  },
  user_threads_only: { flags: ["-u", "--user-threads-only"], help: "user threads only (no kernel threads)" },
  kernel_threads_only: { flags: ["-k", "--kernel-threads-only"], help: "kernel threads only (no user threads)" },
  min_block_time: {
    flags: ["-m", "--min-block-time"],
    type: positive_int,
    default: 1,
    help: "the amount of time in microseconds over which we store traces (default 1)",
  },
  max_block_time: {
    flags: ["-M", "--max-block-time"],
    type: positive_int,
    help: "the amount of time in microseconds under which we store traces (default U64_MAX)",
  },
  state: {
    flags: ["--state"],
    type: "int",
    help: "filter on this thread state bitmask (eg, 2 == TASK_UNINTERRUPTIBLE) see include/linux/sched.h",
  },
} as const;

/** What those options got. */
export interface OffCpuFilter {
  readonly pid?: readonly number[] | undefined;
  readonly tid?: readonly number[] | undefined;
  readonly user_threads_only?: boolean;
  readonly kernel_threads_only?: boolean;
  readonly min_block_time: number;
  readonly max_block_time?: number | undefined;
  readonly state?: number | undefined;
}

const isOneOf = (variable: string, values: readonly number[]): string =>
  values.map((value) => `${variable} == ${value}`).join(" || ");

/** C text that defines `is_wanted(task)` and `is_time_wanted(us)`. The tool puts `filter_by_process` before. */
export function filter_off_cpu(filter: OffCpuFilter): string {
  const { pid, tid, user_threads_only, kernel_threads_only, state, min_block_time, max_block_time } = filter;
  const thread = pid
    ? isOneOf("task->tgid", pid)
    : tid
      ? isOneOf("task->pid", tid)
      : user_threads_only
        ? "!(task->flags & PF_KTHREAD)"
        : kernel_threads_only
          ? "task->flags & PF_KTHREAD"
          : "1";
  const inState = state === undefined ? "1" : state === 0 ? "task_state(task) == 0" : `task_state(task) & ${state}`;
  // A given process takes the place of the command that bpfts was started with.
  const isOutside = pid || tid ? "task_container_should_be_filtered(task)" : "task_should_be_filtered(task)";
  return `${task_state}
// Idle tasks all have the number 0, and the dead do not come back.
static inline int is_wanted(struct task_struct *task) {
    return task->pid && !(task_state(task) & 0x80) && (${thread}) && (${inState}) && !${isOutside};
}
static inline int is_time_wanted(u64 us) {
    return us >= ${min_block_time}ULL && us <= ${max_block_time === undefined ? "~0ULL" : `${max_block_time}ULL`};
}
`;
}

/** Whose time it is, as the first line says it. */
export function name_off_cpu(filter: OffCpuFilter): string {
  if (filter.pid) return `PID ${filter.pid.join(", ")}`;
  if (filter.tid) return `TID ${filter.tid.join(", ")}`;
  if (filter.user_threads_only) return "user threads";
  if (filter.kernel_threads_only) return "kernel threads";
  return command === undefined ? "all threads" : "the command's threads";
}
