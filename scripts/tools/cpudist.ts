// Shows how long tasks stay on a CPU, or off it, at a time, as a histogram.
// Subject: CPUs
//
//   bpfts cpudist                time on the CPU, until Ctrl-C
//   bpfts cpudist -O 1           time off the CPU, every second
//   bpfts -c 'make -j8' cpudist  the time of one command
//
// Source: BCC's cpudist, whose options and layout these are. It times also tasks that come back on another CPU than they left.
import {
  BPF,
  filter_by_process,
  heatmap_options,
  interval_options,
  is_json_output,
  json_output,
  parse_args,
  print_intervals,
  printf,
  read_file,
  tool_options,
  process_id,
} from "bpfts";
import { print_totals, totals } from "./parts/totals.ts";

const args = parse_args({
  description: "Summarize on- and off-CPU time per task as a histogram.",
  examples: `
examples:
    bpfts cpudist              # summarize on-CPU time as a histogram
    bpfts cpudist -O           # summarize off-CPU time as a histogram
    bpfts cpudist 1 10         # print 1 second summaries, 10 times
    bpfts cpudist -mT 1        # 1s summaries, milliseconds, and timestamps
    bpfts cpudist -P           # show each PID separately
    bpfts cpudist -p 185       # trace PID 185 only
    bpfts cpudist -I           # include CPU idle time
    bpfts cpudist -e           # show extension summary (average/total/count)`,
  arguments: {
    offcpu: { flags: ["-O", "--offcpu"], help: "measure off-CPU time" },
    milliseconds: { flags: ["-m", "--milliseconds"], help: "millisecond histogram" },
    pids: { flags: ["-P", "--pids"], help: "print a histogram per process ID" },
    tids: { flags: ["-L", "--tids"], help: "print a histogram per thread ID" },
    pid: { flags: ["-p", "--pid"], type: process_id, help: "trace this PID only" },
    include_idle: { flags: ["-I", "--include-idle"], help: "include CPU idle time" },
    extension: { flags: ["-e", "--extension"], help: "show extension summary (average/total/count)" },
    ...interval_options,
    ...tool_options,
    ...heatmap_options,
  },
});
json_output(args.json);

const section = args.tids ? "tid" : args.pids ? "pid" : "";
const b = new BPF({
  text: /* c */ `${filter_by_process(args)}${totals}
struct dist_key_t {
    u32 id;
    u32 slot;
};
BPF_HASH(start, u64, u64, 65536);
BPF_HISTOGRAM(dist, struct dist_key_t, 65536);

// The idle tasks of all CPUs have the number 0.
static inline u64 number(u32 tid) { return tid ? tid : (u64)(bpf_get_smp_processor_id() + 1) << 32; }

static inline void store_start(struct task_struct *task, u64 now) {
    u64 key = number(task->pid);
    if ((INCLUDE_IDLE || task->pid) && !task_should_be_filtered(task))
        start.update(&key, &now);
}

static inline void update_hist(struct task_struct *task, u64 now) {
    u64 key = number(task->pid);
    u64 *since = start.lookup(&key);
    if (!since)
        return;
    u64 delta = (now - *since) / UNIT_NS;
    struct dist_key_t slot = { .id = ${{ tid: "task->pid", pid: "task->tgid", "": "0" }[section]}, .slot = bpf_log2l(delta) };
    dist.atomic_increment(slot);
    start.delete(&key);
    if (WANT_TOTAL)
        add_total(delta);
}

RAW_TRACEPOINT_PROBE(sched_switch) {
    struct task_struct *prev = (struct task_struct *)ctx->args[1];
    struct task_struct *next = (struct task_struct *)ctx->args[2];
    u64 now = bpf_ktime_get_ns();
    update_hist(OFF_CPU ? next : prev, now);
    store_start(OFF_CPU ? prev : next, now);
    return 0;
}
`,
  cflags: [
    `-DUNIT_NS=${args.milliseconds ? 1000000 : 1000}`,
    `-DOFF_CPU=${args.offcpu ? 1 : 0}`,
    `-DINCLUDE_IDLE=${args.include_idle ? 1 : 0}`,
    `-DWANT_TOTAL=${args.extension ? 1 : 0}`,
  ],
});

const unit = args.milliseconds ? "msecs" : "usecs";
if (!is_json_output()) printf("Tracing %s-CPU time... Hit Ctrl-C to end.\n", args.offcpu ? "off" : "on");
const dist = b.table<{ id: number; slot: number }, bigint>("dist");
print_intervals(args, () => {
  dist.print_log2_hist(unit, section, {
    take: true,
    section_print_fn: is_json_output() ? (id: number) => id : nameTask,
  });
  if (args.extension) print_totals(b, unit);
});

/** The number of a task, and its name while it is there. */
function nameTask(id: number): string {
  try {
    return `${id} ${read_file(`/proc/${id}/comm`).trimEnd()}`;
  } catch {
    return String(id);
  }
}
