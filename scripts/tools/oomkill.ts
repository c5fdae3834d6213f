// Prints a line for each kill by the out-of-memory killer, with the load and the stack of who asked for memory.
// Subject: memory
//
//   bpfts oomkill
//
// Source: BCC's oomkill. It takes the same kernel function; the stack is that of the process that triggered the kill.
import {
  BPF,
  function_entry,
  is_json_output,
  json_output,
  parse_args,
  print,
  printf,
  read_file,
  strftime,
} from "bpfts";

const args = parse_args({
  description: "Trace OOM kills",
  examples: `
examples:
    bpfts oomkill           # trace OOM kills
    bpfts oomkill --json    # as JSON, an object a line`,
  arguments: { json: { flags: ["--json"], help: "print a JSON object a line" } },
});
json_output(args.json);

const instead = "the tracepoint tells who is killed: bpfts -e 'tracepoint:oom:mark_victim { count(args->pid); }'";

const b = new BPF({
  text: /* c */ `
#include <linux/oom.h>

struct event_t {
    u32 fpid;
    u32 tpid;
    u64 pages;
    int stack_id;
    char fcomm[TASK_COMM_LEN];
    char tcomm[TASK_COMM_LEN];
};

BPF_PERF_OUTPUT(events);
BPF_STACK_TRACE(stack_traces, 1024);

${function_entry("oom_kill_process", "struct oom_control *oc, const char *message", { instead })} {
    struct event_t event = {};
    struct task_struct *victim = oc->chosen;
    event.fpid = bpf_get_current_pid_tgid() >> 32;
    event.tpid = victim->tgid;
    event.pages = oc->totalpages;
    event.stack_id = stack_traces.get_stackid(ctx, 0);
    bpf_get_current_comm(&event.fcomm, sizeof(event.fcomm));
    bpf_probe_read_kernel_str(&event.tcomm, sizeof(event.tcomm), victim->comm);
    events.perf_submit(ctx, &event, sizeof(event));
    return 0;
}
`,
});
const events = b.get_table("events");
const stacks = b.get_table("stack_traces");

const symbolize = (address: bigint): string => BPF.ksym(address);

if (!is_json_output()) print("Tracing OOM kills... Ctrl-C to stop.");
events.open_perf_buffer((event) => {
  const time = strftime("%H:%M:%S");
  const loadavg = read_file("/proc/loadavg").trim();
  const walk = (): string[] => (event.stack_id < 0 ? [] : stacks.name_frames(event.stack_id, symbolize));
  if (is_json_output()) {
    const stack = walk();
    const { fpid, fcomm, tpid, tcomm, pages } = event;
    print(
      JSON.stringify({
        time,
        pid: fpid,
        comm: fcomm,
        killed_pid: tpid,
        killed_comm: tcomm,
        pages: Number(pages),
        loadavg,
        stack,
      }),
    );
    return;
  }
  printf(
    '%s Triggered by PID %d ("%s"), OOM kill of PID %d ("%s"), %d pages, loadavg: %s\n',
    time,
    event.fpid,
    event.fcomm,
    event.tpid,
    event.tcomm,
    event.pages,
    loadavg,
  );
  // The kill is told before the kernel's symbols are read, which takes a while the first time.
  const stack = walk();
  print(stack.length > 0 ? "  Stack trace:" : "  Failed to capture stack trace");
  for (const name of stack) print(`    ${name}`);
});
for (;;) b.perf_buffer_poll();
