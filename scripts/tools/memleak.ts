// Shows the memory that was allocated and not freed, by the stacks that asked for it.
// Subject: memory
//
//   bpfts memleak -p 181 10        of a process, every ten seconds
//   bpfts -c './allocs' memleak    of a command
//   bpfts memleak                  of the kernel
//
// Source: BCC's memleak, whose options and texts these are. It counts an allocation that realloc() moves once, follows frees by the address and the process, and takes the function of the
// allocator that a program brings itself by -O.
import {
  BPF,
  command,
  eprint,
  exit,
  filter_by_containers,
  intervals,
  is_json_output,
  json_output,
  monotonic_ns,
  parse_args,
  picture_options,
  positive_int,
  positive_seconds,
  print,
  printf,
  record_stack,
  strftime,
  tool_options,
  process_id,
} from "bpfts";

const args = parse_args({
  description:
    "Trace outstanding memory allocations that weren't freed, of a process by the functions of its libc, or of the kernel.",
  examples: `
examples:
    bpfts memleak -p 181         # a summary of "leaked" (outstanding) allocations every 5 seconds
    bpfts memleak -ap 181 10     # addresses and sizes, too, every 10 seconds
    bpfts -c ./allocs memleak    # run a command and trace its allocations
    bpfts memleak                # allocations of the kernel
    bpfts memleak -o 60000       # those that are at least one minute old
    bpfts memleak -s 5           # trace roughly every 5th allocation, to reduce overhead
    bpfts memleak --flame leaks.svg -p 181 60 1   # after a minute, a flame graph of the bytes`,
  arguments: {
    pid: { flags: ["-p", "--pid"], type: process_id, help: "the PID to trace; if not specified, trace kernel allocs" },
    trace: { flags: ["-t", "--trace"], help: "print trace messages for each alloc/free call" },
    show_allocs: {
      flags: ["-a", "--show-allocs"],
      help: "show allocation addresses and sizes as well as call stacks",
    },
    older: {
      flags: ["-o", "--older"],
      type: "int",
      default: 500,
      help: "prune allocations younger than this age in milliseconds",
    },
    combined_only: { flags: ["--combined-only"], help: "show combined allocation statistics only" },
    sample_rate: {
      flags: ["-s", "--sample-rate"],
      type: positive_int,
      default: 1,
      help: "sample every N-th allocation to decrease the overhead",
    },
    top: {
      flags: ["-T", "--top"],
      type: positive_int,
      default: 10,
      help: "display only this many top allocating stacks (by size)",
    },
    min_size: { flags: ["-z", "--min-size"], type: "int", help: "capture only allocations larger than this size" },
    max_size: { flags: ["-Z", "--max-size"], type: "int", help: "capture only allocations smaller than this size" },
    obj: {
      flags: ["-O", "--obj"],
      type: "string",
      default: "c",
      help: "attach to allocator functions in the specified object",
    },
    percpu: { flags: ["--percpu"], help: "trace percpu allocations" },
    interval: {
      type: positive_seconds,
      default: 5,
      help: "interval in seconds to print outstanding allocations",
    },
    count: { type: positive_int, optional: true, help: "number of times to print the report before exiting" },
    ...tool_options,
    ...picture_options,
  },
});
json_output(args.json);

if (args.min_size !== undefined && args.max_size !== undefined && args.min_size > args.max_size) {
  eprint("min_size (-z) can't be greater than max_size (-Z)");
  exit(1);
}
/** Without it, the kernel's own allocations are traced. */
const pid = args.pid ?? command?.pid;

const userText = `
int on_malloc(struct pt_regs *ctx, size_t size) { return on_request(size, 0, 0); }
int on_calloc(struct pt_regs *ctx, size_t count, size_t size) { return on_request(count * size, 0, 0); }
int on_realloc(struct pt_regs *ctx, u64 old, size_t size) { return on_request(size, old, 0); }
// mmap(address, size) and memalign(alignment, size) have it at the same place.
int on_second(struct pt_regs *ctx, u64 first, size_t size) { return on_request(size, 0, 0); }
int on_posix_memalign(struct pt_regs *ctx, u64 result, size_t alignment, size_t size) { return on_request(size, 0, result); }
int on_result(struct pt_regs *ctx) { return on_allocated(ctx, PT_REGS_RC(ctx)); }
int on_free(struct pt_regs *ctx, u64 address) { return on_freed(address); }
`;

const allocate = (event: string, size: string, address: string): string => `
TRACEPOINT_PROBE(${event}) {
    on_request(${size}, 0, 0);
    return on_allocated(args, (u64)args->${address});
}`;
const release = (event: string, address: string): string => `
TRACEPOINT_PROBE(${event}) { return on_freed((u64)args->${address}); }`;
const kernelText = (): string =>
  args.percpu
    ? allocate("percpu, percpu_alloc_percpu", "args->size", "ptr") + release("percpu, percpu_free_percpu", "ptr")
    : [
        ...["kmalloc", "kmem_cache_alloc", "kmalloc_node", "kmem_cache_alloc_node"]
          .filter((event) => BPF.tracepoint_exists("kmem", event))
          .map((event) => allocate(`kmem, ${event}`, "args->bytes_alloc", "ptr")),
        allocate("kmem, mm_page_alloc", "4096ULL << args->order", "pfn"),
        release("kmem, kfree", "ptr"),
        release("kmem, kmem_cache_free", "ptr"),
        release("kmem, mm_page_free", "pfn"),
      ].join("");

const b = new BPF({
  text: /* c */ `${filter_by_containers(args)}
struct request_t {
    u64 size;
    u64 old;
    u64 result;
    u64 is_wanted;
};

struct alloc_t {
    u64 size;
    u64 ts;
    s64 stack_id;
};

struct sum_t {
    u64 size;
    u64 count;
};

BPF_HASH(requests, u32, struct request_t);
BPF_HASH(allocs, u64, struct alloc_t, 1000000);
BPF_HASH(sums, s64, struct sum_t, 10240);
BPF_STACK_TRACE(stacks, 10240);

static inline int on_request(u64 size, u64 old, u64 result) {
    u32 tid = bpf_get_current_pid_tgid();
    struct request_t request = { .size = size, .old = old, .result = result };
    if (container_should_be_filtered())
        return 0;
    request.is_wanted = size >= MIN_SIZE && size <= MAX_SIZE && (SAMPLE_RATE == 1 || bpf_get_prandom_u32() % SAMPLE_RATE == 0);
    // What realloc() takes back may have been wanted.
    if (!request.is_wanted && !old)
        return 0;
    requests.update(&tid, &request);
    if (TRACE)
        bpf_trace_printk("alloc entered, size = %lu\\n", size);
    return 0;
}

static inline int on_freed(u64 address) {
    struct alloc_t *alloc = allocs.lookup(&address);
    if (!alloc)
        return 0;
    s64 id = alloc->stack_id;
    struct sum_t *sum = sums.lookup(&id);
    if (sum) {
        lock_xadd(&sum->size, -alloc->size);
        lock_xadd(&sum->count, -1);
    }
    if (TRACE)
        bpf_trace_printk("free entered, address = %lx, size = %lu\\n", address, alloc->size);
    allocs.delete(&address);
    return 0;
}

static inline int on_allocated(void *ctx, u64 address) {
    u32 tid = bpf_get_current_pid_tgid();
    struct request_t *found = requests.lookup(&tid);
    struct sum_t zero = {};
    if (!found)
        return 0;
    struct request_t request = *found;
    requests.delete(&tid);
    // posix_memalign() answers an error, and the address by a pointer.
    if (request.result && (address != 0 || bpf_probe_read_user(&address, sizeof(address), (void *)request.result)))
        return 0;
    int is_allocated = address != 0 && address != (u64)-1;
    // What realloc() could not move is still there, unless it was asked for nothing.
    if (request.old && (is_allocated || request.size == 0))
        on_freed(request.old);
    if (!is_allocated || !request.is_wanted)
        return 0;
    struct alloc_t alloc = { .size = request.size, .ts = bpf_ktime_get_ns() };
    alloc.stack_id = stacks.get_stackid(ctx, STACK_FLAGS);
    allocs.update(&address, &alloc);
    struct sum_t *sum = sums.lookup_or_try_init(&alloc.stack_id, &zero);
    if (sum) {
        lock_xadd(&sum->size, alloc.size);
        lock_xadd(&sum->count, 1);
    }
    if (TRACE)
        bpf_trace_printk("alloc exited, size = %lu, result = %lx\\n", alloc.size, address);
    return 0;
}
${pid === undefined ? kernelText() : userText}
`,
  cflags: [
    `-DMIN_SIZE=${args.min_size ?? 0}ULL`,
    `-DMAX_SIZE=${args.max_size ?? "(~0ULL)"}${args.max_size === undefined ? "" : "ULL"}`,
    `-DSAMPLE_RATE=${args.sample_rate}`,
    `-DTRACE=${args.trace ? 1 : 0}`,
    `-DSTACK_FLAGS=${pid === undefined ? "0" : "BPF_F_USER_STACK"}`,
  ],
});

/** Functions that allocate, and what runs at their entry; libraries lack some. */
const allocators = {
  malloc: "on_malloc",
  calloc: "on_calloc",
  realloc: "on_realloc",
  mmap: "on_second",
  posix_memalign: "on_posix_memalign",
  valloc: "on_malloc",
  memalign: "on_second",
  pvalloc: "on_malloc",
  aligned_alloc: "on_second",
};

if (pid !== undefined) {
  const have = (sym: string): boolean => BPF.get_user_functions(args.obj, `^${sym}$`, pid).length > 0;
  for (const [sym, fn_name] of Object.entries(allocators).filter(([name]) => name === "malloc" || have(name))) {
    b.attach_uprobe({ name: args.obj, sym, fn_name, pid });
    b.attach_uretprobe({ name: args.obj, sym, fn_name: "on_result", pid });
  }
  for (const sym of ["free", "munmap"].filter((name) => name === "free" || have(name)))
    b.attach_uprobe({ name: args.obj, sym, fn_name: "on_free", pid });
}
if (!is_json_output())
  print(
    pid === undefined ? "Attaching to kernel allocators, Ctrl+C to quit." : `Attaching to pid ${pid}, Ctrl+C to quit.`,
  );

interface Alloc {
  readonly size: number;
  readonly ts: number;
  readonly stack_id: number;
}

interface Sum {
  readonly size: number;
  readonly count: number;
}

const options = { show_module: true, show_offset: true } as const;
const nameStack = (id: number): string[] =>
  id < 0
    ? ["stack information lost"]
    : b
        .get_table("stacks")
        .name_frames(
          id,
          (address) => `0x${address.toString(16).padStart(16, "0")}\t${BPF.sym(address, pid ?? -1, options)}`,
        );

/** Adds up the allocations that are old enough. */
function readOutstanding(): Map<number, Sum> {
  const limit = Number(monotonic_ns()) - args.older * 1e6;
  const found = new Map<number, Sum>();
  const allocs = [...b.table<bigint, Alloc>("allocs", { u64: "number" })].sort((x, y) => x[1].size - y[1].size);
  for (const [address, alloc] of allocs) {
    if (alloc.ts > limit) continue;
    const { size, count } = found.get(alloc.stack_id) ?? { size: 0, count: 0 };
    found.set(alloc.stack_id, { size: size + alloc.size, count: count + 1 });
    if (args.show_allocs && !is_json_output()) printf("\taddr = %x size = %d\n", address, alloc.size);
  }
  return found;
}

/** The picture is of what is there at the end: what each summary shows is not added up. */
function draw(sums: Iterable<readonly [number, Sum]>): void {
  for (const [id, { size }] of sums) {
    const name = (address: bigint): string => BPF.sym(address, pid ?? -1, { show_module: true });
    const frames = id < 0 ? [] : b.get_table("stacks").name_frames(id, name).reverse();
    record_stack({ frames: id < 0 ? ["[stack information lost]"] : frames, value: size, unit: "bytes" });
  }
}

function show(isLast: boolean): void {
  const time = strftime("%H:%M:%S");
  if (!is_json_output()) printf("[%s] Top %d stacks with outstanding allocations:\n", time, args.top);
  const sums = args.combined_only ? b.table<number, Sum>("sums", { u64: "number" }) : readOutstanding();
  const sorted = [...sums].filter(([, { count }]) => count > 0).sort((x, y) => x[1].size - y[1].size);
  if (isLast) draw(sorted);
  for (const [id, { size, count }] of sorted.slice(-args.top)) {
    const stack = nameStack(Number(id));
    if (is_json_output())
      print(JSON.stringify({ time, size, count, stack: stack.map((frame) => frame.split("\t").at(-1)) }));
    else printf("\t%d bytes in %d allocations from stack\n\t\t%r\n", size, count, stack.join("\n\t\t"));
  }
}

if (args.trace) b.trace_print();
else for (const isLast of intervals(args.interval, args.count, args.duration)) show(isLast);
