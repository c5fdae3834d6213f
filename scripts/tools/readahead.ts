// Shows how many pages that the kernel reads ahead are used, and how long after they were read.
// Subject: memory
//
//   bpfts readahead               until Ctrl-C
//   bpfts readahead -d 20         for 20 seconds
//   bpfts -c 'cp a b' readahead   what is read ahead for one command
//
// Source: BCC's readahead, whose options and layout these are. It counts the pages of large folios one by one, forgets a page that leaves the cache, and ends after -d.
import {
  BPF,
  filter_by_process,
  find_function,
  function_entry,
  function_return,
  intervals,
  is_json_output,
  json_output,
  parse_args,
  positive_seconds,
  print,
  printf,
  tool_options,
  process_id,
} from "bpfts";

const { cgroup, json } = tool_options;
const args = parse_args({
  description: "Monitor performance of read ahead cache",
  examples: `
examples:
    bpfts readahead -d 20       # monitor for 20 seconds and generate stats
    bpfts readahead -p 181      # what is read ahead for PID 181`,
  arguments: {
    duration: {
      flags: ["-d", "--duration"],
      type: positive_seconds,
      help: "total duration to monitor for, in seconds",
    },
    pid: { flags: ["-p", "--pid"], type: process_id, help: "trace this PID only" },
    cgroup,
    json,
  },
});
json_output(args.json);

const instead = "cachestat and filetop show uses of the cache, and reads by file";
const accessed = function_entry(find_function("folio_mark_accessed", "mark_page_accessed"), "u64 page", { instead });
/** The functions that read ahead: from Linux 5.18 on the second one reads folios of several pages. The result of neither is used, so their parameters need not be told. */
const readers = ["page_cache_ra_unbounded", "page_cache_ra_order"].filter((name) => BPF.ksymname(name) !== -1n);

const b = new BPF({
  text: /* c */ `${filter_by_process(args)}
struct folio___since_6_15 { unsigned int _nr_pages; } __attribute__((preserve_access_index));
struct folio___since_6_1 { unsigned int _folio_nr_pages; } __attribute__((preserve_access_index));

struct counts_t {
    u64 read;
    u64 used;
};
BPF_HASH(reading, u32, u8);
BPF_HASH(births, u64, u64, 1048576);
BPF_HASH(counts, u32, struct counts_t, 1);
BPF_HISTOGRAM(dist, int, 64);

// The flags stand first in a page and in a folio.
static inline u64 count_pages(u64 page) {
    struct folio___since_6_15 *folio = (void *)page;
    struct folio___since_6_1 *older = (void *)page;
    u64 flags = 0;
    bpf_probe_read_kernel(&flags, sizeof(flags), (void *)page);
    if (!(flags & (1UL << PG_head)))
        return 1;
    if (bpf_core_field_exists(folio->_nr_pages))
        return BPF_CORE_READ(folio, _nr_pages);
    if (bpf_core_field_exists(older->_folio_nr_pages))
        return BPF_CORE_READ(older, _folio_nr_pages);
    return 1;
}

static inline struct counts_t *find_counts(void) {
    struct counts_t zero = {};
    u32 only = 0;
    return counts.lookup_or_try_init(&only, &zero);
}

static inline int begin_reading(void) {
    u32 tid = bpf_get_current_pid_tgid();
    u8 one = 1;
    if (!process_should_be_filtered())
        reading.update(&tid, &one);
    return 0;
}

static inline int end_reading(void) {
    u32 tid = bpf_get_current_pid_tgid();
    reading.delete(&tid);
    return 0;
}
${readers
  .map(
    (name) => `
${function_entry(name, "void *ractl", { instead })} { return begin_reading(); }
${function_return(name, ["void *"], "int", { instead })} { return end_reading(); }`,
  )
  .join("")}

RAW_TRACEPOINT_PROBE(mm_filemap_add_to_page_cache) {
    u64 page = ctx->args[0], now = bpf_ktime_get_ns();
    u32 tid = bpf_get_current_pid_tgid();
    if (!reading.lookup(&tid))
        return 0;
    struct counts_t *sum = find_counts();
    // A page for which there is no room would seem to be unused for ever.
    if (sum && births.update(&page, &now) == 0)
        lock_xadd(&sum->read, count_pages(page));
    return 0;
}

// The next one at this address is another page.
RAW_TRACEPOINT_PROBE(mm_filemap_delete_from_page_cache) {
    u64 page = ctx->args[0];
    births.delete(&page);
    return 0;
}

${accessed} {
    u64 *birth = births.lookup(&page);
    if (!birth)
        return 0;
    u64 age_ms = (bpf_ktime_get_ns() - *birth) / 1000000, pages = count_pages(page);
    struct counts_t *sum = find_counts();
    if (births.delete(&page) == 0 && sum) {
        lock_xadd(&sum->used, pages);
        dist.atomic_increment(bpf_log2l(age_ms), pages);
    }
    return 0;
}
`,
});

const dist = b.get_table("dist");
const counts = b.table<number, { readonly read: bigint; readonly used: bigint }>("counts");
if (!is_json_output()) print("Tracing... Hit Ctrl-C to end.");
for (const _ of intervals(args.duration ?? 99999999, 1)) {
  const { read, used } = counts.get(0) ?? { read: 0n, used: 0n };
  if (is_json_output()) {
    print(JSON.stringify({ read_ahead: Number(read), used: Number(used), unused: Number(read - used) }));
  } else {
    printf("\nRead-ahead unused pages: %d\n", read - used);
    print("Histogram of read-ahead used page age (ms):\n");
  }
  dist.print_log2_hist("age (ms)");
}
