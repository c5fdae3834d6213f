// Shows again and again which processes use which disks most.
// Subject: disks
//
//   bpfts biotop          every second
//   bpfts biotop -C 5     every five seconds, without clearing the screen
//
// Source: BCC's biotop, whose options and columns these are. It takes the tracepoints of block I/O, so that no kprobes are needed.
import {
  BPF,
  RowPrinter,
  TopScreen,
  filter_by_process,
  intervals,
  is_json_output,
  json_output,
  loadavg_title,
  parse_args,
  positive_int,
  positive_seconds,
  print,
  printf,
  read_file,
  tool_options,
  process_id,
} from "bpfts";
import { follow_requests } from "./parts/block-requests.ts";

const args = parse_args({
  description: "Block device (disk) I/O by process",
  examples: `
examples:
    bpfts biotop            # block device I/O top, 1 second refresh
    bpfts biotop -C         # don't clear the screen
    bpfts biotop -p 181     # only trace PID 181
    bpfts biotop 5          # 5 second summaries
    bpfts biotop 5 10       # 5 second summaries, 10 times only`,
  arguments: {
    noclear: { flags: ["-C", "--noclear"], help: "don't clear the screen" },
    maxrows: { flags: ["-r", "--maxrows"], type: positive_int, default: 20, help: "maximum rows to print, default 20" },
    pid: { flags: ["-p", "--pid"], type: process_id, help: "trace this PID only" },
    interval: { type: positive_seconds, default: 1, help: "output interval, in seconds" },
    count: { type: positive_int, optional: true, help: "number of outputs" },
    ...tool_options,
  },
});
json_output(args.json);

const b = new BPF({
  text: /* c */ `${filter_by_process(args)}${follow_requests(undefined)}
struct key_t {
    u32 pid;
    u32 is_write;
    u32 major;
    u32 minor;
    char comm[TASK_COMM_LEN];
};

struct sum_t {
    u64 bytes;
    u64 ns;
    u64 io;
};

BPF_HASH(sums, struct key_t, struct sum_t);

static inline void on_done(void *ctx, struct request *rq, struct request_t *request, u64 now) {
    struct gendisk *disk = disk_of(rq);
    struct sum_t zero = {};
    struct key_t key = { .pid = request->pid, .is_write = (rq->cmd_flags & REQ_OP_MASK) == REQ_OP_WRITE };
    key.major = disk->major;
    key.minor = disk->first_minor;
    __builtin_memcpy(&key.comm, request->comm, sizeof(key.comm));
    struct sum_t *sum = sums.lookup_or_try_init(&key, &zero);
    if (!sum)
        return;
    lock_xadd(&sum->bytes, request->bytes);
    lock_xadd(&sum->ns, now - request->issued);
    lock_xadd(&sum->io, 1);
}
`,
});

interface Key {
  readonly pid: number;
  readonly is_write: number;
  readonly major: number;
  readonly minor: number;
  readonly comm: string;
}

interface Sum {
  readonly bytes: number;
  readonly ns: number;
  readonly io: number;
}

/** The name of a disk by its numbers; disks come and go. */
function findDisk({ major, minor }: Key): string {
  return new RegExp(`^ *${major} +${minor} +(\\S+)`, "m").exec(read_file("/proc/diskstats"))?.[1] ?? "?";
}

const rows = new RowPrinter<Key & Sum>([
  { head: "PID", format: "%-7d", value: "pid" },
  { head: "COMM", format: "%-16s", value: "comm" },
  { head: "D", format: "%1s", name: "direction", value: ({ is_write }) => (is_write === 1 ? "W" : "R") },
  { head: "MAJ", format: "%-3d", value: "major" },
  { head: "MIN", format: "%-3d", value: "minor" },
  { head: "DISK", format: "%-8s", value: findDisk },
  { head: "I/O", format: "%5d", value: "io" },
  { head: "Kbytes", format: "%7d", value: ({ bytes }) => Math.floor(bytes / 1024) },
  { head: "AVGms", format: "%6.2f", value: ({ ns, io }) => ns / 1e6 / io },
]);
const screen = new TopScreen(rows, { clear: !args.noclear, max_rows: args.maxrows });
if (!is_json_output()) printf("Tracing... Output every %g secs. Hit Ctrl-C to end\n", args.interval);
const sums = b.table<Key, Sum>("sums", { u64: "number" });
for (const isLast of intervals(args.interval, args.count, args.duration)) {
  const list = [...sums.items_lookup_and_delete_batch()].map(([key, sum]) => ({ ...key, ...sum }));
  screen.show(list, ({ bytes }) => bytes, loadavg_title());
  if (isLast && !is_json_output()) print("Detaching...");
}
