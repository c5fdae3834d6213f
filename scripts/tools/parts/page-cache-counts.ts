import { BPF, find_function, function_entry } from "bpfts";

/** What is counted: pages that are used, added, changed, and buffers that are changed. */
export const page_cache_events = ["accessed", "added", "dirtied", "buffers"] as const;

/**
 * C text that calls `on_page_cache(event)` for what happens in the page cache, with the number of one of `page_cache_events`. The tool defines that function. Only the use of pages has no
 * tracepoint; names that changed are found as the kernel has them.
 *
 * @throws UnsupportedFeatureError when this kernel's functions cannot be probed
 */
export function page_cache_counts(): string {
  const dirtied = BPF.tracepoint_exists("writeback", "writeback_dirty_folio") ? "folio" : "page";
  const accessed = function_entry(find_function("folio_mark_accessed", "mark_page_accessed"), "void *page", {
    instead: "filetop shows who reads and writes which files",
  });
  return `
static inline void on_page_cache(u32 event);
${accessed} { on_page_cache(0); return 0; }
TRACEPOINT_PROBE(filemap, mm_filemap_add_to_page_cache) { on_page_cache(1); return 0; }
TRACEPOINT_PROBE(writeback, writeback_dirty_${dirtied}) { on_page_cache(2); return 0; }
TRACEPOINT_PROBE(block, block_dirty_buffer) { on_page_cache(3); return 0; }
`;
}

/** The kernel's own numbers of /proc/meminfo. Units: mebibytes. */
export function read_cache_sizes(text: string): { readonly buffers: number; readonly cached: number } {
  const find = (name: string): number => Number(new RegExp(`^${name}: *(\\d+) kB`, "m").exec(text)?.[1] ?? 0) / 1024;
  return { buffers: find("Buffers"), cached: find("Cached") };
}
