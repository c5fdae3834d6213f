// Shows again and again from which caches the kernel's slab allocator hands out most.
// Subject: memory
//
//   bpfts slabratetop          every second
//   bpfts slabratetop -C 5     every five seconds, without clearing the screen
//
// Source: BCC's slabratetop, whose options and columns these are. From Linux 6.1 on it takes the tracepoint, which names the cache, before a kernel function.
import {
  BPF,
  RowPrinter,
  TopScreen,
  filter_by_process,
  function_entry,
  intervals,
  is_json_output,
  json_output,
  loadavg_title,
  parse_args,
  positive_int,
  positive_seconds,
  print,
  printf,
  tool_options,
  process_id,
} from "bpfts";

const args = parse_args({
  description: "Kernel SLAB/SLUB memory cache allocation rate top",
  examples: `
examples:
    bpfts slabratetop            # kmem_cache_alloc() top, 1 second refresh
    bpfts slabratetop -C         # don't clear the screen
    bpfts slabratetop 5          # 5 second summaries
    bpfts slabratetop 5 10       # 5 second summaries, 10 times only`,
  arguments: {
    noclear: { flags: ["-C", "--noclear"], help: "don't clear the screen" },
    maxrows: { flags: ["-r", "--maxrows"], type: positive_int, default: 20, help: "maximum rows to print, default 20" },
    interval: { type: positive_seconds, default: 1, help: "output interval, in seconds" },
    count: { type: positive_int, optional: true, help: "number of outputs" },
    pid: { flags: ["-p", "--pid"], type: process_id, help: "trace this PID only" },
    ...tool_options,
  },
});
json_output(args.json);

/** Linux 6.1 made one tracepoint of two, and gave it the cache. */
const isNamed = !BPF.tracepoint_exists("kmem", "kmem_cache_alloc_node");

const b = new BPF({
  text: /* c */ `${filter_by_process(args)}
struct key_t {
    char cache[32];
};

struct sum_t {
    u64 allocs;
    u64 bytes;
};

BPF_HASH(sums, struct key_t, struct sum_t);

static inline int on_alloc(struct kmem_cache *cache) {
    struct key_t key = {};
    struct sum_t zero = {};
    if (process_should_be_filtered())
        return 0;
    bpf_probe_read_kernel_str(&key.cache, sizeof(key.cache), cache->name);
    u64 size = cache->size;
    struct sum_t *sum = sums.lookup_or_try_init(&key, &zero);
    if (sum) {
        lock_xadd(&sum->allocs, 1);
        lock_xadd(&sum->bytes, size);
    }
    return 0;
}

${
  isNamed
    ? "RAW_TRACEPOINT_PROBE(kmem_cache_alloc) { return on_alloc((struct kmem_cache *)ctx->args[2]); }"
    : `${function_entry("kmem_cache_alloc", "struct kmem_cache *cache")} { return on_alloc(cache); }`
}
`,
});

interface Cache {
  readonly cache: string;
  readonly allocs: number;
  readonly bytes: number;
}

const rows = new RowPrinter<Cache>([
  { head: "CACHE", format: "%-32s", value: "cache" },
  { head: "ALLOCS", format: "%6d", value: "allocs" },
  { head: "BYTES", format: "%10d", value: "bytes" },
]);
const screen = new TopScreen(rows, { clear: !args.noclear, max_rows: args.maxrows });
if (!is_json_output()) printf("Tracing... Output every %g secs. Hit Ctrl-C to end\n", args.interval);
const sums = b.table<{ readonly cache: string }, Omit<Cache, "cache">>("sums", { u64: "number" });
for (const isLast of intervals(args.interval, args.count, args.duration)) {
  const list = [...sums.items_lookup_and_delete_batch()].map(([key, sum]) => ({ ...key, ...sum }));
  screen.show(list, ({ bytes }) => bytes, loadavg_title());
  if (isLast && !is_json_output()) print("Detaching...");
}
