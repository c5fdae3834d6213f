import type { Layout } from "./layout.ts";

/** What an iterator is to walk through; nothing of it is everything. */
export interface IteratorArgument {
  /** A table of the program, by its name. */
  readonly map?: string;
  /** The path of a cgroup. */
  readonly cgroup?: string;
  /** Source: enum bpf_cgroup_iter_order. */
  readonly order?: number;
  readonly pid?: number;
  readonly tid?: number;
}

/** An open iterator. */
export interface IteratorReply {
  /** The host's number for it. */
  readonly iterator: number;
  /** What its function writes one after another; "text" when it writes no records, "mixed" when those of several types. */
  readonly record: Layout | "text" | "mixed";
}
