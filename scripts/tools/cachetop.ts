// Shows again and again which processes use the page cache, and how many of their uses find their page there.
// Subject: memory
//
//   bpfts cachetop         every five seconds
//   bpfts cachetop -C 1    every second, without clearing the screen
//
// Source: BCC's cachetop, whose columns these are. Its keys < > and r are -s and -r here: a script reads no keyboard.
import {
  BPF,
  RowPrinter,
  TopScreen,
  filter_by_process,
  intervals,
  is_json_output,
  json_output,
  parse_args,
  positive_int,
  positive_seconds,
  print,
  read_file,
  sprintf,
  strftime,
  tool_options,
  user_name,
  process_id,
} from "bpfts";
import { page_cache_counts, read_cache_sizes } from "./parts/page-cache-counts.ts";

const args = parse_args({
  description:
    "Show Linux page cache hit/miss statistics including read and write hit % per processes in a UI like top.",
  examples: `
examples:
    bpfts cachetop             # every five seconds
    bpfts cachetop 1 10        # every second, ten times
    bpfts cachetop -s misses   # the most misses first
    bpfts cachetop -p 181      # PID 181 only`,
  arguments: {
    pid: { flags: ["-p", "--pid"], type: process_id, help: "trace this PID only" },
    noclear: { flags: ["-C", "--noclear"], help: "don't clear the screen" },
    sort: {
      flags: ["-s", "--sort"],
      choices: ["pid", "uid", "hits", "misses", "dirties", "read_hits", "write_hits"],
      default: "hits",
      help: "sort column, default hits",
    },
    reverse: { flags: ["-r", "--reverse"], help: "the smallest first" },
    maxrows: { flags: ["--maxrows"], type: positive_int, default: 1000, help: "maximum rows to print" },
    interval: { type: positive_seconds, default: 5, help: "interval between probes." },
    count: { type: positive_int, optional: true, help: "number of outputs" },
    ...tool_options,
  },
});
json_output(args.json);

const b = new BPF({
  text: /* c */ `${filter_by_process(args)}${page_cache_counts()}
struct key_t {
    u32 pid;
    u32 uid;
    char comm[TASK_COMM_LEN];
};

struct sum_t {
    u64 counts[4];
};

BPF_HASH(sums, struct key_t, struct sum_t);

static inline void on_page_cache(u32 event) {
    struct key_t key = {};
    struct sum_t zero = {};
    if (process_should_be_filtered())
        return;
    key.pid = bpf_get_current_pid_tgid() >> 32;
    key.uid = bpf_get_current_uid_gid();
    bpf_get_current_comm(&key.comm, sizeof(key.comm));
    struct sum_t *sum = sums.lookup_or_try_init(&key, &zero);
    if (sum)
        lock_xadd(&sum->counts[event & 3], 1);
}
`,
});

interface Key {
  readonly pid: number;
  readonly uid: number;
  readonly comm: string;
}

interface Row extends Key {
  readonly hits: number;
  readonly misses: number;
  readonly dirties: number;
  readonly read_hits: number;
  readonly write_hits: number;
}

/** Source: BCC's cachetop. */
function describe(key: Key, counts: readonly number[]): Row {
  const [accessed, added, dirtied, buffers] = counts as [number, number, number, number];
  const [hits, misses] = [accessed + buffers, added + dirtied];
  const percent = (part: number): number => (part === 0 ? 0 : (100 * part) / (hits + misses));
  return { ...key, hits, misses, dirties: buffers, read_hits: percent(accessed), write_hits: percent(added) };
}

const rows = new RowPrinter<Row>([
  { head: "PID", format: "%8d", value: "pid" },
  { head: "UID", format: "%-8.8s", name: "user", value: ({ uid }) => user_name(uid) },
  { head: "CMD", format: "%-16s", value: "comm" },
  { head: "HITS", format: "%8d", value: "hits" },
  { head: "MISSES", format: "%8d", value: "misses" },
  { head: "DIRTIES", format: "%8d", value: "dirties" },
  { head: "READ_HIT", format: "%9.1f%%", value: "read_hits" },
  { head: "WRITE_HIT", format: "%9.1f%%", value: "write_hits" },
]);

function renderTitle(): string {
  const { buffers, cached } = read_cache_sizes(read_file("/proc/meminfo"));
  const order = args.reverse ? "ascending" : "descending";
  const time = strftime("%H:%M:%S");
  const sort = args.sort.toUpperCase();
  return sprintf("%-8s Buffers MB: %.0f / Cached MB: %.0f / Sort: %s / Order: %s", time, buffers, cached, sort, order);
}

const screen = new TopScreen(rows, { clear: !args.noclear, max_rows: args.maxrows });
const direction = args.reverse ? -1 : 1;
const sums = b.table<Key, { readonly counts: readonly number[] }>("sums", { u64: "number" });
for (const isLast of intervals(args.interval, args.count, args.duration)) {
  const list = [...sums.items_lookup_and_delete_batch()].map(([key, { counts }]) => describe(key, counts));
  screen.show(list, (row) => direction * row[args.sort], renderTitle());
  if (isLast && !is_json_output()) print("Detaching...");
}
