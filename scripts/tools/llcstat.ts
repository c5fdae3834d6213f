// Counts by process how often the CPU's last cache was asked, and how often it had not what was asked for.
// Subject: CPUs
//
//   bpfts llcstat              ten seconds
//   bpfts llcstat 5 -t         five seconds, by thread
//   bpfts -c './job' llcstat   one command, for ten seconds at most
//
// Source: BCC's llcstat, whose options and columns these are. It needs the processor's counters, which most virtual machines have not.
import {
  AttachError,
  BPF,
  PerfHWConfig,
  PerfType,
  RowPrinter,
  UnsupportedFeatureError,
  eprint,
  exit,
  filter_by_process,
  intervals,
  is_json_output,
  json_output,
  parse_args,
  positive_int,
  positive_seconds,
  printf,
  tool_options,
} from "bpfts";

const args = parse_args({
  description: "Summarize cache references and misses by PID",
  examples: `
examples:
    bpfts llcstat             # summarize for 10 seconds
    bpfts llcstat -c 1000 5   # sample one in 1000 events, for 5 seconds
    bpfts llcstat -t          # by thread`,
  arguments: {
    sample_period: {
      flags: ["-c", "--sample_period"],
      type: positive_int,
      default: 100,
      help: "Sample one in this many number of cache reference / miss events",
    },
    duration: { type: positive_seconds, default: 10, help: "Duration, in seconds, to run" },
    tid: { flags: ["-t", "--tid"], help: "Summarize cache references and misses by PID/TID" },
    cgroup: tool_options.cgroup,
    json: tool_options.json,
  },
});
json_output(args.json);

const b = new BPF({
  text: /* c */ `${filter_by_process({ cgroup: args.cgroup })}
struct key_t {
    u32 cpu;
    u32 pid;
    u32 tid;
    char name[TASK_COMM_LEN];
};
struct counts_t {
    u64 references;
    u64 misses;
};
BPF_HASH(counts, struct key_t, struct counts_t, 65536);

static inline int count(u64 references, u64 misses) {
    u64 id = bpf_get_current_pid_tgid();
    struct key_t key = { .cpu = bpf_get_smp_processor_id(), .pid = id >> 32, .tid = BY_THREAD ? id : id >> 32 };
    if (process_should_be_filtered())
        return 0;
    bpf_get_current_comm(&key.name, sizeof(key.name));
    struct counts_t zero = {}, *sum = counts.lookup_or_try_init(&key, &zero);
    if (sum) {
        lock_xadd(&sum->references, references);
        lock_xadd(&sum->misses, misses);
    }
    return 0;
}

int on_cache_miss(struct bpf_perf_event_data *ctx) { return count(0, ctx->sample_period); }
int on_cache_ref(struct bpf_perf_event_data *ctx) { return count(ctx->sample_period, 0); }
`,
  cflags: [`-DBY_THREAD=${args.tid ? 1 : 0}`],
});
try {
  const event = { ev_type: PerfType.HARDWARE, sample_period: args.sample_period };
  b.attach_perf_event({ ...event, ev_config: PerfHWConfig.CACHE_MISSES, fn_name: "on_cache_miss" });
  b.attach_perf_event({ ...event, ev_config: PerfHWConfig.CACHE_REFERENCES, fn_name: "on_cache_ref" });
} catch (error) {
  if (!(error instanceof AttachError || error instanceof UnsupportedFeatureError)) throw error;
  eprint("Failed to attach to a hardware event. Is this a virtual machine? Run llcstat on its host.");
  exit(1);
}

interface Key {
  readonly cpu: number;
  readonly pid: number;
  readonly tid: number;
  readonly name: string;
}
interface Counts {
  readonly references: bigint;
  readonly misses: bigint;
}

/** Both are sampled, so there may seem to be more misses than references. */
function findHitRate({ references, misses }: Counts): number {
  return references > misses ? (100 * Number(references - misses)) / Number(references) : 0;
}

if (!is_json_output()) printf("Running for %s seconds or hit Ctrl-C to end.\n", args.duration);
for (const _ of intervals(args.duration, 1));
const rows = new RowPrinter<Key & Counts>([
  { head: "PID", format: "%-8d", value: "pid" },
  args.tid && { head: "TID", format: "%-8d", value: "tid" as const },
  { head: "NAME", format: "%-16s", value: "name" },
  { head: "CPU", format: "%-4d", value: "cpu" },
  { head: "REFERENCE", format: "%12d", name: "references", value: "references" },
  { head: "MISS", format: "%12d", name: "misses", value: "misses" },
  { head: "HIT%", format: is_json_output() ? "%f" : "%6.2f%%", name: "hit_percent", value: findHitRate },
]);
rows.print_header();
const total = { references: 0n, misses: 0n };
for (const [key, counts] of b.table<Key, Counts>("counts").top(undefined, "references").reverse()) {
  total.references += counts.references;
  total.misses += counts.misses;
  rows.print({ ...key, ...counts });
}
if (!is_json_output())
  printf(
    "Total References: %d Total Misses: %d Hit Rate: %.2f%%\n",
    total.references,
    total.misses,
    findHitRate(total),
  );
