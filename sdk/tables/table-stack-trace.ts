import { errno_name } from "../queries/errno-names.ts";
import { makeMapError } from "../wire/errors.ts";
import type { BuildIdFrame } from "../queries/symbols.ts";
import { Table } from "./table.ts";

/**
 * Stack traces by the id that `get_stackid` answered in the program.
 *
 * @example
 * import { BPF, print, sleep } from "bpfts";
 * const b = new BPF({
 *   text: `
 * BPF_HASH(counts, int, u64);
 * BPF_STACK_TRACE(stacks, 1024);
 * TRACEPOINT_PROBE(sched, sched_process_exec) {
 *     int id = stacks.get_stackid(args, 0);
 *     if (id >= 0) counts.increment(id);
 *     return 0;
 * }`,
 * });
 * sleep(0.1);
 * for (const [id] of b.tables.counts) print(b.tables.stacks.walk(id, (ip) => BPF.ksym(ip)).join(";"));
 */
export class StackTraceTable extends Table<number, { readonly ip: readonly bigint[] }> {
  /**
   * The addresses of a stack, innermost first; with `resolve`, what it makes of each.
   *
   * @throws BpfError when there is no such stack: the id is an error code, or its slot was taken by another stack
   */
  walk(stack_id: number | bigint): bigint[];
  walk<T>(stack_id: number | bigint, resolve: (address: bigint) => T): T[];
  walk<T>(stack_id: number | bigint, resolve?: (address: bigint) => T): (bigint | T)[] {
    const leaf = requireStack(this, stack_id) as unknown;
    const values = (Array.isArray(leaf) ? leaf : Object.values(leaf as object)[0]) as readonly bigint[];
    const end = values.indexOf(0n);
    const addresses = values.slice(0, end < 0 ? values.length : end);
    return resolve === undefined ? addresses : addresses.map(resolve);
  }

  /**
   * The names of a stack, innermost first, as `name` makes them; the last one says so where the kernel has cut the stack, `[cut after 127 functions]`.
   *
   * @throws BpfError when there is no such stack, as `walk` does
   */
  name_frames(stack_id: number | bigint, name: (address: bigint) => string): string[] {
    const names = this.walk(stack_id, name);
    return markCut(names, names.length);
  }
}

/** The kernel keeps so many addresses of a stack in such a table, the innermost; it does not say whether there were more. */
const MAX_FRAMES = 127;

/** Adds to the names of a stack that its outermost functions may be missing, where the table has no room for more. `depth` is what the kernel kept. */
export function markCut(names: readonly string[], depth: number): string[] {
  return depth < MAX_FRAMES ? [...names] : [...names, `[cut after ${MAX_FRAMES} functions]`];
}

/** One place as the kernel writes it. Source: struct bpf_stack_build_id in include/uapi/linux/bpf.h */
interface RawFrame {
  readonly status: number;
  readonly build_id: Uint8Array;
  readonly offset: bigint;
  readonly ip: bigint;
}

/** Source: enum bpf_stack_build_id_status. */
const EMPTY = 0;
const VALID = 1;

/**
 * Stack traces of `BPF_STACK_TRACE_BUILDID`: places in files instead of addresses, so that they can be named when their
 * process has ended, and on another machine. User stacks only.
 *
 * @example
 * import { BPF, print } from "bpfts";
 * const b = new BPF({ text: `BPF_STACK_TRACE_BUILDID(stacks, 1024);` });
 * for (const id of b.tables.stacks.keys()) print(b.tables.stacks.walk(id, (frame) => BPF.sym(frame, -1)).join(";"));
 */
export class BuildIdStackTable extends Table<number, { readonly trace: readonly RawFrame[] }> {
  /**
   * The places of a stack, innermost first; with `resolve`, what it makes of each. Where the kernel could not read the
   * binary's build id the place is an address.
   *
   * @throws BpfError when there is no such stack: the id is an error code, or its slot was taken by another stack
   */
  walk(stack_id: number | bigint): (BuildIdFrame | bigint)[];
  walk<T>(stack_id: number | bigint, resolve: (frame: BuildIdFrame | bigint) => T): T[];
  walk<T>(stack_id: number | bigint, resolve?: (frame: BuildIdFrame | bigint) => T): (BuildIdFrame | bigint | T)[] {
    const { trace } = requireStack(this, stack_id);
    const end = trace.findIndex(({ status }) => status === EMPTY);
    const frames = trace
      .slice(0, end < 0 ? trace.length : end)
      .map((raw) => (raw.status === VALID ? { build_id: renderBuildId(raw.build_id), offset: raw.offset } : raw.ip));
    return resolve === undefined ? frames : frames.map(resolve);
  }

  /**
   * The names of a stack, innermost first, as `name` makes them; the last one says so where the kernel has cut the stack, `[cut after 127 functions]`.
   *
   * @throws BpfError when there is no such stack, as `walk` does
   */
  name_frames(stack_id: number | bigint, name: (frame: BuildIdFrame | bigint) => string): string[] {
    const names = this.walk(stack_id, name);
    return markCut(names, names.length);
  }
}

function requireStack<Leaf>(table: Table<number, Leaf>, stackId: number | bigint): Leaf {
  const id = Number(stackId);
  const leaf = id < 0 ? undefined : table.get(id);
  if (leaf !== undefined) return leaf;
  throw makeMapError(
    `Cannot walk stack ${id} of "${table.name}": ${id < 0 ? `get_stackid failed with ${errno_name(id)}` : "there is no such stack"}`,
    id === -17
      ? "another stack has the slot: make the table larger"
      : id < 0
        ? "a negative id is an error that the program should not store"
        : "walk a stack before the table is cleared, and ids of this table only",
    "no_such_key",
  );
}

/** The kernel has room for 20 bytes; the zeros behind a shorter one (16 or 8 bytes are usual) are not its own. */
function renderBuildId(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0"))
    .join("")
    .replace(/(?:00){4,}$/, "");
}
