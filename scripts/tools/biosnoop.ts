// Prints a line for each request to a disk, with the process that made it and the time that it took.
// Subject: disks
//
//   bpfts biosnoop                 all requests
//   bpfts biosnoop -Q -d sda       one disk's, with their time in the queue
//   bpfts -c 'cp a b' biosnoop     the requests of one command
//
// Source: BCC's biosnoop, whose options and columns these are. T has also F for a flush, D for a discard and ? for other operations.
import { BPF, RowPrinter, elapsed_column, filter_by_process, json_output, parse_args, poll_events } from "bpfts";
import { tool_options } from "bpfts";
import { follow_requests } from "./parts/block-requests.ts";

const args = parse_args({
  description: "Trace block I/O",
  examples: `
examples:
    bpfts biosnoop           # trace all block I/O
    bpfts biosnoop -Q        # include OS queued time
    bpfts biosnoop -d sdc    # trace sdc only
    bpfts biosnoop -P        # display block I/O pattern`,
  arguments: {
    queue: { flags: ["-Q", "--queue"], help: "include OS queued time" },
    disk: { flags: ["-d", "--disk"], type: "string", help: "trace this disk only" },
    pattern: { flags: ["-P", "--pattern"], help: "display block I/O pattern (sequential or random)" },
    ...tool_options,
  },
});
json_output(args.json);

const b = new BPF({
  text: /* c */ `${filter_by_process(args)}${follow_requests(args.disk)}
struct event_t {
    u64 ts;
    u64 delta;
    u64 queued;
    u64 sector;
    u64 bytes;
    u32 pid;
    u32 op;
    // '?' for a disk's first request, 'S' for one that follows on its last, else 'R'.
    char pattern;
    char disk[32];
    char comm[TASK_COMM_LEN];
};
BPF_HASH(last_sectors, struct gendisk *, u64);
BPF_PERF_OUTPUT(events);

static inline void on_done(void *ctx, struct request *rq, struct request_t *request, u64 now) {
    struct gendisk *disk = disk_of(rq);
    struct event_t event = {
        .ts = now,
        .delta = now - request->issued,
        .queued = request->issued - request->made,
        .sector = rq->__sector,
        .bytes = request->bytes,
        .pid = request->pid,
        .op = rq->cmd_flags & 0xff,
        .pattern = '?',
    };
    __builtin_memcpy(&event.comm, request->comm, sizeof(event.comm));
    bpf_probe_read_kernel_str(&event.disk, sizeof(event.disk), disk->disk_name);
    if (WANT_PATTERN) {
        u64 next = event.sector + event.bytes / 512, *last = last_sectors.lookup(&disk);
        if (last)
            event.pattern = event.sector == *last ? 'S' : 'R';
        last_sectors.update(&disk, &next);
    }
    events.perf_submit(ctx, &event, sizeof(event));
}
`,
  cflags: [`-DWANT_PATTERN=${args.pattern ? 1 : 0}`],
});

interface Request {
  readonly ts: bigint;
  readonly delta: bigint;
  readonly queued: bigint;
  readonly sector: bigint;
  readonly bytes: bigint;
  readonly pid: number;
  readonly op: number;
  readonly pattern: string;
  readonly disk: string;
  readonly comm: string;
}

const rows = new RowPrinter<Request>([
  elapsed_column<Request>("%-11.6f"),
  { head: "COMM", format: "%-14.14s", value: "comm" },
  { head: "PID", format: "%-7d", value: "pid" },
  { head: "DISK", format: "%-9s", value: ({ disk }) => disk || "<unknown>" },
  { head: "T", format: "%-1s", name: "type", value: ({ op }) => "RWFD"[op] ?? "?" },
  { head: "SECTOR", format: "%-10d", value: "sector" },
  { head: "BYTES", format: "%-6d", value: "bytes" },
  args.pattern && { head: "P", format: "%-1s", value: "pattern" as const },
  args.queue && { head: "QUE(ms)", format: "%7.2f", name: "queue_ms", value: ({ queued }) => Number(queued) / 1e6 },
  { head: "LAT(ms)", format: "%7.2f", name: "ms", value: ({ delta }) => Number(delta) / 1e6 },
]);
rows.print_header();
b.table<never, Request>("events").open_perf_buffer((event) => rows.print(event), { page_cnt: 64, by_time: true });
poll_events(args.duration);
