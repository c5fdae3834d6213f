import { possible_cpus } from "bpfts";

/** No more than this, unless each CPU is to have more by itself. Units: pages; 16 MiB. */
const most = 4096;

/**
 * The size of a ring buffer that gives each CPU so many pages: all CPUs share it. BCC's perf buffers have 64 for each; with twice as many events wait until some of them
 * have come together, which costs less CPU time for each. Units: pages, a power of two.
 */
export function ring_pages(pages_per_cpu: number): number {
  return Math.min(pages_per_cpu * 2 ** Math.ceil(Math.log2(possible_cpus)), Math.max(pages_per_cpu, most));
}
