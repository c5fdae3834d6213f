// Shows how long tasks wait in a run queue for their turn on a CPU, as a histogram.
// Subject: CPUs
//
//   bpfts runqlat                 all waits until Ctrl-C
//   bpfts runqlat 1 10            a histogram each second, ten times
//   bpfts runqlat -P              a histogram for each process
//   bpfts -c 'make -j8' runqlat   the waits of one command
//
// Source: BCC's runqlat, whose options and layout these are. It counts the wait of a task that is preempted on its way to sleep, too, and
// --pidnss tells tasks apart by the namespace of the one that waited.
import {
  BPF,
  filter_by_process,
  heatmap_options,
  interval_options,
  is_json_output,
  json_output,
  parse_args,
  print,
  process_id,
} from "bpfts";
import { print_intervals, tool_options } from "bpfts";
import { run_queue_waits } from "./parts/run-queue-waits.ts";

const args = parse_args({
  description: "Summarize run queue (scheduler) latency as a histogram",
  examples: `
examples:
    bpfts runqlat            # summarize run queue latency as a histogram
    bpfts runqlat 1 10       # print 1 second summaries, 10 times
    bpfts runqlat -mT 1      # 1s summaries, milliseconds, and timestamps
    bpfts runqlat -P         # show each PID separately
    bpfts runqlat -p 185     # trace PID 185 only`,
  arguments: {
    milliseconds: { flags: ["-m", "--milliseconds"], help: "millisecond histogram" },
    pids: { flags: ["-P", "--pids"], help: "print a histogram per process ID" },
    pidnss: { flags: ["--pidnss"], help: "print a histogram per PID namespace" },
    tids: { flags: ["-L", "--tids"], help: "print a histogram per thread ID" },
    pid: { flags: ["-p", "--pid"], type: process_id, help: "trace this PID only" },
    ...interval_options,
    ...tool_options,
    ...heatmap_options,
  },
});
json_output(args.json);

const section = args.tids ? "tid" : args.pids ? "pid" : args.pidnss ? "pidns" : "";
const idOfTask = { tid: "next->pid", pid: "next->tgid", pidns: "pid_namespace(next)", "": "0" }[section];

const b = new BPF({
  text: /* c */ `${filter_by_process(args)}${run_queue_waits}
struct dist_key_t {
    u32 id;
    u32 slot;
};

BPF_HISTOGRAM(dist, struct dist_key_t, 65536);

static inline u32 pid_namespace(struct task_struct *task) {
    struct pid *pid = task->thread_pid;
    return pid->numbers[pid->level].ns->ns.inum;
}

static inline void on_run(void *ctx, struct task_struct *prev, struct task_struct *next, u64 waited_ns) {
    struct dist_key_t key = { .id = ${idOfTask}, .slot = bpf_log2l(waited_ns / UNIT_NS) };
    dist.atomic_increment(key);
}
`,
  cflags: [`-DUNIT_NS=${args.milliseconds ? 1000000 : 1000}`],
});

if (!is_json_output()) print("Tracing run queue latency... Hit Ctrl-C to end.");
const dist = b.table<{ id: number; slot: number }, bigint>("dist");
print_intervals(args, () => dist.print_log2_hist(args.milliseconds ? "msecs" : "usecs", section, { take: true }));
