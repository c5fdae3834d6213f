// Prints a line for each call of a function, tracepoint or USDT probe, with values of its arguments, where a filter holds.
// Subject: functions
//
//   bpfts trace 'do_sys_openat2 "%s", arg2@user'                  what is opened?
//   bpfts -c ./job trace 'c:malloc (arg1 > 65536) "%d", arg1'     large allocations of one command
//   bpfts trace 't:sched:sched_process_exit "%d", args->pid'      a tracepoint
//
// Source: BCC's trace, whose probe language, options and columns these are. A kernel's and a program's texts are told apart by their addresses, so "@user" may be left out.
import {
  BPF,
  RowPrinter,
  StackPrinter,
  exit,
  filter_by_process,
  is_json_output,
  json_output,
  process_id,
  thread_id,
} from "bpfts";
import {
  monotonic_ns,
  on_exit,
  parse_args,
  poll_events,
  positive_int,
  print,
  printf,
  read_file,
  strftime,
  tool_options,
} from "bpfts";
import type { BuildIdStackTable, StackTraceTable } from "bpfts";
import { read_message, render_message } from "./parts/probe-message.ts";
import type { ProbeMessage } from "./parts/probe-message.ts";
import { enable_usdt, read_place } from "./parts/probe-place.ts";
import type { ProbePlace } from "./parts/probe-place.ts";
import { ProbeProgram, attach_place, render_head } from "./parts/probe-program.ts";
import { ProbeText } from "./parts/probe-text.ts";
import type { Span } from "./parts/probe-text.ts";
import { ProbeWords, read_text } from "./parts/probe-words.ts";

const args = parse_args({
  description: "Attach to functions and print trace messages.",
  examples: `
examples:
    bpfts trace do_sys_openat2                       # a line for each call
    bpfts trace kfree_skb+0x12                       # after the instruction at an offset
    bpfts trace 'do_sys_openat2 "%s", arg2@user'     # the name of what is opened
    bpfts trace 'do_sys_openat2 "%s", arg2' -n main  # of processes whose names contain "main"
    bpfts trace 'do_sys_openat2 "%s", arg2' -f conf  # lines that contain "conf"
    bpfts trace 'sys_read (arg3 > 20000) "read %d bytes", arg3'    # large reads
    bpfts trace 'r::do_sys_openat2 "%d", retval'     # what it returns
    bpfts trace 'c:open (arg2 == 42) "%s %d", arg1, arg2'          # a function of libc
    bpfts trace 'c:open (STRCMP("/etc", arg1)) "%s", arg1'         # texts that begin with "/etc"
    bpfts trace 'p:c:write (arg1 == 1) "writing %d bytes to STDOUT", arg3'
    bpfts trace 'r:c:malloc (retval) "allocated = %lx", retval'
    bpfts trace 't:block:block_rq_complete "sectors=%d", args->nr_sector'    # a tracepoint
    bpfts trace 'u:pthread:pthread_create (arg4 != 0)'             # a USDT probe
    bpfts trace 'udpv6_sendmsg(struct sock *sk) (sk->sk_dport == 13568)'     # types of arguments
    bpfts trace 'mntns_install "users = %d", $task->fs->users'     # the current task
    bpfts trace c:inet_pton -U                       # with the program's stack
words: arg1 to arg6, retval, $pid (of the thread), $tgid, $uid, $gid, $cpu, $task, STRCMP("text", arg1)
formats: %s %d %u %x %o %c with h, l, ll; %K and %U name the function of an address of the kernel, of the process`,
  arguments: {
    buffer_pages: {
      flags: ["-b", "--buffer-pages"],
      type: positive_int,
      default: 64,
      help: "pages of each CPU's buffer, a power of two (default %(default)s)",
    },
    pid: { flags: ["-p", "--pid"], type: process_id, help: "id of the process to trace (optional)" },
    tid: { flags: ["-L", "--tid"], type: thread_id, help: "id of the thread to trace (optional)" },
    uid: { flags: ["--uid"], type: "int", help: "id of the user to trace (optional)" },
    verbose: { flags: ["-v", "--verbose"], help: "print resulting BPF program code before executing" },
    string_size: {
      flags: ["-Z", "--string-size"],
      type: positive_int,
      default: 80,
      help: "maximum size to read from strings (default %(default)s)",
    },
    include_self: { flags: ["-S", "--include-self"], help: "do not filter trace's own pid from the trace" },
    max_events: {
      flags: ["-M", "--max-events"],
      type: positive_int,
      help: "number of events to print before quitting",
    },
    timestamp: { flags: ["-t", "--timestamp"], help: "print timestamp column (offset from trace start)" },
    unix_timestamp: {
      flags: ["-u", "--unix-timestamp"],
      help: "print UNIX timestamp instead of offset from trace start, requires -t",
    },
    time: { flags: ["-T", "--time"], help: "print time column" },
    print_cpu: { flags: ["-C", "--print_cpu"], help: "print CPU id" },
    cgroup_path: { flags: ["-c", "--cgroup-path"], type: "string", metavar: "CGROUP_PATH", help: "cgroup path" },
    name: { flags: ["-n", "--name"], type: "string", help: "only print process names containing this name" },
    msg_filter: {
      flags: ["-f", "--msg-filter"],
      type: "string",
      help: "only print the msg of event containing this string",
    },
    bin_cmp: { flags: ["-B", "--bin_cmp"], help: "allow to use STRCMP with binary values" },
    sym_file_list: {
      flags: ["-s", "--sym_file_list"],
      type: "string",
      help: "comma separated list of symbol files to use for symbol resolution",
    },
    kernel_stack: { flags: ["-K", "--kernel-stack"], help: "output kernel stack trace" },
    user_stack: { flags: ["-U", "--user-stack"], help: "output user stack trace" },
    address: { flags: ["-a", "--address"], help: "print virtual address in stacks" },
    include: {
      flags: ["-I", "--include"],
      type: "string",
      repeat: true,
      metavar: "header",
      help: "additional header files to include in the BPF program; the kernel's types need none",
    },
    aggregate: { flags: ["-A", "--aggregate"], help: "aggregate amount of each trace" },
    ...tool_options,
    probes: { repeat: true, optional: false, metavar: "probe", help: "probe specifier (see examples)" },
  },
  exclusive: [["pid", "tid"]],
});
json_output(args.json);

interface Probe {
  readonly probe: ProbeText;
  readonly place: ProbePlace;
  readonly signature: Span | undefined;
  readonly filter: Span | undefined;
  readonly message: ProbeMessage;
}

function read_probe(text: string): Probe {
  const probe: ProbeText = new ProbeText(text);
  let at = /^\s*[^\s(]*/.exec(text)![0].length;
  const place = read_place(probe, probe.cut(0, at));
  const takeGroup = (what: string): Span => {
    const close = probe.find_closing(at) ?? probe.fail(at, `unmatched end of ${what}`);
    const group = probe.cut(at + 1, close);
    at = close + 1;
    return group;
  };
  let signature: Span | undefined;
  if (text[at] === "(") {
    const open = at;
    signature = takeGroup("signature");
    if (/[=<>!&|"]|^\s*\d/.test(signature.text))
      probe.fail(
        open,
        "a signature names parameters: (struct sock *sk)",
        "a filter stands apart from the function, behind a blank",
      );
    if (place.kind === "t" || place.kind === "u")
      probe.fail(open, "USDT and tracepoint probes can't have a function signature; use arg1, arg2, ... instead");
    if (place.kind === "r" && signature.text !== "")
      probe.fail(open, "a function's parameters are gone when it returns", "its result is retval");
  }
  let filter: Span | undefined;
  while (/\s/.test(text[at] ?? "")) at++;
  if (text[at] === "(") filter = takeGroup("predicate");
  if (filter?.text === "") probe.fail(filter.at, "the filter is empty");
  return { probe, place, signature, filter, message: read_message(probe, probe.cut(at)) };
}

const probes = args.probes.map(read_probe);
const program = new ProbeProgram();
for (const header of args.include) program.add(/^[./]/.test(header) ? `#include "${header}"` : `#include <${header}>`);
program.add(`${filter_by_process({ ...args, cgroup: [...args.cgroup, ...(args.cgroup_path === undefined ? [] : [args.cgroup_path])] })}${read_text}
const volatile u32 own_pid = ${args.include_self ? 4294967295 : Number(read_file("/proc/self/stat").split(" ")[0])};
const volatile u32 wanted_uid = ${args.uid ?? 0};`);
if (args.kernel_stack) program.add("BPF_STACK_TRACE(kernel_stacks, 16384);");
const isByFile = args.sym_file_list !== undefined;
if (args.user_stack) program.add(`BPF_STACK_TRACE${isByFile ? "_BUILDID" : ""}(user_stacks, 16384);`);
const contexts = probes.map((one, index) => add_probe(one, `trace_${index + 1}`));
if (args.verbose) print(program.text);

function add_probe(
  { probe, place, signature, filter, message }: Probe,
  name: string,
): { readonly usdt?: ReturnType<typeof enable_usdt> } {
  const usdt = place.kind === "u" ? enable_usdt(probe, place, name, args.pid) : undefined;
  const argumentTypes = usdt?.types ?? [];
  const words = new ProbeWords(probe, { place, signature, argumentTypes, isBinary: args.bin_cmp });
  const condition = filter && words.lower(filter);
  const values = message.values.map((value) => words.lower(value));
  const texts = message.kinds.filter((kind) => kind === "s").length * args.string_size;
  if (texts > 360)
    probe.fail(
      message.values[0]!.at,
      `its texts take ${texts} bytes, and a function in the kernel has room for 360`,
      "give a smaller -Z",
    );
  const fields = message.kinds.map((kind, index) =>
    kind === "s" ? `    char v${index}[${args.string_size}];` : `    ${message.types[index]!} v${index};`,
  );
  const context = place.kind === "t" ? "args" : "ctx";
  program.add(`${words.functions}
struct ${name}_t {
    u64 ns;
    u32 cpu;
    u32 tgid;
    u32 pid;
    int kernel_stack_id;
    int user_stack_id;
    char comm[TASK_COMM_LEN];
${fields.join("\n")}
};
BPF_PERF_OUTPUT(${name}_events);
${render_head(place, name, signature?.text)} {
    if (process_should_be_filtered() || bpf_get_current_pid_tgid() >> 32 == own_pid)
        return 0;
    if (${args.uid === undefined ? "0" : "(u32)bpf_get_current_uid_gid() != wanted_uid"})
        return 0;
    ${[...words.declarations.values()].join("\n    ")}`);
  if (condition) program.add_expression("    if (!(", probe, place, condition, "    )) return 0;");
  program.add(`    struct ${name}_t bpfts_event = { .ns = bpf_ktime_get_ns(), .cpu = bpf_get_smp_processor_id() };
    bpfts_event.tgid = bpf_get_current_pid_tgid() >> 32;
    bpfts_event.pid = bpf_get_current_pid_tgid();
    bpf_get_current_comm(&bpfts_event.comm, sizeof(bpfts_event.comm));
    ${args.kernel_stack ? `bpfts_event.kernel_stack_id = kernel_stacks.get_stackid(${context}, 0);` : ""}
    ${args.user_stack ? `bpfts_event.user_stack_id = user_stacks.get_stackid(${context}, BPF_F_USER_STACK);` : ""}`);
  for (const [index, value] of values.entries()) {
    const field = `bpfts_event.v${index}`;
    if (message.kinds[index] !== "s")
      program.add_expression(`    ${field} = (${message.types[index]!})(`, probe, place, value, "    );");
    else program.add_expression(`    show_text(${field}, sizeof(${field}), (u64)(`, probe, place, value, "    ));");
  }
  program.add(`    ${name}_events.perf_submit(${context}, &bpfts_event, sizeof(bpfts_event));\n    return 0;\n}`);
  return usdt === undefined ? {} : { usdt };
}

const b = program.load(contexts.flatMap(({ usdt }) => (usdt === undefined ? [] : [usdt.context])));
if (args.sym_file_list !== undefined) for (const path of args.sym_file_list.split(",")) BPF.add_module(path);

interface TraceEvent extends Readonly<Record<`v${number}`, unknown>> {
  readonly ns: bigint;
  readonly cpu: number;
  readonly tgid: number;
  readonly pid: number;
  readonly kernel_stack_id: number;
  readonly user_stack_id: number;
  readonly comm: string;
}
interface Row extends TraceEvent {
  readonly func: string;
  readonly message: string;
}
const startNs = monotonic_ns();
const startMs = Date.now();
const sinceStart = ({ ns }: TraceEvent): number => Number(ns - startNs) / 1e9;
const timeOf = (event: TraceEvent): string => {
  if (!args.timestamp) return strftime("%H:%M:%S", new Date(startMs + sinceStart(event) * 1000));
  return args.unix_timestamp
    ? (startMs / 1000 + sinceStart(event)).toFixed(6)
    : sinceStart(event).toFixed(6).slice(0, 8);
};
const haveMessages = probes.some(({ message }) => message.format !== "");
const rows = new RowPrinter<Row>([
  (args.timestamp || args.time) && { head: "TIME", format: args.unix_timestamp ? "%-17s" : "%-8s", value: timeOf },
  args.print_cpu && { head: "CPU", format: "%-3d", value: "cpu" },
  { head: "PID", format: "%-7d", value: "tgid", name: "pid" },
  { head: "TID", format: "%-7d", value: "pid", name: "tid" },
  { head: "COMM", format: "%-15s", value: "comm" },
  { head: "FUNC", format: "%-16s", value: "func" },
  { head: haveMessages ? "-" : "", format: "%s", value: "message", name: "message" },
]);
const layout = { show_module: true, show_offset: true, verbose: args.address };
const open_printer = (table: string): StackPrinter => new StackPrinter(b.get_table(table) as StackTraceTable, layout);
const kernelStacks = args.kernel_stack ? open_printer("kernel_stacks") : undefined;
const userStacks = args.user_stack && !isByFile ? open_printer("user_stacks") : undefined;

/** With -s the frames are places in files, which have names also when the process is gone. */
function read_user_frames({ user_stack_id, tgid }: TraceEvent): readonly string[] {
  if (userStacks !== undefined || user_stack_id < 0) return userStacks?.user_frames(user_stack_id, tgid) ?? [];
  const table = b.get_table("user_stacks") as BuildIdStackTable;
  return table.name_frames(user_stack_id, (frame) => BPF.sym(frame, tgid, { show_module: true, show_offset: true }));
}
const counts = new Map<string, number>();
let count = 0;

function show(row: Row): void {
  if (args.name !== undefined && !row.comm.includes(args.name)) return;
  if (args.msg_filter !== undefined && !row.message.includes(args.msg_filter)) return;
  if (!rows.wants(row)) return;
  const kernel = kernelStacks?.kernel_frames(row.kernel_stack_id) ?? [];
  const user = args.user_stack ? read_user_frames(row) : [];
  const line = rows.render(row, { ...(args.kernel_stack && { kernel }), ...(args.user_stack && { user }) });
  const frames = [...kernel, ...user].map(
    (frame) =>
      `        ${frame.replace(/^([0-9a-f]+) +(?=\S)/, (whole, address: string) => (args.address ? `${address.padStart(16)} ` : whole))}`,
  );
  const text = is_json_output() || !(args.kernel_stack || args.user_stack) ? line : [line, ...frames, ""].join("\n");
  if (args.aggregate) counts.set(text, (counts.get(text) ?? 0) + 1);
  else print(text);
  if (++count === args.max_events) exit();
}

on_exit(() => {
  for (const [text, times] of [...counts].sort((x, y) => y[1] - x[1]))
    if (is_json_output()) print(`{"count":${times},${text.slice(1)}`);
    else printf("%r\n-->COUNT %d\n\n", text, times);
  for (const printer of [kernelStacks, userStacks]) printer?.warn_lost();
});
for (const [index, { probe, place, message }] of probes.entries()) {
  const name = `trace_${index + 1}`;
  b.table<never, TraceEvent>(`${name}_events`).open_perf_buffer(
    (event) => {
      const values = message.kinds.map((_, at) => event[`v${at}`]);
      show({ ...event, func: place.name, message: render_message(message, values, event.tgid) });
    },
    { page_cnt: args.buffer_pages, by_time: true },
  );
  if (place.kind !== "u") attach_place(b, probe, place, place.isSyscall ? `syscall__${name}` : name, args.pid);
}
rows.print_header();
poll_events(args.duration);
