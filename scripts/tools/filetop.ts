// Shows again and again which threads read and write which files most.
// Subject: files
//
//   bpfts filetop          every second
//   bpfts filetop -C 5     every five seconds, without clearing the screen
//
// Source: BCC's filetop, whose options and columns these are. It takes the tracepoints of the system calls, so that no kprobes are needed, and counts the bytes that were read and written, where BCC counts those that were
// asked for.
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
  tool_options,
  process_id,
} from "bpfts";
import { file_calls, show_name } from "./parts/file-calls.ts";
import type { FileName } from "./parts/file-calls.ts";

const args = parse_args({
  description: "File reads and writes by process",
  examples: `
examples:
    bpfts filetop            # file I/O top, 1 second refresh
    bpfts filetop -C         # don't clear the screen
    bpfts filetop -p 181     # PID 181 only
    bpfts filetop 5          # 5 second summaries
    bpfts filetop 5 10       # 5 second summaries, 10 times only`,
  arguments: {
    all_files: { flags: ["-a", "--all-files"], help: "include non-regular file types (sockets, FIFOs, etc)" },
    noclear: { flags: ["-C", "--noclear"], help: "don't clear the screen" },
    maxrows: { flags: ["-r", "--maxrows"], type: positive_int, default: 20, help: "maximum rows to print, default 20" },
    sort: {
      flags: ["-s", "--sort"],
      choices: ["all", "reads", "writes", "rbytes", "wbytes"],
      default: "all",
      help: "sort column, default all",
    },
    pid: { flags: ["-p", "--pid"], type: process_id, help: "trace this PID only" },
    interval: { type: positive_seconds, default: 1, help: "output interval, in seconds" },
    count: { type: positive_int, optional: true, help: "number of outputs" },
    ...tool_options,
  },
});
json_output(args.json);

const b = new BPF({
  text: /* c */ `${filter_by_process(args)}${file_calls}
struct key_t {
    unsigned long inode;
    u32 dev;
    u32 tid;
    u32 type;
    struct name_t name;
    char comm[TASK_COMM_LEN];
};

struct sum_t {
    u64 reads;
    u64 writes;
    u64 rbytes;
    u64 wbytes;
};

BPF_HASH(sums, struct key_t, struct sum_t);

static inline void on_file_call(void *ctx, struct file_call_t *call, long ret) {
    struct key_t key = { .tid = bpf_get_current_pid_tgid() };
    struct sum_t zero = {};
    u32 type = call->mode & S_IFMT;
    if (ret < 0)
        return;
    key.inode = call->file->f_inode->i_ino;
    key.dev = call->file->f_inode->i_sb->s_dev;
    key.type = type == S_IFREG ? 'R' : type == S_IFSOCK ? 'S' : 'O';
    read_name(&key.name, call->file);
    bpf_get_current_comm(&key.comm, sizeof(key.comm));
    struct sum_t *sum = sums.lookup_or_try_init(&key, &zero);
    if (!sum)
        return;
    // A thread has a sum of its own, so nobody else adds to it.
    if (call->is_write) {
        sum->writes++;
        sum->wbytes += ret;
    } else {
        sum->reads++;
        sum->rbytes += ret;
    }
}
`,
  cflags: [`-DALL_FILES=${args.all_files ? 1 : 0}`],
});

interface Key {
  readonly tid: number;
  readonly type: number;
  readonly name: FileName;
  readonly comm: string;
}

interface Sum {
  readonly reads: number;
  readonly writes: number;
  readonly rbytes: number;
  readonly wbytes: number;
}

const rows = new RowPrinter<Key & Sum>([
  { head: "TID", format: "%-7d", value: "tid" },
  { head: "COMM", format: "%-16s", value: "comm" },
  { head: "READS", format: "%-6d", value: "reads" },
  { head: "WRITES", format: "%-6d", value: "writes" },
  { head: "R_Kb", format: "%-7d", value: ({ rbytes }) => Math.floor(rbytes / 1024) },
  { head: "W_Kb", format: "%-7d", value: ({ wbytes }) => Math.floor(wbytes / 1024) },
  { head: "T", format: "%1s", name: "type", value: ({ type }) => String.fromCharCode(type) },
  { head: "FILE", format: "%s", value: ({ name }) => show_name(name) },
]);
const screen = new TopScreen(rows, { clear: !args.noclear, max_rows: args.maxrows });
const { sort } = args;
const weight = (sum: Sum): number => (sort === "all" ? sum.reads + sum.writes + sum.rbytes + sum.wbytes : sum[sort]);

if (!is_json_output()) printf("Tracing... Output every %g secs. Hit Ctrl-C to end\n", args.interval);
const sums = b.table<Key, Sum>("sums", { u64: "number" });
for (const isLast of intervals(args.interval, args.count, args.duration)) {
  const taken = sums.items_lookup_and_delete_batch();
  screen.show(
    [...taken].map(([key, sum]) => ({ ...key, ...sum })),
    weight,
    loadavg_title(),
  );
  if (isLast && !is_json_output()) print("Detaching...");
}
