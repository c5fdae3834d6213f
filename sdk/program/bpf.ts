import {
  describeFunc,
  describeKprobe,
  describePerfEvent,
  describeTracepoint,
  describeUprobe,
} from "./attach-options.ts";
import type {
  FuncOptions,
  KprobeOptions,
  PerfEventOptions,
  TracepointOptions,
  UprobeOptions,
} from "./attach-options.ts";
import { BpfFunction } from "../tables/bpf-function.ts";
import { requireNumber, requireOptions, requireText } from "../checks/check-options.ts";
import { makeClosedError, makeUsageError } from "../wire/errors.ts";
import { EventStream } from "../events/event-stream.ts";
import { callHost } from "../wire/host.ts";
import { KernelQueries } from "../queries/kernel-queries.ts";
import { makeTable } from "./make-table.ts";
import type { AnyTable } from "./make-table.ts";
import { possible_cpus } from "../guest/process.ts";
import type { AttachArgument, BuildReply } from "../wire/protocol.ts";
import { BPFProgType } from "../abi/program-types.ts";
import { closeRings, pollRings } from "../events/rings.ts";
import { EventTable } from "../events/table-ring.ts";
import type { EventOptions } from "../events/table-ring.ts";
import type { DynamicTable, EventOf, NameWhenGiven, TableName, TableOf, Unset } from "./table-types.ts";
import { findNameHint, refuseUnknownNames } from "../wire/unknown-names.ts";
import { TraceReader, printTrace, readTraceLine } from "../queries/trace.ts";
import type { TraceOptions, TracePrintOptions } from "../queries/trace.ts";
import type { BpfOptions } from "./bpf-options.ts";

/**
 * A program of C functions that run in the kernel, with its tables. Making one compiles the text, creates the maps and
 * attaches the functions whose names or macros say where to; everything is detached when the script ends.
 *
 * Source: BCC's class BPF. @throws BpfError when the C is wrong, the kernel refuses it, or a probe cannot be attached
 */
export class BPF<const T extends string = string> extends KernelQueries {
  // BCC's names of program types, as its class has them.
  static readonly KPROBE: number = BPFProgType.KPROBE;
  static readonly TRACEPOINT: number = BPFProgType.TRACEPOINT;
  static readonly RAW_TRACEPOINT: number = BPFProgType.RAW_TRACEPOINT;
  static readonly PERF_EVENT: number = BPFProgType.PERF_EVENT;
  static readonly SOCKET_FILTER: number = BPFProgType.SOCKET_FILTER;
  static readonly SCHED_CLS: number = BPFProgType.SCHED_CLS;
  static readonly SCHED_ACT: number = BPFProgType.SCHED_ACT;
  static readonly XDP: number = BPFProgType.XDP;
  static readonly CGROUP_SKB: number = BPFProgType.CGROUP_SKB;
  static readonly CGROUP_SOCK: number = BPFProgType.CGROUP_SOCK;
  static readonly CGROUP_SOCK_ADDR: number = BPFProgType.CGROUP_SOCK_ADDR;
  static readonly SOCK_OPS: number = BPFProgType.SOCK_OPS;
  static readonly SK_MSG: number = BPFProgType.SK_MSG;
  static readonly SK_SKB: number = BPFProgType.SK_SKB;

  static {
    refuseUnknownNames(BPF.prototype.events, () => ({
      owner: "The call events()",
      hint: 'a table is asked for by its name: b.get_table("events")',
    }));
    refuseUnknownNames(BPF.prototype, (program, name) => {
      const isTable = Object.hasOwn(program, "program") && (program as BPF).table_names.includes(name);
      return {
        owner: "This BPF program",
        hint: isTable
          ? `a table is asked for by its name: b.get_table(${JSON.stringify(name)})`
          : findNameHint(program, name),
      };
    });
  }

  private readonly program: BuildReply;
  private readonly tables = new Map<string, AnyTable>();
  private readonly owner = { closed: false, cpus: possible_cpus };

  constructor(options: BpfOptions<T>, cflags: readonly string[] = [], debug = 0) {
    super();
    requireOptions("new BPF()", options, [
      "text",
      "src_file",
      "cflags",
      "debug",
      "usdt_contexts",
      "attach_usdt_ignore_pid",
    ]);
    if (options.cflags !== undefined && !Array.isArray(options.cflags))
      throw makeUsageError("new BPF() takes cflags as a list of texts", 'for example cflags: ["-DMAX=3"]');
    if ((options.text === undefined) === (options.src_file === undefined)) {
      throw makeUsageError("Cannot make a BPF program: give exactly one of text and src_file");
    }
    this.program = callHost("build", {
      ...(options.text === undefined ? {} : { text: options.text }),
      ...(options.src_file === undefined ? {} : { srcFile: options.src_file }),
      cflags: [...(options.cflags ?? []), ...cflags],
      debug: options.debug ?? debug,
    });
    try {
      for (const context of options.usdt_contexts ?? []) {
        for (const request of context.describe_attachments(options.attach_usdt_ignore_pid ?? false))
          this.attach(request);
      }
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** A table whose types the C text cannot tell: give them. */
  get_table<Key = Unset, Leaf = Unset>(name: NameWhenGiven<Key>): DynamicTable<Key, Leaf>;
  /** A table by its name in the C text. @throws BpfError when there is none of that name */
  get_table<Name extends TableName<T>>(name: Name): TableOf<T, Name>;
  get_table(name: string): unknown {
    this.requireOpen("get_table");
    let table = this.tables.get(name);
    if (table === undefined) {
      const info = this.program.maps.find((map) => map.name === name);
      if (info === undefined) {
        const names = this.program.maps.map((map) => `"${map.name}"`);
        throw makeUsageError(
          `There is no table "${name}" in this program`,
          names.length === 0 ? "its C text declares none" : `its tables are: ${names.join(", ")}`,
        );
      }
      table = makeTable(info, this.owner);
      this.tables.set(name, table);
    }
    return table;
  }

  /** The same as `get_table`. */
  table<Key = Unset, Leaf = Unset>(name: NameWhenGiven<Key>): DynamicTable<Key, Leaf>;
  table<Name extends TableName<T>>(name: Name): TableOf<T, Name>;
  table(name: string): unknown {
    return this.get_table<unknown, unknown>(name);
  }

  /** The names of all tables. */
  get table_names(): readonly string[] {
    return this.program.maps.map((map) => map.name);
  }

  /** Events of a perf or ring buffer as an iterator, for `for … of` and `for await … of`. Opens the buffer. */
  events<Event = Unset>(name: NameWhenGiven<Event>, options?: EventOptions): EventStream<Event>;
  events<Name extends TableName<T>>(name: Name, options?: EventOptions): EventStream<EventOf<T, Name>>;
  events(name: string, options: EventOptions = {}): unknown {
    const table: unknown = this.get_table<unknown, unknown>(name);
    if (!(table instanceof EventTable))
      throw makeUsageError(`Cannot read events from "${name}": it is no perf or ring buffer`);
    return new EventStream(table, options);
  }

  /**
   * Loads a function without attaching it: for program arrays, or to see whether the verifier takes it. Without `type` it is
   * what its name or section says, with one of `BPFProgType` (here `BPF.XDP` and its like) that.
   *
   * @throws BpfError when there is no such function, the verifier rejects it, or it was loaded as something else
   */
  load_func(name: string, type?: number, options: { readonly attach_type?: number } = {}): BpfFunction {
    this.requireOpen("load_func");
    requireText("load_func()", "the function's name", name);
    callHost("load_function", {
      program: this.program.program,
      name,
      type: type ?? null,
      attachType: options.attach_type ?? null,
    });
    return new BpfFunction(name, this.program.program);
  }

  /**
   * Attaches to a cgroup by its path, or to a sockmap or sockhash. `attach_type` is one of `BPFAttachType`, which also says what the function is
   * loaded as.
   */
  attach_func(options: FuncOptions): this {
    return this.attach(describeFunc(options));
  }

  detach_func(options: FuncOptions): this {
    return this.detach(describeFunc(options));
  }

  /** Attaches to a kernel function. @throws BpfError when there is no such function, or this kernel has no kprobes */
  attach_kprobe(options: KprobeOptions): this {
    return this.attach(describeKprobe("kprobe", options));
  }

  /** Attaches to a kernel function's return. */
  attach_kretprobe(options: KprobeOptions & { readonly maxactive?: number }): this {
    return this.attach({
      ...describeKprobe("kretprobe", options),
      ...(options.maxactive === undefined ? {} : { maxactive: options.maxactive }),
    });
  }

  detach_kprobe(options: Omit<KprobeOptions, "fn_name"> & { readonly fn_name?: string }): this {
    return this.detach(describeKprobe("kprobe", { fn_name: "", ...options }));
  }

  detach_kretprobe(options: Omit<KprobeOptions, "fn_name"> & { readonly fn_name?: string }): this {
    return this.detach(describeKprobe("kretprobe", { fn_name: "", ...options }));
  }

  /** Attaches to a tracepoint, `"category:event"`. */
  attach_tracepoint(options: TracepointOptions): this {
    return this.attach(describeTracepoint(options));
  }

  detach_tracepoint(options: Omit<TracepointOptions, "fn_name"> & { readonly fn_name?: string }): this {
    return this.detach(describeTracepoint({ fn_name: "", ...options }));
  }

  /** Attaches to a tracepoint with its raw arguments. */
  attach_raw_tracepoint(options: { readonly tp: string; readonly fn_name: string }): this {
    return this.attach({ kind: "raw_tracepoint", tp: options.tp, fnName: options.fn_name });
  }

  detach_raw_tracepoint(options: { readonly tp: string; readonly fn_name?: string }): this {
    return this.detach({ kind: "raw_tracepoint", tp: options.tp, fnName: options.fn_name ?? "" });
  }

  /** Attaches a `KFUNC_PROBE` (fentry). Since: Linux 5.5. */
  attach_kfunc(options: { readonly fn_name: string }): this {
    return this.attach({ kind: "kfunc", fnName: options.fn_name });
  }

  /** Attaches a `KRETFUNC_PROBE` (fexit). Since: Linux 5.5. */
  attach_kretfunc(options: { readonly fn_name: string }): this {
    return this.attach({ kind: "kretfunc", fnName: options.fn_name });
  }

  attach_fmod_ret(options: { readonly fn_name: string }): this {
    return this.attach({ kind: "fmod_ret", fnName: options.fn_name });
  }

  attach_lsm(options: { readonly fn_name: string }): this {
    return this.attach({ kind: "lsm", fnName: options.fn_name });
  }

  detach_kfunc(options: { readonly fn_name: string }): this {
    return this.detach({ kind: "kfunc", fnName: options.fn_name });
  }

  detach_kretfunc(options: { readonly fn_name: string }): this {
    return this.detach({ kind: "kretfunc", fnName: options.fn_name });
  }

  /** Attaches to a function of a program or library. */
  attach_uprobe(options: UprobeOptions): this {
    return this.attach(describeUprobe("uprobe", options));
  }

  attach_uretprobe(options: UprobeOptions): this {
    return this.attach(describeUprobe("uretprobe", options));
  }

  detach_uprobe(options: Omit<UprobeOptions, "fn_name"> & { readonly fn_name?: string }): this {
    return this.detach(describeUprobe("uprobe", { fn_name: "", ...options }));
  }

  detach_uretprobe(options: Omit<UprobeOptions, "fn_name"> & { readonly fn_name?: string }): this {
    return this.detach(describeUprobe("uretprobe", { fn_name: "", ...options }));
  }

  /** Runs a function on samples of a perf event, on every CPU unless `cpu` says which. */
  attach_perf_event(options: PerfEventOptions): this {
    if ((options.sample_period === undefined) === (options.sample_freq === undefined)) {
      throw makeUsageError(
        `Cannot attach "${options.fn_name}" to a perf event: give exactly one of sample_period and sample_freq`,
      );
    }
    return this.attach(describePerfEvent(options));
  }

  detach_perf_event(options: { readonly ev_type: number; readonly ev_config: number }): this {
    return this.detach(describePerfEvent({ fn_name: "", ...options }));
  }

  num_open_kprobes(): number {
    return this.count("kprobe") + this.count("kretprobe");
  }

  num_open_uprobes(): number {
    return this.count("uprobe") + this.count("uretprobe");
  }

  num_open_tracepoints(): number {
    return this.count("tracepoint");
  }

  /** Waits for events of perf buffers and hands them to their callbacks. Units: milliseconds, -1 waits for ever. @throws Interrupt at a signal */
  perf_buffer_poll(timeout = -1): void {
    this.requireOpen("perf_buffer_poll");
    requireNumber("perf_buffer_poll()", "its milliseconds", timeout);
    pollRings("perf", timeout);
  }

  /** Hands the events of perf buffers that are there to their callbacks. */
  perf_buffer_consume(): void {
    this.perf_buffer_poll(0);
  }

  /** Waits for events of ring buffers and hands them to their callbacks. Units: milliseconds, -1 waits for ever. @throws Interrupt at a signal */
  ring_buffer_poll(timeout = -1): void {
    this.requireOpen("ring_buffer_poll");
    requireNumber("ring_buffer_poll()", "its milliseconds", timeout);
    pollRings("ring", timeout);
  }

  /** Hands the events of ring buffers that are there to their callbacks. */
  ring_buffer_consume(): void {
    this.ring_buffer_poll(0);
  }

  /** Prints what `bpf_trace_printk` writes, until Ctrl-C: all of it, or by a format: `"{1} {5}"` is the pid and the message. */
  trace_print(options: TracePrintOptions | string = {}): void {
    this.requireOpen("trace_print");
    const given = typeof options === "string" ? { fmt: options } : options;
    requireOptions("trace_print()", given, ["fmt", "nonblocking", "pid"]);
    printTrace(given);
  }

  /**
   * What `bpf_trace_printk` writes, taken apart: `for (const [task, pid, cpu, flags, ts, msg] of b.trace_fields())`,
   * or one line at a time with `.read()`. @throws Interrupt at a signal
   */
  trace_fields(options: TraceOptions = {}): TraceReader {
    this.requireOpen("trace_fields");
    requireOptions("trace_fields()", options, ["nonblocking", "pid"]);
    return new TraceReader(options);
  }

  /** One line of the trace pipe as it is; undefined when `nonblocking` and nothing is there. */
  trace_readline(options: { readonly nonblocking?: boolean } = {}): string | undefined {
    this.requireOpen("trace_readline");
    requireOptions("trace_readline()", options, ["nonblocking"]);
    return readTraceLine(options.nonblocking === true ? 0 : -1);
  }

  /** The kernel function behind a system call: `get_syscall_fnname("mkdir")` is `"__x64_sys_mkdir"`. */
  get_syscall_fnname(name: string): string {
    return BPF.get_syscall_fnname(name);
  }

  get_syscall_prefix(): string {
    return BPF.get_syscall_prefix();
  }

  fix_syscall_fnname(name: string): string {
    return BPF.fix_syscall_fnname(name);
  }

  /** Detaches everything and closes the tables. Happens by itself at the end; twice is fine. */
  close(): void {
    if (this.owner.closed) return;
    this.owner.closed = true;
    const owned = new Set<unknown>(this.tables.values());
    closeRings((ring) => owned.has(ring.table));
    callHost("close_program", { program: this.program.program });
  }

  /** The same as `close`. */
  cleanup(): void {
    this.close();
  }

  private attach(request: AttachArgument): this {
    this.requireOpen(`attach_${request.kind}`);
    callHost("attach", { program: this.program.program, request });
    return this;
  }

  private detach(request: AttachArgument): this {
    this.requireOpen(`detach_${request.kind}`);
    callHost("detach", { program: this.program.program, request });
    return this;
  }

  private count(kind: AttachArgument["kind"]): number {
    return this.owner.closed ? 0 : callHost("count_attached", { program: this.program.program, kind });
  }

  private requireOpen(call: string): void {
    if (this.owner.closed) throw makeClosedError(`Cannot call ${call}(): this BPF program was closed`);
  }
}
