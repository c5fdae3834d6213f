import type { ColumnPart } from "./column-part.ts";
import type { ContainerReply } from "./container-reply.ts";
import type { KernelObject } from "./kernel-object.ts";
import type { AttachArgument } from "./attach-argument.ts";
import type { FunctionReply, TestArgument } from "./function-calls.ts";
import type { IteratorArgument, IteratorReply } from "./iterator-calls.ts";
import type { LabPlace } from "./lab-place.ts";
import type { Layout } from "./layout.ts";
import type { LinkReply, NetworkArgument } from "./network-calls.ts";
import type { HistogramMessage } from "./histogram-message.ts";
import type { LossReply } from "./loss-reply.ts";
import type { PacketMessage } from "./packet-message.ts";
import type { PatternArgument } from "./pattern-argument.ts";
import type { RowFormat } from "./row-format.ts";
import type { StackMessage } from "./stack-message.ts";
import type { StartReply } from "./start-reply.ts";
import { testCallKinds } from "./test-calls.ts";
import type { TestCalls } from "./test-calls.ts";
import type { TerminalReply } from "./terminal-reply.ts";
import type { UsdtProbeReply } from "./usdt-probe-reply.ts";
import type { UrlParts } from "./url-parts.ts";

/**
 * The calls between a script inside QuickJS and its host, as one table: every
 * name with what it takes and what it answers. Both sides are typed by it.
 *
 * On the wire a call is `(name, JSON of the argument, bytes)`; an argument that is text crosses as it is. The answer is an
 * `ArrayBuffer` for calls that carry bytes, else a string whose first character
 * says what the rest is: `=` an answer, `!` an `ErrorMessage`. 64-bit numbers
 * cross as decimal strings.
 */
export interface Calls extends TestCalls {
  /** What the script was started with. */
  start: Json<null, StartReply>;
  /** The script tells processes apart by the pid of its command, which is a shell. */
  note_shell_pid: Json<null, null>;
  /** The text, as it is and not as JSON: it is most of what crosses. It has no NUL in it. */
  write: Json<string, null>;
  /** The same to standard error. */
  write_error: Json<string, null>;
  /** Ends the script as Ctrl-C does. */
  interrupt: Json<null, null>;
  /** Ends the script; nothing of it runs afterwards but its end handlers. */
  exit: Json<{ readonly code: number }, null>;
  /** Answers when the time is over, with `events` when records of any buffer are there, or a signal came (then as an error). Units: milliseconds, -1 waits for ever. */
  wait: Json<{ readonly timeoutMs: number; readonly events: boolean }, null>;
  now: Json<null, { readonly monotonicNs: string }>;
  read_file: Text<{ readonly path: string }>;

  /** The frames of a stack as QuickJS writes it that stand in the script's files, one a line. */
  render_stack: Json<{ readonly stack: string }, readonly string[]>;

  /** The places of the lab that the script runs in; none when there is no lab. */
  lab_places: Json<null, readonly LabPlace[]>;
  /** Adds a stack to the pictures that the user asked for. */
  record_stack: Json<StackMessage, null>;
  /** Adds histograms to the heat map that the user asked for. */
  record_histogram: Json<HistogramMessage, null>;
  /** Bytes in: the packet. Adds it to the capture that the user asked for. */
  record_packet: Json<PacketMessage, null>;
  terminal: Json<null, TerminalReply>;
  /** The code of a module that the script first needs now. */
  lazy_module: Text<{ readonly name: string }>;
  /** Bytes out: as many random ones. */
  random: Bytes<{ readonly size: number }>;
  /** The parts of an address, null when it is none. */
  parse_url: Json<{ readonly url: string; readonly base: string | null }, UrlParts | null>;
  /** The parts of an address that one part was set in, as far as it can be. */
  change_url: Json<{ readonly href: string; readonly name: keyof UrlParts; readonly value: string }, UrlParts>;

  build: Json<BuildArgument, BuildReply>;
  /** Loads a function without attaching it; `type` and `attachType` null are what the text says. */
  load_function: Json<
    {
      readonly program: number;
      readonly name: string;
      readonly type: number | null;
      readonly attachType: number | null;
    },
    null
  >;
  attach: Json<{ readonly program: number; readonly request: AttachArgument }, number>;
  detach: Json<{ readonly program: number; readonly request: AttachArgument }, number>;
  /** The name of the place that a cookie of the program's stands for. */
  find_attached_name: Json<{ readonly program: number; readonly cookie: string }, string | null>;
  count_attached: Json<{ readonly program: number; readonly kind: AttachArgument["kind"] }, number>;
  /** Registers a table of functions with the kernel, or takes it back. */
  attach_struct_ops: Json<{ readonly program: number; readonly map: string }, null>;
  detach_struct_ops: Json<{ readonly program: number; readonly map: string }, null>;
  /** Attaches to the network; what is attached is a link that the script holds. */
  link_open: Json<{ readonly program: number; readonly request: NetworkArgument }, LinkReply>;
  link_update: Json<{ readonly program: number; readonly link: number; readonly fnName: string }, null>;
  link_pin: Json<{ readonly program: number; readonly link: number; readonly path: string }, null>;
  link_close: Json<{ readonly program: number; readonly link: number }, null>;
  /** Whether its device is gone. */
  link_lost: Json<{ readonly program: number; readonly link: number }, boolean>;
  close_program: Json<{ readonly program: number }, null>;

  /** Loads a system call program and answers what it takes. */
  run_open: Json<{ readonly program: number; readonly fnName: string }, { readonly context: Layout | null }>;
  /** Bytes in: the context. Bytes out: u32 what it returned, u32 nothing, the context as it was left. */
  run: Bytes<{ readonly program: number; readonly fnName: string }>;
  function_describe: Json<{ readonly program: number; readonly fnName: string }, FunctionReply>;
  function_pin: Json<{ readonly program: number; readonly fnName: string; readonly path: string }, null>;
  /** Bytes in: the packet, then the context. Bytes out: the head, the packet and the context as they were left. */
  function_test: Bytes<{ readonly program: number; readonly fnName: string; readonly test: TestArgument }>;
  /** Loads an iterator and begins to read what it writes. */
  iterator_open: Json<
    { readonly program: number; readonly fnName: string; readonly options: IteratorArgument },
    IteratorReply
  >;
  /** Bytes out: what comes next; absent at the end. */
  iterator_read: Bytes<{ readonly iterator: number }>;
  iterator_close: Json<{ readonly iterator: number }, null>;

  /** Bytes in: the key. Bytes out: the value; absent when there is no such key. With `key`, the host puts that thing's descriptor in the key's place. */
  map_lookup: Bytes<{ readonly map: number; readonly remove: boolean; readonly key?: KernelObject }>;
  /** Bytes in: the key, then the value, either of which the host may put in. */
  map_update: Json<
    { readonly map: number; readonly flags: number; readonly key?: KernelObject; readonly value?: KernelObject },
    null
  >;
  /** Bytes in: the key. Answers whether it was there. */
  map_delete: Json<{ readonly map: number; readonly key?: KernelObject }, boolean>;
  /** Bytes in: the key, or nothing for the first. Bytes out: the key after it; absent at the end. */
  map_next_key: Bytes<{ readonly map: number }>;
  /** Bytes out: u32 count, u32 nothing, all keys, padding to 8, all values. */
  map_read_all: Bytes<{ readonly map: number; readonly remove: boolean }>;
  /** Bytes in: rows. Bytes out: a column for each span of each part, each padded to 8. */
  split_columns: Bytes<{ readonly parts: readonly ColumnPart[] }>;
  /** Bytes in: all keys, padding to 8, all values. */
  map_update_all: Json<{ readonly map: number; readonly count: number; readonly flags: number }, null>;
  map_count: Json<{ readonly map: number }, number>;
  /** Bytes in: keys, or nothing for all of them. Answers how many went. */
  map_delete_all: Json<{ readonly map: number }, number>;

  /** Makes a map of the shape that an outer map's declaration gives; it lies nowhere yet. */
  inner_map_create: Json<{ readonly map: number }, MapReply>;
  /** Bytes in: a key of the outer map for each of the maps. */
  inner_map_put: Json<{ readonly map: number; readonly inners: readonly number[] }, null>;
  /** Bytes in: a key of the outer map. Answers the map there; null when there is none. */
  inner_map_open: Json<{ readonly map: number }, MapReply | null>;
  /** Lets go of a map that one of the calls above answered; does nothing to those that a C text declares. */
  inner_map_close: Json<{ readonly map: number }, null>;

  /** Puts a counter for each online CPU into a perf event array, in place of those that an earlier call put there. Answers how many. */
  perf_event_open: Json<
    { readonly map: number; readonly type: number; readonly config: string; readonly pid: number },
    number
  >;
  perf_event_close: Json<{ readonly map: number }, null>;

  /** Bytes in: the record. Answers false when there is no room for it now. */
  user_ring_write: Json<{ readonly map: number }, boolean>;

  /** The ring's number, which `poll` names its records with. */
  ring_open: Json<
    {
      readonly map: number;
      readonly kind: RingKind;
      readonly pages: number;
      readonly name: string;
      readonly byTime: boolean;
      readonly rows: RowFormat | null;
    },
    number
  >;
  /** Answers how many records were lost while it was open. */
  ring_close: Json<{ readonly ring: number }, number>;
  /** Records that were lost until now. */
  ring_lost: Json<{ readonly ring: number }, number>;
  /** Why records were lost until now. */
  explain_loss: Json<{ readonly ring: number }, LossReply | null>;
  /**
   * Waits for records and answers all that are there, up to a few hundred KiB.
   * Bytes out, for each ring that has something to say: u32 ring, u32 records lost
   * since the last poll, u32 size of the records, u32 nothing, the records: u32 size, u32 cpu, then the bytes, padded
   * to 8. A section of ring 0 is the end.
   */
  poll: Bytes<{ readonly kind: RingKind | "any"; readonly timeoutMs: number }>;
  /** Complete lines of the trace pipe, "" when none came in time, or with `events` records of any buffer before them. */
  trace_read: Text<{ readonly timeoutMs: number; readonly events: boolean }>;

  /** The number of a cgroup, as `bpf_get_current_cgroup_id` gives it. */
  find_cgroup: Json<{ readonly path: string }, string>;
  find_namespace: Json<{ readonly pid: number; readonly kind: "mnt" | "net" }, number>;
  find_container: Json<{ readonly pid: number } | { readonly cgroup: string }, ContainerReply | null>;
  find_process_user: Json<{ readonly pid: number }, number | null>;
  list_users: Json<null, readonly (readonly [name: string, uid: number])[]>;
  find_kprobe_functions: Json<PatternArgument, readonly string[]>;
  find_tracepoints: Json<PatternArgument, readonly string[]>;
  have_tracepoint: Json<{ readonly category: string; readonly event: string }, boolean>;
  have_struct_field: Json<{ readonly struct: string; readonly field: string }, 1 | 0 | -1>;
  have_kfunc: Json<null, boolean>;
  find_syscall_prefix: Json<null, string>;
  find_kernel_symbol: Json<{ readonly address: string }, SymbolReply | null>;
  find_kernel_address: Json<{ readonly name: string }, string | null>;
  find_user_symbol: Json<
    { readonly address: string; readonly pid: number; readonly demangle: boolean },
    SymbolReply | null
  >;
  /** `offset` is a place in the file. `pid` 0 or less names no process whose files could be meant. */
  find_build_id_symbol: Json<
    { readonly buildId: string; readonly offset: string; readonly pid: number; readonly demangle: boolean },
    SymbolReply | null
  >;
  /** Makes a binary known by its build id. */
  add_module: Json<{ readonly path: string }, null>;
  /** Names and addresses; the pattern fits from a name's start. `pid` 0 is this machine's own view. */
  find_user_functions: Json<
    PatternArgument & { readonly name: string; readonly pid: number },
    readonly (readonly [name: string, address: string])[]
  >;
  find_library: Json<{ readonly name: string; readonly pid: number }, string | null>;
  find_executable: Json<{ readonly name: string }, string | null>;
  /** All probes for `probe` "". `path` "" and `pid` 0 are not given. */
  find_usdt_probes: Json<
    { readonly probe: string; readonly path: string; readonly pid: number },
    readonly UsdtProbeReply[]
  >;
}

interface Json<Argument, Reply> {
  readonly kind: "json";
  readonly argument: Argument;
  readonly reply: Reply;
}

interface Text<Argument> {
  readonly kind: "text";
  readonly argument: Argument;
  readonly reply: string;
}

interface Bytes<Argument> {
  readonly kind: "bytes";
  readonly argument: Argument;
  readonly reply: Uint8Array | undefined;
}

/** The name of a call. */
export type CallName = keyof Calls;
/** What a call takes. */
export type CallArgument<Name extends CallName> = Calls[Name]["argument"];
/** What a call answers. */
export type CallReply<Name extends CallName> = Calls[Name]["reply"];

/** How the answer of each call crosses. */
export const callKinds: { readonly [Name in CallName]: Calls[Name]["kind"] } = {
  ...testCallKinds,
  start: "json",
  note_shell_pid: "json",
  write: "json",
  write_error: "json",
  interrupt: "json",
  exit: "json",
  wait: "json",
  now: "json",
  read_file: "text",
  render_stack: "json",
  lab_places: "json",
  record_stack: "json",
  record_histogram: "json",
  record_packet: "json",
  terminal: "json",
  lazy_module: "text",
  random: "bytes",
  parse_url: "json",
  change_url: "json",
  build: "json",
  load_function: "json",
  attach: "json",
  detach: "json",
  find_attached_name: "json",
  count_attached: "json",
  attach_struct_ops: "json",
  detach_struct_ops: "json",
  link_open: "json",
  link_update: "json",
  link_pin: "json",
  link_close: "json",
  link_lost: "json",
  close_program: "json",
  run_open: "json",
  run: "bytes",
  function_describe: "json",
  function_pin: "json",
  function_test: "bytes",
  iterator_open: "json",
  iterator_read: "bytes",
  iterator_close: "json",
  map_lookup: "bytes",
  map_update: "json",
  map_delete: "json",
  map_next_key: "bytes",
  map_read_all: "bytes",
  split_columns: "bytes",
  map_update_all: "json",
  map_delete_all: "json",
  map_count: "json",
  inner_map_create: "json",
  inner_map_put: "json",
  inner_map_open: "json",
  inner_map_close: "json",
  perf_event_open: "json",
  perf_event_close: "json",
  user_ring_write: "json",
  ring_open: "json",
  ring_close: "json",
  ring_lost: "json",
  explain_loss: "json",
  poll: "bytes",
  trace_read: "text",
  find_cgroup: "json",
  find_namespace: "json",
  find_container: "json",
  find_process_user: "json",
  list_users: "json",
  find_kprobe_functions: "json",
  find_tracepoints: "json",
  have_tracepoint: "json",
  have_struct_field: "json",
  have_kfunc: "json",
  find_syscall_prefix: "json",
  find_kernel_symbol: "json",
  find_kernel_address: "json",
  find_user_symbol: "json",
  find_build_id_symbol: "json",
  add_module: "json",
  find_user_functions: "json",
  find_library: "json",
  find_executable: "json",
  find_usdt_probes: "json",
};

/** The first character of an answer that is no error. */
export const ANSWER_MARK = "=";
/** The first character of an error. */
export const ERROR_MARK = "!";

/** Rounds up to what records, keys and values of CPUs are padded to when they cross: eight bytes. */
export function alignUp(size: number): number {
  return (size + 7) & ~7;
}

/** The name of the host's one function, a global of the guest. */
export const HOST_FUNCTION = "__bpfts_call";
/** What `new BPF(…)` is made from. */
export interface BuildArgument {
  readonly text?: string;
  readonly srcFile?: string;
  readonly cflags?: readonly string[];
  readonly debug?: number;
  readonly pins?: Readonly<Record<string, { readonly path: string; readonly create: boolean }>>;
}

/** A built program as the guest knows it. */
export interface BuildReply {
  readonly program: number;
  readonly maps: readonly MapReply[];
  readonly structs: Readonly<Record<string, Layout>>;
}

/** One map of a built program, with what the codec needs. */
export interface MapReply {
  readonly map: number;
  readonly name: string;
  /** The kernel's own number for it. */
  readonly id: number;
  /** Source: enum bpf_map_type. */
  readonly type: number;
  readonly keySize: number;
  /** Units: bytes of one value as it crosses: of all CPUs for the per-CPU kinds. */
  readonly valueSize: number;
  readonly maxEntries: number;
  readonly flags: number;
  readonly key: Layout | null;
  readonly value: Layout | null;
  /** The struct that a perf or ring buffer carries. */
  readonly event: Layout | null;
}

/** A perf buffer (one for each CPU) or a ring buffer (one for all). */
export type RingKind = "perf" | "ring";

/** Where an address belongs. */
export interface SymbolReply {
  readonly name: string;
  /** Units: bytes from the symbol's start. */
  readonly offset: number;
  readonly module: string | null;
}

/** The code of a signal; the guest throws it as `Interrupt`. */
export const INTERRUPTED_CODE = "BPFTS_INTERRUPTED";
/** The `detail` of that error when it is the command of `-c` that has ended. */
export const COMMAND_ENDED = "command";
