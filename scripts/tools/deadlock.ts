// Watches the mutexes of a process, and reports when threads take them in orders that can end in a deadlock.
// Subject: locks
//
//   bpfts deadlock 181                a process that runs
//   bpfts -c './server' deadlock      a command from its start
//
// Source: BCC's deadlock, whose options and texts these are. It finds the library with the functions itself, and has no --dump-graph, since a script writes no file: --json prints the cycle. Like BCC's it knows neither read-write
// locks nor recursive mutexes.
import {
  BPF,
  command,
  eprint,
  exit,
  intervals,
  is_json_output,
  json_output,
  parse_args,
  positive_int,
  print,
  printf,
  sprintf,
  tool_options,
  process_id,
} from "bpfts";

const { duration, json } = tool_options;
const symbols = (text: string): readonly string[] => text.trim().split(",");
const args = parse_args({
  description: "Detect potential deadlocks (lock inversions) in a running binary.",
  examples: `
examples:
    bpfts deadlock 181             # analyze PID 181
    bpfts deadlock 181 --binary /opt/lib/libpthread.so.0
                                   # ... and the locks of this library
    bpfts deadlock 181 --verbose   # ... and print statistics about the mutex wait graph
    bpfts deadlock 181 --lock-symbols my_lock1,my_lock2 --unlock-symbols my_unlock1,my_unlock2
                                   # ... and trace these functions instead of those of pthread`,
  arguments: {
    pid: { type: process_id, optional: true, help: "Pid to trace" },
    binary: {
      flags: ["--binary"],
      type: "string",
      help: "If set, trace the mutexes from the binary at this path; by default it is the process's libpthread, libc or program.",
    },
    verbose: { flags: ["--verbose"], help: "Print statistics about the mutex wait graph." },
    lock_symbols: {
      flags: ["--lock-symbols"],
      type: symbols,
      default: ["pthread_mutex_lock"] as readonly string[],
      help: "Comma-separated list of lock symbols to trace. Default is pthread_mutex_lock.",
    },
    unlock_symbols: {
      flags: ["--unlock-symbols"],
      type: symbols,
      default: ["pthread_mutex_unlock"] as readonly string[],
      help: "Comma-separated list of unlock symbols to trace. Default is pthread_mutex_unlock.",
    },
    threads: {
      flags: ["-t", "--threads"],
      type: positive_int,
      default: 65536,
      help: "the maximum number of threads to trace. default %(default)s. 264 bytes per thread.",
    },
    edges: {
      flags: ["-e", "--edges"],
      type: positive_int,
      default: 65536,
      help: "the maximum number of edge cases that can be recorded. default %(default)s. 56 bytes per edge case.",
    },
    duration,
    json,
  },
});
json_output(args.json);
const pid = args.pid ?? command?.pid;
if (pid === undefined) {
  eprint("deadlock: give the PID of the process to trace, or a command: bpfts -c COMMAND deadlock");
  exit(2);
}

const b = new BPF({
  text: /* c */ `
#define MAX_HELD 16

struct held_t {
    u64 mutex;
    s64 stack_id;
};

struct thread_t {
    struct held_t held[MAX_HELD];
};

struct pair_t {
    u64 first;
    u64 second;
};

struct edge_t {
    s64 first_stack;
    s64 second_stack;
    u32 tid;
    char comm[TASK_COMM_LEN];
};

struct parent_t {
    s64 stack_id;
    u32 tid;
    char comm[TASK_COMM_LEN];
};

BPF_HASH(threads, u32, struct thread_t, MAX_THREADS);
BPF_HASH(edges, struct pair_t, struct edge_t, MAX_EDGES);
BPF_HASH(parents, u32, struct parent_t, MAX_THREADS);
BPF_STACK_TRACE(stacks, 65536);

int on_lock(struct pt_regs *ctx, u64 mutex) {
    u32 tid = bpf_get_current_pid_tgid();
    struct thread_t zero = {};
    struct thread_t *thread = threads.lookup_or_try_init(&tid, &zero);
    if (!thread)
        return 0;
    s64 stack_id = stacks.get_stackid(ctx, BPF_F_USER_STACK);
    struct held_t *place = NULL;
    #pragma unroll
    for (int i = 0; i < MAX_HELD; i++) {
        struct held_t *held = &thread->held[i];
        if (held->mutex == mutex)
            return 0;
        if (held->mutex) {
            struct pair_t pair = { .first = held->mutex, .second = mutex };
            struct edge_t edge = { .tid = tid, .first_stack = held->stack_id, .second_stack = stack_id };
            bpf_get_current_comm(&edge.comm, sizeof(edge.comm));
            edges.update(&pair, &edge);
        } else if (!place) {
            place = held;
        }
    }
    if (place) {
        place->mutex = mutex;
        place->stack_id = stack_id;
    }
    return 0;
}

int on_unlock(struct pt_regs *ctx, u64 mutex) {
    u32 tid = bpf_get_current_pid_tgid();
    struct thread_t *thread = threads.lookup(&tid);
    if (!thread)
        return 0;
    #pragma unroll
    for (int i = 0; i < MAX_HELD; i++)
        if (thread->held[i].mutex == mutex)
            thread->held[i].mutex = 0;
    return 0;
}

static inline int on_cloned(void *ctx, long child) {
    u64 id = bpf_get_current_pid_tgid();
    u32 tid = child;
    struct parent_t parent = { .tid = id };
    if (id >> 32 != ${pid} || child <= 0)
        return 0;
    parent.stack_id = stacks.get_stackid(ctx, BPF_F_USER_STACK);
    bpf_get_current_comm(&parent.comm, sizeof(parent.comm));
    parents.update(&tid, &parent);
    return 0;
}
TRACEPOINT_PROBE(syscalls, sys_exit_clone) { return on_cloned(args, args->ret); }
#if HAVE_CLONE3
TRACEPOINT_PROBE(syscalls, sys_exit_clone3) { return on_cloned(args, args->ret); }
#endif
`,
  cflags: [
    `-DMAX_THREADS=${args.threads}`,
    `-DMAX_EDGES=${args.edges}`,
    `-DHAVE_CLONE3=${BPF.tracepoint_exists("syscalls", "sys_exit_clone3") ? 1 : 0}`,
  ],
});

const binary = args.binary ?? findBinary(pid, args.lock_symbols[0]!);
// Unlocking first: whoever locks in between and unlocks unseen would seem to hold the mutex for ever.
for (const sym of args.unlock_symbols) b.attach_uprobe({ name: binary, sym, fn_name: "on_unlock", pid });
for (const sym of args.lock_symbols) b.attach_uprobe({ name: binary, sym, fn_name: "on_lock", pid });

function findBinary(owner: number, symbol: string): string {
  const hasSymbol = (name: string): boolean => BPF.get_user_functions(name, `^${symbol}$`, owner).length > 0;
  const libraries = ["pthread", "c"].filter((name) => BPF.find_library(name, owner) !== undefined);
  const found = [...libraries, `/proc/${owner}/exe`].find(hasSymbol);
  if (found !== undefined) return found;
  eprint(`deadlock: PID ${owner} has no function ${symbol}: name its library by --binary`);
  return exit(1);
}

interface Pair {
  readonly first: bigint;
  readonly second: bigint;
}

interface Edge {
  readonly first_stack: number;
  readonly second_stack: number;
  readonly tid: number;
  readonly comm: string;
}

interface Parent {
  readonly stack_id: number;
  readonly tid: number;
  readonly comm: string;
}

type Graph = ReadonlyMap<bigint, ReadonlyMap<bigint, Edge>>;

function readGraph(): Graph {
  const graph = new Map<bigint, Map<bigint, Edge>>();
  for (const [{ first, second }, edge] of b.table<Pair, Edge>("edges")) {
    const next = graph.get(first) ?? new Map<bigint, Edge>();
    graph.set(first, next.set(second, edge));
  }
  return graph;
}

/** The mutexes of a cycle in their order, undefined when there is none. Each mutex is visited once. */
function findCycle(graph: Graph): readonly bigint[] | undefined {
  const done = new Set<bigint>();
  for (const start of graph.keys()) {
    const path: { readonly mutex: bigint; readonly rest: IterableIterator<bigint> }[] = [];
    const enter = (mutex: bigint): void => void path.push({ mutex, rest: (graph.get(mutex) ?? new Map()).keys() });
    if (!done.has(start)) enter(start);
    while (path.length > 0) {
      const { mutex, rest } = path.at(-1)!;
      const next = rest.next();
      if (next.done === true) {
        done.add(mutex);
        path.pop();
        continue;
      }
      const at = path.findIndex((step) => step.mutex === next.value);
      if (at >= 0) return path.slice(at).map((step) => step.mutex);
      if (!done.has(next.value)) enter(next.value);
    }
  }
  return undefined;
}

function nameStack(id: number): string[] {
  const name = (address: bigint): string => sprintf("@ %016x %s", address, BPF.sym(address, pid!));
  const names = id < 0 ? [] : b.get_table("stacks").name_frames(id, name);
  // A function without a frame pointer leads the kernel round in a circle.
  return names.filter((line, index) => line !== names[index - 1]);
}
const printStack = (id: number): void => print([...nameStack(id), ""].map((line) => sprintf("%s", line)).join("\n"));

function report(graph: Graph, cycle: readonly bigint[]): void {
  const edges = cycle.map((first, index) => {
    const second = cycle[(index + 1) % cycle.length]!;
    return { first, second, ...graph.get(first)!.get(second)! };
  });
  const hex = (address: bigint): string => sprintf("0x%016x", address);
  if (is_json_output()) {
    const list = edges.map(({ first, second, tid, comm, first_stack, second_stack }) => ({
      ...{ held: hex(first), acquired: hex(second), tid, comm },
      ...{ held_stack: nameStack(first_stack), acquired_stack: nameStack(second_stack) },
    }));
    return print(JSON.stringify({ cycle: cycle.map(hex), edges: list }));
  }
  const names = new Map(cycle.map((mutex, index) => [mutex, describeMutex(mutex, index)]));
  const name = (mutex: bigint): string => names.get(mutex)!;
  print("----------------\nPotential Deadlock Detected!\n");
  print(`Cycle in lock order graph: ${[...cycle, cycle[0]!].map(name).join(" => ")}\n`);
  for (const { first, second, tid, comm, first_stack, second_stack } of edges) {
    printf("%s acquired here while holding %s in Thread %d (%s):\n", name(second), name(first), tid, comm);
    printStack(second_stack);
    printf("%s previously acquired by the same Thread %d (%s) here:\n", name(first), tid, comm);
    printStack(first_stack);
  }
  const parents = b.table<number, Parent>("parents");
  for (const tid of new Set(edges.map((edge) => edge.tid))) {
    const parent = parents.get(tid);
    if (parent === undefined) {
      printf("Could not find stack trace where Thread %d was created\n\n", tid);
      continue;
    }
    printf("Thread %d created by Thread %d (%s) here:\n", tid, parent.tid, parent.comm);
    printStack(parent.stack_id);
  }
}

/** A mutex that is a variable of the program's own has a name. */
function describeMutex(mutex: bigint, index: number): string {
  const symbol = BPF.sym(mutex, pid!);
  return sprintf("Mutex M%d (%s0x%016x)", index, symbol === "[unknown]" ? "" : `${symbol} `, mutex);
}

if (!is_json_output()) print("Tracing... Hit Ctrl-C to end.");
for (const _ of intervals(1, Number.POSITIVE_INFINITY, args.duration)) {
  const graph = readGraph();
  const edges = [...graph.values()].flatMap((next) => [...next.keys()]);
  if (args.verbose) printf("Mutexes: %d, Edges: %d\n", new Set([...graph.keys(), ...edges]).size, edges.length);
  const cycle = findCycle(graph);
  if (cycle === undefined) continue;
  report(graph, cycle);
  exit(1);
}
