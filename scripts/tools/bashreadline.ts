// Prints the commands that are typed into running bash shells, whichever bash that is.
// Subject: processes
//
//   bpfts bashreadline                     /bin/bash
//   bpfts bashreadline -s                  libreadline, where bash links it dynamically
//   bpfts bashreadline -s /opt/lib/libreadline.so.8    a libreadline of another path
//   bpfts bashreadline --bash /opt/bash    a bash of another path
//
// Source: BCC's bashreadline, whose options and columns these are.
import { BPF, RowPrinter, eprint, exit, json_output, parse_args, strftime, process_id } from "bpfts";

const args = parse_args({
  description: "Print entered bash commands from all running shells",
  examples: `
examples:
    bpfts bashreadline                       # every bash of this machine
    bpfts bashreadline -s                    # where bash is linked to libreadline.so
    bpfts bashreadline -s /opt/lib/libreadline.so.8    # one that lies elsewhere
    bpfts bashreadline -p 181                # one shell only
    bpfts bashreadline --bash /opt/bin/bash  # a bash that lies elsewhere`,
  arguments: {
    shared: {
      flags: ["-s", "--shared"],
      help: "trace libreadline.so, for a bash that links it dynamically",
    },
    path: { type: "string", optional: true, metavar: "PATH", help: "the path of that library, behind -s" },
    library: { flags: ["--library"], type: "string", help: "the path of that library" },
    bash: { flags: ["--bash"], type: "string", help: "the path of bash, the one of PATH by default" },
    pid: { flags: ["-p", "--pid"], type: process_id, help: "trace this PID only" },
    json: { flags: ["--json"], help: "print a JSON object a line" },
  },
});
json_output(args.json);
if (args.path !== undefined && !args.shared) {
  eprint(`bashreadline: ${args.path} is taken for a library behind -s alone; a bash is named with --bash ${args.path}`);
  exit(2);
}

const b = new BPF({
  text: /* c */ `
struct event_t {
    u32 pid;
    char line[256];
};

BPF_PERF_OUTPUT(events);

int on_line(struct pt_regs *ctx) {
    const char *line = (const char *)PT_REGS_RC(ctx);
    if (!line)
        return 0;
    struct event_t event = { .pid = bpf_get_current_pid_tgid() >> 32 };
    if (ONLY_PID && event.pid != ONLY_PID)
        return 0;
    bpf_probe_read_user_str(&event.line, sizeof(event.line), line);
    events.perf_submit(ctx, &event, sizeof(event));
    return 0;
}
`,
  cflags: [`-DONLY_PID=${args.pid ?? 0}`],
});
const events = b.get_table("events");

const library = args.path ?? args.library;
const binary = args.shared || library !== undefined ? (library ?? "readline") : (args.bash ?? "bash");
// Newer versions of the library build the line in a function of its own, which completes it when readline() has left it.
const name = binary === "bash" ? (BPF.find_exe("bash") ?? "/bin/bash") : binary;
const inner = BPF.get_user_functions(name, "readline_internal_teardown$");
b.attach_uretprobe({ name, sym: inner[0] ?? "readline", fn_name: "on_line" });

const rows = new RowPrinter<{ readonly pid: number; readonly line: string }>([
  { head: "TIME", format: "%-9s", value: () => strftime("%H:%M:%S") },
  { head: "PID", format: "%-7d", value: "pid" },
  { head: "COMMAND", format: "%s", name: "command", value: "line" },
]);
rows.print_header();
events.open_perf_buffer((event) => rows.print(event), { by_time: true });
for (;;) b.perf_buffer_poll();
