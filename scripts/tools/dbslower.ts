// Prints a line for each query of MySQL or PostgreSQL that takes longer than a threshold.
// Subject: databases
//
//   bpfts dbslower postgres                   queries above 1 ms of all servers that run
//   bpfts dbslower mysql -p 480 -m 30         above 30 ms, of one server
//   bpfts dbslower mysql -x "$(which mysqld)" of a server that was built without USDT probes
//
// Source: BCC's dbslower, whose options and columns these are. Without -p it also sees servers and sessions that start later; with -x it takes the USDT probes of a binary that has them, PostgreSQL's too.
import {
  BPF,
  RowPrinter,
  USDT,
  eprint,
  exit,
  filter_by_process,
  json_output,
  monotonic_ns,
  parse_args,
  poll_events,
  print,
  tool_options,
  process_id,
} from "bpfts";

const args = parse_args({
  description: "Trace MySQL and PostgreSQL queries slower than a threshold",
  examples: `
examples:
    bpfts dbslower postgres            # trace PostgreSQL queries slower than 1ms
    bpfts dbslower postgres -p 188 322 # trace specific PostgreSQL processes
    bpfts dbslower mysql -p 480 -m 30  # trace MySQL queries slower than 30ms
    bpfts dbslower mysql -p 480 -v     # trace MySQL queries & print the BPF program
    bpfts dbslower mysql -x $(which mysqld)  # trace MySQL queries with uprobes`,
  arguments: {
    db: { choices: ["mysql", "postgres"], help: "the database engine to use" },
    verbose: { flags: ["-v", "--verbose"], help: "print the BPF program" },
    pid: { flags: ["-p", "--pid"], type: process_id, repeat: true, metavar: "PID", help: "the pid(s) to trace" },
    exe: { flags: ["-x", "--exe"], type: "string", metavar: "PATH", help: "path to binary" },
    threshold: {
      flags: ["-m", "--threshold"],
      type: "int",
      default: 1,
      help: "trace queries slower than this threshold (ms)",
    },
    more_pids: { type: process_id, repeat: true, metavar: "PID", help: "more pids, behind -p" },
    ...tool_options,
  },
});
json_output(args.json);
const pids = [...args.pid, ...args.more_pids];
if (args.pid.length === 0 && args.more_pids.length > 0) fail(`Which process is ${pids[0]}? Give it behind -p`);

/**
 * How the server hands a query over, as C: the text of the query, and a condition that it is one. Functions differ in their arguments: MySQL 5.7 gave the
 * query a struct of its own. 3 is COM_QUERY of enum_server_command.
 */
const readers = {
  usdt: { query: "bpf_usdt_readarg(1, ctx, &query);", isQuery: "1" },
  mysql57: {
    query: "bpf_probe_read_user(&query, sizeof(query), (void *)PT_REGS_PARM2(ctx));",
    isQuery: "(u32)PT_REGS_PARM3(ctx) == 3",
  },
  mysql56: { query: "query = PT_REGS_PARM3(ctx);", isQuery: "(u32)PT_REGS_PARM1(ctx) == 3" },
} as const;

const found = findProbes();
const { query, isQuery } = readers[found.kind];
const text = /* c */ `${filter_by_process({ cgroup: args.cgroup })}
// The server may clear a query before it is done with it.
struct event_t {
    u64 since;
    u64 span_ns;
    u32 pid;
    char query[256];
};
BPF_HASH(queries, u32, struct event_t);
BPF_PERF_OUTPUT(events);

int query_start(struct pt_regs *ctx) {
    u64 id = bpf_get_current_pid_tgid(), query = 0;
    u32 tid = id;
    struct event_t event = { .pid = id >> 32 };
    if (!(${isQuery}) || process_should_be_filtered())
        return 0;
    ${query}
    bpf_probe_read_user_str(&event.query, sizeof(event.query), (void *)query);
    event.since = bpf_ktime_get_ns();
    queries.update(&tid, &event);
    return 0;
}

int query_end(struct pt_regs *ctx) {
    u32 tid = bpf_get_current_pid_tgid();
    struct event_t *event = queries.lookup(&tid);
    if (!event)
        return 0;
    event->span_ns = bpf_ktime_get_ns() - event->since;
    if (event->span_ns >= THRESHOLD_NS)
        events.perf_submit(ctx, event, sizeof(*event));
    queries.delete(&tid);
    return 0;
}
`;
if (args.verbose) print(text);
const b = new BPF({
  text,
  cflags: [`-DTHRESHOLD_NS=${args.threshold * 1_000_000}ULL`],
  ...(found.kind === "usdt" && { usdt_contexts: found.contexts, attach_usdt_ignore_pid: pids.length === 0 }),
});
if (found.kind !== "usdt") {
  b.attach_uretprobe({ name: found.path, sym: found.symbol, fn_name: "query_end" });
  b.attach_uprobe({ name: found.path, sym: found.symbol, fn_name: "query_start" });
}

interface QueryEvent {
  readonly since: bigint;
  readonly span_ns: bigint;
  readonly pid: number;
  readonly query: string;
}

const start = monotonic_ns();
const rows = new RowPrinter<QueryEvent>([
  { head: "TIME(s)", format: "%-14.6f", name: "time", value: ({ since }) => Number(since - start) / 1e9 },
  { head: "PID", format: "%-7d", value: "pid" },
  { head: "MS", format: "%8.3f", value: ({ span_ns }) => Number(span_ns) / 1e6 },
  { head: "QUERY", format: "%s", value: "query" },
]);
b.table<never, QueryEvent>("events").open_perf_buffer((event) => rows.print(event), { page_cnt: 64, by_time: true });
if (!args.json) print(`Tracing database queries for ${found.title} slower than ${args.threshold} ms...`);
rows.print_header();
poll_events(args.duration);

type Found =
  | { readonly kind: "usdt"; readonly title: string; readonly contexts: readonly USDT[] }
  | { readonly kind: "mysql56" | "mysql57"; readonly title: string; readonly path: string; readonly symbol: string };

function findProbes(): Found {
  const { exe, db } = args;
  if (exe === undefined || pids.length > 0) return findInProcesses();
  const title = `application ${exe}`;
  const [symbol] = db === "mysql" ? BPF.get_user_functions(exe, "^_Z16dispatch_command") : [];
  if (symbol !== undefined)
    return { kind: symbol.includes("COM_DATA") ? "mysql57" : "mysql56", title, path: exe, symbol };
  if (!haveProbes(new USDT({ path: exe })))
    fail(
      db === "mysql"
        ? `Can't find function 'dispatch_command' in ${exe}, nor USDT probes of MySQL`
        : `There are no USDT probes of PostgreSQL in ${exe}: it was built without --enable-dtrace`,
    );
  return { kind: "usdt", title, contexts: [enable(new USDT({ path: exe }))] };
}

/** One binary is traced once, however many of its processes run. */
function findInProcesses(): Found {
  const server = args.db === "mysql" ? ["mysqld", "mariadbd"] : ["postgres"];
  const running = pids.length > 0 ? pids : listProcesses(server);
  if (running.length === 0) fail(`No ${server.join(" or ")} runs: give its PID by -p, or its binary by -x`);
  const contexts = running.map((pid) => ({ pid, usdt: new USDT({ pid }) }));
  const lacking = contexts.find(({ usdt }) => !haveProbes(usdt));
  if (lacking !== undefined)
    fail(
      `Process ${lacking.pid} has no USDT probes of ${args.db}${args.db === "mysql" ? ": give its binary by -x" : ""}`,
    );
  const binaries = new Map(contexts.map(({ pid, usdt }) => [pids.length > 0 ? pid : findBinary(usdt), usdt]));
  return { kind: "usdt", title: `pids ${running.join(", ")}`, contexts: [...binaries.values()].map(enable) };
}

function isQueryProbe({ name }: { readonly name: string }): boolean {
  return name === "query__start";
}
function haveProbes(usdt: USDT): boolean {
  return usdt.enumerate_probes().some(isQueryProbe);
}
function findBinary(usdt: USDT): string | undefined {
  return usdt.enumerate_probes().find(isQueryProbe)?.bin_path;
}
function enable(usdt: USDT): USDT {
  return usdt
    .enable_probe({ probe: "query__start", fn_name: "query_start" })
    .enable_probe({ probe: "query__done", fn_name: "query_end" });
}

/** The processes of these names. */
function listProcesses(names: readonly string[]): number[] {
  const tasks = new BPF({
    text: /* c */ `
BPF_ITER(task) {
    struct task_struct *task = ctx->task;
    if (task && task->pid == task->tgid)
        BPF_SEQ_PRINTF(ctx->meta->seq, "%d %s\\n", task->pid, task->comm);
    return 0;
}`,
  });
  const lines = tasks.read_iter("bpf_iter__task").text().split("\n");
  tasks.close();
  return lines
    .map((line) => line.split(" "))
    .flatMap(([pid, ...comm]) => (names.includes(comm.join(" ")) ? [Number(pid)] : []));
}

function fail(message: string): never {
  eprint(message);
  return exit(1);
}
