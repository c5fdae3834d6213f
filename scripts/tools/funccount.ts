// Counts the calls of functions, tracepoints and USDT probes whose names match a pattern.
// Subject: functions
//
//   bpfts funccount 'vfs_*'               kernel functions
//   bpfts funccount -i 1 't:block:*'      tracepoints, every second
//   bpfts funccount -p 181 'c:str*'       functions of a library in one process
//
// Source: BCC's funccount, whose options and columns these are.
import {
  BPF,
  command,
  intervals,
  is_json_output,
  json_output,
  parse_args,
  print,
  printf,
  strftime,
  process_id,
} from "bpfts";
import { make_places, read_pattern } from "./parts/probe-pattern.ts";

const args = parse_args({
  description: "Count functions, tracepoints, and USDT probes",
  examples: `
examples:
    bpfts funccount 'vfs_*'             # count kernel functions that start with "vfs_"
    bpfts funccount -r '^vfs_.*'        # the same, as a regular expression
    bpfts funccount -Ti 5 'vfs_*'       # output every 5 seconds, with timestamps
    bpfts funccount -d 10 'vfs_*'       # trace for 10 seconds only
    bpfts funccount -p 185 'vfs_*'      # count the calls of PID 185 only
    bpfts funccount t:sched:sched_fork  # count calls of a tracepoint
    bpfts funccount 'c:str*'            # count functions of libc
    bpfts funccount /bin/bash:readline  # count a function of a program
    bpfts funccount 'u:node:gc*'        # count the USDT probes of node that start with "gc"
    bpfts funccount -c 1 'vfs_*'        # count the calls on CPU 1 only
    bpfts -c 'ls /' funccount 'c:mem*'  # count the calls of one command`,
  arguments: {
    pid: { flags: ["-p", "--pid"], type: process_id, help: "trace this PID only" },
    interval: { flags: ["-i", "--interval"], type: "float", help: "summary interval, seconds" },
    duration: { flags: ["-d", "--duration"], type: "float", help: "total duration of trace, seconds" },
    timestamp: { flags: ["-T", "--timestamp"], help: "include timestamp on output" },
    regexp: { flags: ["-r", "--regexp"], help: 'use regular expressions. Default is "*" wildcards only.' },
    debug: { flags: ["-D", "--debug"], help: "print BPF program before starting (for debugging purposes)" },
    cpu: { flags: ["-c", "--cpu"], type: "int", help: "trace this CPU only" },
    json: { flags: ["--json"], help: "print a JSON object a line" },
    pattern: { help: "search expression for events" },
  },
});
json_output(args.json);

const pattern = read_pattern(args.pattern, args.regexp);
const onlyPid = args.pid ?? command?.pid;
const conditions = [
  ...(onlyPid !== undefined ? [`bpf_get_current_pid_tgid() >> 32 != ${onlyPid}`] : []),
  ...(args.cpu !== undefined ? [`bpf_get_smp_processor_id() != ${args.cpu}`] : []),
];
const places = make_places(pattern, onlyPid);
const text = /* c */ `
BPF_HASH(counts, u64, u64, 65536);

static inline int hit(void *ctx, u64 place) {
    if (!UNWANTED)
        counts.atomic_increment(place);
    return 0;
}

${places.c}
`;
if (args.debug) print(text);
const b = new BPF({
  text,
  cflags: [`-DUNWANTED=(${conditions.join("||") || "0"})`],
  usdt_contexts: places.usdt_contexts,
});
const total = places.attach(b);

if (!is_json_output()) printf('Tracing %d functions for "%s"... Hit Ctrl-C to end.\n', total, args.pattern);
const seconds = args.interval ?? args.duration ?? 99999999;
const turns = args.duration === undefined ? undefined : Math.max(1, Math.floor(args.duration / seconds));
for (const isLast of intervals(seconds, turns)) {
  show();
  if (isLast && !is_json_output()) print("Detaching...");
}

function show(): void {
  const rows = new Map<string, number>();
  for (const [place, count] of b.table<bigint, bigint>("counts").items_lookup_and_delete_batch()) {
    const shown = places.name(b, place);
    rows.set(shown, (rows.get(shown) ?? 0) + Number(count));
  }
  const sorted = [...rows].filter(([, count]) => count > 0).sort((x, y) => x[1] - y[1]);
  if (is_json_output()) {
    const time = args.timestamp ? { time: strftime("%H:%M:%S") } : {};
    for (const [func, count] of sorted) print(JSON.stringify({ ...time, func, count }));
    return;
  }
  print();
  if (args.timestamp) printf("%-8s\n", strftime("%H:%M:%S"));
  printf("%-36s %8s\n", "FUNC", "COUNT");
  for (const [func, count] of sorted) printf("%-36s %8d\n", func, count);
}
