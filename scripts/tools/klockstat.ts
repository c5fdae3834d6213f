// Shows which callers in the kernel wait longest for mutexes, and which hold them longest.
// Subject: locks
//
//   bpfts klockstat                 until Ctrl-C
//   bpfts klockstat -i 5 -n 10      the ten worst, every five seconds
//   bpfts -c './job' klockstat -s 3 of one command, with three levels of stack
//
// Source: BCC's klockstat, whose options and columns these are. It also sees mutexes that are taken by mutex_lock_interruptible, mutex_lock_killable and mutex_trylock, follows each mutex by its address, and sorts the two tables by a field each.
import {
  BPF,
  StackPrinter,
  filter_by_process,
  function_entry,
  function_return,
  intervals,
  is_json_output,
  json_output,
  parse_args,
  positive_int,
  positive_seconds,
  print,
  printf,
  tool_options,
  process_id,
  thread_id,
} from "bpfts";

const { cgroup, json } = tool_options;
const args = parse_args({
  description: "Trace kernel mutex lock events and display locks statistics",
  examples: `
examples:
    bpfts klockstat                           # trace system wide
    bpfts klockstat -d 5                      # trace for 5 seconds only
    bpfts klockstat -i 5                      # display stats every 5 seconds
    bpfts klockstat -p 123                    # trace locks for PID 123
    bpfts klockstat -t 321                    # trace locks for TID 321
    bpfts klockstat -c pipe_                  # display stats only for lock callers with 'pipe_' substring
    bpfts klockstat -S acq_count              # sort lock acquired results on acquired count
    bpfts klockstat -S hld_total              # sort lock held results on total held time
    bpfts klockstat -S acq_count,hld_total    # combination of above
    bpfts klockstat -n 3                      # display 3 locks
    bpfts klockstat -s 3                      # display 3 levels of stack`,
  arguments: {
    duration: { flags: ["-d", "--duration"], type: positive_seconds, help: "total duration of trace in seconds" },
    interval: { flags: ["-i", "--interval"], type: positive_seconds, help: "print summary at this interval (seconds)" },
    locks: { flags: ["-n", "--locks"], type: positive_int, help: "print given number of locks" },
    stacks: { flags: ["-s", "--stacks"], type: positive_int, default: 1, help: "print given number of stack entries" },
    caller: { flags: ["-c", "--caller"], type: "string", help: "print locks taken by given caller" },
    sort: {
      flags: ["-S", "--sort"],
      type: readSort,
      default: { acq: "max", hld: "max" } as Readonly<Record<Kind, Field>>,
      help: "sort data on <aq_field,hd_field>, fields: acq_[max|total|count] hld_[max|total|count]",
    },
    pid: { flags: ["-p", "--pid"], type: process_id, help: "trace this PID only" },
    tid: { flags: ["-t", "--tid"], type: thread_id, help: "trace this TID only" },
    stack_storage_size: {
      flags: ["--stack-storage-size"],
      type: positive_int,
      default: 16384,
      help: "the number of unique stack traces that can be stored and displayed (default %(default)s)",
    },
    cgroup,
    json,
  },
  exclusive: [["duration", "interval"]],
});
json_output(args.json);

/** How a mutex is taken, and what is returned when it was. Kernels that check locks have other names for the first three. */
const takers = [
  ["mutex_lock", "1"],
  ["mutex_lock_interruptible", "ret == 0"],
  ["mutex_lock_killable", "ret == 0"],
  ["mutex_trylock", "ret == 1"],
] as const;
const findTaker = (name: string): string => (BPF.ksymname(`${name}_nested`) === -1n ? name : `${name}_nested`);
const instead = "deadlock watches the mutexes of a process, and offcputime shows where tasks wait";

const b = new BPF({
  text: /* c */ `${filter_by_process(args)}
struct wait_t {
    u64 since;
    u64 lock;
    s64 stack_id;
};
struct hold_t {
    u64 since;
    s64 stack_id;
};
struct key_t {
    s32 stack_id;
    u32 is_held;
};
struct sum_t {
    u64 count;
    u64 max;
    u64 total;
};
BPF_HASH(waits, u32, struct wait_t, 65536);
BPF_HASH(holds, u64, struct hold_t, 65536);
BPF_PERCPU_HASH(sums, struct key_t, struct sum_t, 65536);
BPF_STACK_TRACE(stack_traces, ${args.stack_storage_size});

// Each CPU has sums of its own, and runs one of these functions at a time.
static inline void add(s64 stack_id, u32 is_held, u64 span) {
    struct key_t key = { .stack_id = stack_id, .is_held = is_held };
    struct sum_t zero = {}, *sum = sums.lookup_or_try_init(&key, &zero);
    if (!sum)
        return;
    sum->count++;
    sum->total += span;
    if (span > sum->max)
        sum->max = span;
}

static inline int on_take(void *ctx, u64 lock) {
    u32 tid = bpf_get_current_pid_tgid();
    struct wait_t wait = { .lock = lock };
    if (process_should_be_filtered())
        return 0;
    wait.stack_id = stack_traces.get_stackid(ctx, 0);
    wait.since = bpf_ktime_get_ns();
    waits.update(&tid, &wait);
    return 0;
}

static inline int on_taken(int is_taken) {
    u64 now = bpf_ktime_get_ns();
    u32 tid = bpf_get_current_pid_tgid();
    struct wait_t *wait = waits.lookup(&tid);
    if (!wait)
        return 0;
    if (is_taken) {
        u64 lock = wait->lock;
        struct hold_t hold = { .since = now, .stack_id = wait->stack_id };
        add(wait->stack_id, 0, now - wait->since);
        holds.update(&lock, &hold);
    }
    waits.delete(&tid);
    return 0;
}
${takers
  .map(
    ([name, taken]) => `
${function_entry(findTaker(name), "u64 lock", { instead })} { return on_take(ctx, lock); }
${function_return(findTaker(name), ["u64"], "int", { instead })} { return on_taken(${taken}); }`,
  )
  .join("")}
${function_entry("mutex_unlock", "u64 lock", { instead })} {
    struct hold_t *hold = holds.lookup(&lock);
    if (!hold)
        return 0;
    add(hold->stack_id, 1, bpf_ktime_get_ns() - hold->since);
    holds.delete(&lock);
    return 0;
}
`,
});

type Kind = "acq" | "hld";
type Field = "max" | "total" | "count";

function readSort(text: string): Readonly<Record<Kind, Field>> {
  const sort: Record<Kind, Field> = { acq: "max", hld: "max" };
  for (const word of text.split(",")) {
    const [, kind, field] = /^(acq|hld)_(max|total|count)$/.exec(word) ?? [];
    if (kind === undefined) throw new Error(`Wrong sort argument: ${word}`);
    sort[kind as Kind] = field as Field;
  }
  return sort;
}

interface Lock {
  readonly frames: readonly string[];
  readonly count: number;
  readonly max: number;
  readonly total: number;
}

const stacks = new StackPrinter(b.get_table("stack_traces"), { show_offset: true });
const isOwn = /^(?:bpf_trampoline_|(?:__)?mutex_(?:lock|trylock)|__mutex_lock)/;
/** The functions that called the one that takes the mutex, the innermost first. */
function nameCallers(id: number): readonly string[] {
  const frames = stacks.kernel_frames(id);
  const first = frames.findIndex((frame) => !isOwn.test(frame));
  return first < 0 ? frames : frames.slice(first);
}

function readLocks(kind: Kind, all: readonly (readonly [Key, Omit<Lock, "frames">])[]): Lock[] {
  const field = args.sort[kind];
  return all
    .filter(([{ is_held }]) => is_held === (kind === "hld" ? 1 : 0))
    .map(([{ stack_id }, lock]) => ({ ...lock, frames: nameCallers(stack_id) }))
    .filter(({ frames }) => args.caller === undefined || frames[0]?.includes(args.caller) === true)
    .sort((x, y) => y[field] - x[field])
    .slice(0, args.locks);
}

interface Key {
  readonly stack_id: number;
  readonly is_held: number;
}

const sums = b.table<Key, { readonly count: number; readonly max: number; readonly total: number }[]>("sums", {
  u64: "number",
});
if (!is_json_output()) print("Tracing lock events... Hit Ctrl-C to end.");
const seconds = args.interval ?? args.duration ?? 99999999;
for (const _ of intervals(seconds, args.interval === undefined ? 1 : undefined)) {
  const all = [...sums.items_lookup_and_delete_batch()].map(([key, cpus]): [Key, Omit<Lock, "frames">] => [
    key,
    {
      count: cpus.reduce((sum, { count }) => sum + count, 0),
      max: Math.max(...cpus.map(({ max }) => max)),
      total: cpus.reduce((sum, { total }) => sum + total, 0),
    },
  ]);
  show("Spin", readLocks("acq", all));
  show("Hold", readLocks("hld", all));
}
stacks.warn_lost();

function show(what: "Spin" | "Hold", locks: readonly Lock[]): void {
  if (is_json_output()) {
    for (const { frames, count, max, total } of locks) {
      const stack = frames.slice(0, args.stacks);
      const kind = what === "Spin" ? "acquired" : "held";
      print(JSON.stringify({ kind, caller: frames[0], avg: total / count, count, max, total, stack }));
    }
    return;
  }
  const lower = what.toLowerCase();
  printf("\n%40s %10s %6s %10s %10s\n", "Caller", `Avg ${what}`, "Count", `Max ${lower}`, `Total ${lower}`);
  for (const { frames, count, max, total } of locks) {
    printf("%40s %10d %6d %10d %10d\n", frames[0], Math.floor(total / count), count, max, total);
    for (const frame of frames.slice(1, args.stacks)) printf("%40s\n", frame);
  }
}
