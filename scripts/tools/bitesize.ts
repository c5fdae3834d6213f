// Shows a histogram of the sizes of block I/O for each process.
// Subject: disks
//
//   bpfts bitesize                  until Ctrl-C
//   bpfts -c 'sync' bitesize        while a command runs
//
// Source: BCC's bitesize, which has no options. A request is its process's that hands it to the disk, as there.
import {
  BPF,
  filter_by_process,
  intervals,
  is_json_output,
  json_output,
  parse_args,
  print,
  tool_options,
  process_id,
} from "bpfts";

const args = parse_args({
  description: "Block I/O size histogram by process",
  examples: `
examples:
    bpfts bitesize              # until Ctrl-C
    bpfts bitesize -p 181       # of PID 181 only
    bpfts bitesize --duration 5 # for five seconds`,
  arguments: { pid: { flags: ["-p", "--pid"], type: process_id, help: "trace this PID only" }, ...tool_options },
});
json_output(args.json);

const b = new BPF({
  text: /* c */ `${filter_by_process(args)}
struct key_t {
    char name[TASK_COMM_LEN];
    u64 slot;
};

BPF_HISTOGRAM(dist, struct key_t);

TRACEPOINT_PROBE(block, block_rq_issue) {
    struct key_t key = { .slot = bpf_log2l(args->bytes / 1024) };
    if (process_should_be_filtered())
        return 0;
    bpf_probe_read_kernel(&key.name, sizeof(key.name), args->comm);
    dist.atomic_increment(key);
    return 0;
}
`,
});

if (!is_json_output()) print("Tracing block I/O... Hit Ctrl-C to end.");
for (const _ of intervals(99999999, 1, args.duration));
b.tables.dist.print_log2_hist("Kbytes", "Process Name");
