// Samples how many tasks wait in the run queue of each CPU, as a histogram.
// Subject: CPUs
//
//   bpfts runqlen           all samples until Ctrl-C
//   bpfts runqlen -C 1      a histogram for each CPU, every second
//   bpfts runqlen -O 1      how often somebody had to wait, every second
//
// Source: BCC's runqlen, whose options and layout these are. It counts all tasks of the CPU, also those of other cgroups and scheduling
// classes than the running task. With -c and --cgroup it samples only while those run.
import {
  BPF,
  PerfSWConfig,
  PerfType,
  filter_by_process,
  heatmap_options,
  interval_options,
  is_json_output,
  json_output,
  parse_args,
  print,
  print_intervals,
  printf,
  strftime,
  tool_options,
} from "bpfts";

const args = parse_args({
  description: "Summarize scheduler run queue length as a histogram",
  examples: `
examples:
    bpfts runqlen            # summarize run queue length as a histogram
    bpfts runqlen 1 10       # print 1 second summaries, 10 times
    bpfts runqlen -T 1       # 1s summaries and timestamps
    bpfts runqlen -O         # report run queue occupancy
    bpfts runqlen -C         # show each CPU separately`,
  arguments: {
    runqocc: { flags: ["-O", "--runqocc"], help: "report run queue occupancy" },
    cpus: { flags: ["-C", "--cpus"], help: "print output for each CPU separately" },
    ...interval_options,
    ...tool_options,
    ...heatmap_options,
  },
});
json_output(args.json);

const b = new BPF({
  text: /* c */ `${filter_by_process(args)}
struct dist_key_t {
    u32 cpu;
    u32 slot;
};
BPF_HISTOGRAM(dist, struct dist_key_t, 65536);

// Without groups of tasks there is no pointer, and the queue lies within the CPU's.
static inline struct rq *queue_of(struct task_struct *task) {
    struct cfs_rq *own = task->se.cfs_rq;
    if (bpf_core_field_exists(own->rq))
        return own->rq;
    return (struct rq *)((void *)own - offsetof(struct rq, cfs));
}

int do_perf_event(struct bpf_perf_event_data *ctx) {
    if (process_should_be_filtered())
        return 0;
    struct rq *queue = queue_of((struct task_struct *)bpf_get_current_task());
    u32 running = queue->nr_running;
    struct dist_key_t key = { .cpu = bpf_get_smp_processor_id(), .slot = running > 0 ? running - 1 : 0 };
    dist.atomic_increment(key);
    return 0;
}
`,
});
b.attach_perf_event({
  ev_type: PerfType.SOFTWARE,
  ev_config: PerfSWConfig.CPU_CLOCK,
  fn_name: "do_perf_event",
  sample_freq: 99,
});

if (!is_json_output()) print("Sampling run queue length... Hit Ctrl-C to end.");
const dist = b.table<{ cpu: number; slot: number }, bigint>("dist");
print_intervals(args, () => {
  if (args.runqocc) showOccupancy();
  else
    dist.print_linear_hist("runqlen", args.cpus ? "cpu" : "", {
      take: true,
      bucket_sort_fn: (cpus: number[]) => cpus.sort((x, y) => x - y),
    });
});

/** Prints in how many of the samples at least one task had to wait. */
function showOccupancy(): void {
  const samples = new Map<number, { all: number; queued: number }>();
  for (const [{ cpu, slot }, count] of dist.items_lookup_and_delete_batch()) {
    const group = args.cpus ? cpu : -1;
    const row = samples.get(group) ?? { all: 0, queued: 0 };
    row.all += Number(count);
    if (slot > 0) row.queued += Number(count);
    samples.set(group, row);
  }
  const time = args.timestamp ? { time: strftime("%H:%M:%S") } : {};
  for (const [cpu, { all, queued }] of [...samples].sort((x, y) => x[0] - y[0])) {
    const percent = (100 * queued) / all;
    if (is_json_output()) print(JSON.stringify({ ...time, ...(args.cpus && { cpu }), runqocc: percent }));
    else if (args.cpus) printf("runqocc, CPU %-3d %6.2f%%\n", cpu, percent);
    else printf("runqocc: %0.2f%%\n", percent);
  }
}
