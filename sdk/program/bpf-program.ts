import { BpfFunction } from "../tables/bpf-function.ts";
import { MAX, requireInteger, requireNumber, requireOptions, requireText } from "../checks/check-options.ts";
import { ALL_DEBUG_BITS } from "../wire/debug-bits.ts";
import { makeArgumentError } from "../wire/errors.ts";
import type { EventStream } from "../events/event-stream.ts";
import { callHost } from "../wire/host.ts";
import { makeTable } from "./make-table.ts";
import type { AnyTable } from "./make-table.ts";
import { possible_cpus } from "../guest/process.ts";
import type { BuildReply, MapReply } from "../wire/protocol.ts";
import { BPFProgType } from "../abi/program-types.ts";
import { closeRings, pollRings } from "../events/rings.ts";
import { EventTable } from "../events/table-ring.ts";
import type { EventOptions, FieldName, FieldOptions, PickedEvent } from "../events/event-options.ts";
import type { FunctionIn } from "./attach-options.ts";
import type { DynamicTable, EventIn, EventName, NameIn, TableIn, TableProperties } from "./table-choice.ts";
import { IteratorOutput } from "./iterator-output.ts";
import type { ContextIn, IteratorOptions, RecordIn } from "./iterator-output.ts";
import { readAsNumbers, requireIntegers } from "./integers.ts";
import type { Integers, TableAs, TableOptions, ValueAs } from "./integers.ts";
import { findNameHint, isProbed, refuseUnknownNames } from "../wire/unknown-names.ts";
import { runProgram } from "../runs/run-program.ts";
import type { ProgramRun } from "../runs/run-program.ts";
import { requireCgroupFilter } from "../queries/containers.ts";
import { TraceReader, printTrace, readTraceLine } from "../queries/trace.ts";
import type { TraceOptions, TracePrintOptions } from "../queries/trace.ts";
import { requireOpenProgram } from "./attachments.ts";
import { NetworkAttachments } from "./network-attachments.ts";
import type { OpenProgram } from "./attachments.ts";
import type { BpfOptions } from "./bpf-options.ts";
import { readPins } from "./table-pins.ts";

/**
 * A program of C functions that run in the kernel, with its tables. Making one compiles the text, creates the maps and
 * attaches the functions whose names or macros say where to; everything is detached when the script ends.
 *
 * Source: BCC's class BPF. @throws BpfError when the C is wrong, the kernel refuses it, or a probe cannot be attached
 */
export class BPF<Tables, Functions> extends NetworkAttachments<Functions> {
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
      hint: 'a table is asked for by its name: b.tables.events, or b.get_table("events")',
    }));
    refuseUnknownNames(BPF.prototype, (program, name) => ({
      owner: "This BPF program",
      hint:
        #program in program && program.table_names.includes(name)
          ? `a table is asked for by its name: b.tables.${name}, or b.get_table(${JSON.stringify(name)})`
          : findNameHint(program, name),
    }));
  }

  readonly #program: OpenProgram;
  readonly #maps: readonly MapReply[];
  readonly #tables = new Map<string, AnyTable>();

  constructor(options: BpfOptions, cflags: readonly string[] = [], debug = 0) {
    const reply = buildProgram(options, cflags, debug);
    const program = { id: reply.program, cpus: possible_cpus, closed: false };
    super(program);
    this.#program = program;
    this.#maps = reply.maps;
    try {
      for (const context of options.usdt_contexts ?? [])
        this.attachAll(context.describe_attachments(options.attach_usdt_ignore_pid ?? false));
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /**
   * The tables of the C text as properties: `b.tables.counts` is `b.get_table("counts")`.
   *
   * @throws BpfError for a name that no table has
   */
  get tables(): TableProperties<Tables> {
    return new Proxy({} as TableProperties<Tables>, {
      get: (_, name) => (typeof name === "string" && !isProbed(name) ? this.#findTable(name) : undefined),
      has: (_, name) => this.table_names.includes(name as string),
      ownKeys: () => [...this.table_names],
      getOwnPropertyDescriptor: (_, name) =>
        this.table_names.includes(name as string)
          ? { value: this.#findTable(name as string), enumerable: true, configurable: true }
          : undefined,
    });
  }

  /**
   * A table by its name in the C text. With `{ u64: "number" }` its 64-bit integers are numbers instead of bigint.
   *
   * @throws BpfError when there is none of that name
   */
  get_table<Name extends NameIn<Tables>, U64 extends Integers = "bigint">(
    name: Name,
    options?: TableOptions<U64>,
  ): TableAs<TableIn<Tables, Name>, U64> {
    return this.#findTable(name, options) as TableAs<TableIn<Tables, Name>, U64>;
  }

  /**
   * A table whose types the C text cannot tell: give them. `Leaf` is the value (an array for per-CPU tables), the event, or the queue's element.
   *
   * @throws BpfError when there is none of that name
   */
  table<Key = unknown, Leaf = unknown>(name: string, options?: TableOptions): NoInfer<DynamicTable<Key, Leaf>> {
    return this.#findTable(name, options, "table") as unknown as NoInfer<DynamicTable<Key, Leaf>>;
  }

  /** The names of all tables. */
  get table_names(): readonly string[] {
    return this.#maps.map((map) => map.name);
  }

  /**
   * Events of a perf or ring buffer as an iterator, for `for … of` and `for await … of`. Opens the buffer. With `{ u64: "number" }`
   * their 64-bit integers are numbers instead of bigint.
   */
  events<
    Name extends EventName<Tables>,
    U64 extends Integers = "bigint",
    Fields extends FieldName<ValueAs<EventIn<Tables, Name>, U64>> = never,
  >(
    name: Name,
    options: EventOptions & TableOptions<U64> & FieldOptions<Fields> = {},
  ): EventStream<PickedEvent<ValueAs<EventIn<Tables, Name>, U64>, Fields>> {
    requireOptions("events()", options, ["by_time", "fields", "reuse", "signal", "timeout_ms", "u64"]);
    const { u64, ...others } = options;
    const table = this.#findTable(name, { u64 }, "events");
    if (!(table instanceof EventTable))
      throw makeArgumentError(`Cannot read events from "${name}": it is no perf or ring buffer`);
    return (table as EventTable<PickedEvent<ValueAs<EventIn<Tables, Name>, U64>, Fields>>).events(others);
  }

  /**
   * What an iterator's function writes about objects of the kernel: `for (const line of b.read_iter("dump_task"))`, records where the function
   * writes some with `bpf_seq_write`, all of it with `.text()`. Each loop reads anew.
   *
   * Since: Linux 5.8. @throws BpfError when there is no such function, or it is no iterator
   */
  read_iter<Name extends FunctionIn<Functions>, U64 extends Integers = "bigint">(
    fn_name: Name,
    options: IteratorOptions<U64> = {},
  ): IteratorOutput<ValueAs<RecordIn<Functions, Name>, U64>> {
    requireOpenProgram(this.#program, "read_iter");
    requireText("read_iter()", "the function's name", fn_name);
    return new IteratorOutput(this.#program.id, fn_name, options);
  }

  /**
   * Runs a function of `SEC("syscall")` once, in this process: `b.prog_run("setup", { size: 3 }).retval`. It gets `ctx` by the type of its parameter, zeros where
   * nothing is given, and may sleep.
   *
   * Source: BPF_PROG_RUN. Since: Linux 5.14. @throws BpfError when there is no such function, or the context does not fit it
   */
  prog_run<Name extends FunctionIn<Functions>>(
    fn_name: Name,
    ctx?: ContextIn<Functions, Name>,
  ): ProgramRun<ContextIn<Functions, Name>> {
    requireOpenProgram(this.#program, "prog_run");
    requireText("prog_run()", "the function's name", fn_name);
    return runProgram(this.#program.id, fn_name, ctx) as ProgramRun<ContextIn<Functions, Name>>;
  }

  /**
   * Loads a function without attaching it: for program arrays, or to see whether the verifier takes it. Without `type` it is
   * what its name or section says, with one of `BPFProgType` (here `BPF.XDP` and its like) that.
   *
   * @throws BpfError when there is no such function, the verifier rejects it, or it was loaded as something else
   */
  load_func(name: FunctionIn<Functions>, type?: number, options: { readonly attach_type?: number } = {}): BpfFunction {
    requireOpenProgram(this.#program, "load_func");
    requireText("load_func()", "the function's name", name);
    requireInteger("load_func()", "its type", type, 0, MAX.u32);
    requireInteger("load_func()", "attach_type", options.attach_type, 0, MAX.u32);
    callHost("load_function", {
      program: this.#program.id,
      name,
      type: type ?? null,
      attachType: options.attach_type ?? null,
    });
    return new BpfFunction(name, this.#program.id);
  }

  /**
   * Waits for events of perf buffers and hands them to their callbacks. Answers whether any came. Units: milliseconds, -1 waits for ever.
   *
   * @throws Interrupt at a signal
   */
  perf_buffer_poll(timeout = -1): boolean {
    requireOpenProgram(this.#program, "perf_buffer_poll");
    requireNumber("perf_buffer_poll()", "its milliseconds", timeout);
    return pollRings("perf", timeout);
  }

  /** Hands the events of perf buffers that are there to their callbacks. Answers whether there were any. */
  perf_buffer_consume(): boolean {
    return this.perf_buffer_poll(0);
  }

  /**
   * Waits for events of ring buffers and hands them to their callbacks. Answers whether any came. Units: milliseconds, -1 waits for ever.
   *
   * @throws Interrupt at a signal
   */
  ring_buffer_poll(timeout = -1): boolean {
    requireOpenProgram(this.#program, "ring_buffer_poll");
    requireNumber("ring_buffer_poll()", "its milliseconds", timeout);
    return pollRings("ring", timeout);
  }

  /** Hands the events of ring buffers that are there to their callbacks. Answers whether there were any. */
  ring_buffer_consume(): boolean {
    return this.ring_buffer_poll(0);
  }

  /** Prints what `bpf_trace_printk` writes, until Ctrl-C: all of it, or by a format: `"{1} {5}"` is the pid and the message. */
  trace_print(options: TracePrintOptions | string = {}): void {
    requireOpenProgram(this.#program, "trace_print");
    const given = typeof options === "string" ? { fmt: options } : options;
    requireOptions("trace_print()", given, ["fmt", "nonblocking", "pid"]);
    printTrace(given);
  }

  /**
   * What `bpf_trace_printk` writes, taken apart: `for (const [task, pid, cpu, flags, ts, msg] of b.trace_fields())`,
   * or one line at a time with `.read()`. @throws Interrupt at a signal
   */
  trace_fields(options: TraceOptions = {}): TraceReader {
    requireOpenProgram(this.#program, "trace_fields");
    requireOptions("trace_fields()", options, ["nonblocking", "pid"]);
    return new TraceReader(options);
  }

  /** One line of the trace pipe as it is; undefined when `nonblocking` and nothing is there. */
  trace_readline(options: { readonly nonblocking?: boolean } = {}): string | undefined {
    requireOpenProgram(this.#program, "trace_readline");
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
    if (this.#program.closed) return;
    this.#program.closed = true;
    const owned = new Set<unknown>(this.#tables.values());
    closeRings((ring) => owned.has(ring.table));
    callHost("close_program", { program: this.#program.id });
  }

  /** The same as `close`. */
  cleanup(): void {
    this.close();
  }

  /** `using b = new BPF(…)` closes it at the end of the block. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** For `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    this.close();
    return Promise.resolve();
  }

  #findTable(name: string, options: TableOptions = {}, call = "get_table"): AnyTable {
    requireOpenProgram(this.#program, call);
    requireOptions(`${call}()`, options, ["u64"]);
    const integers = requireIntegers(options.u64);
    const key = `${integers} ${name}`;
    let table = this.#tables.get(key);
    if (table === undefined) {
      const info = this.#maps.find((map) => map.name === name);
      if (info === undefined) {
        const names = this.#maps.map((map) => `"${map.name}"`);
        throw makeArgumentError(
          `There is no table "${name}" in this program`,
          names.length === 0 ? "its C text declares none" : `its tables are: ${names.join(", ")}`,
        );
      }
      table = makeTable(integers === "number" ? readAsNumbers(info) : info, this.#program);
      this.#tables.set(key, table);
    }
    return table;
  }
}

function buildProgram(options: BpfOptions, cflags: readonly string[], debug: number): BuildReply {
  requireOptions("new BPF()", options, [
    "text",
    "src_file",
    "cflags",
    "debug",
    "pins",
    "usdt_contexts",
    "attach_usdt_ignore_pid",
  ]);
  if (options.cflags !== undefined && !Array.isArray(options.cflags))
    throw makeArgumentError("new BPF() takes cflags as a list of texts", 'for example cflags: ["-DMAX=3"]');
  if ((options.text === undefined) === (options.src_file === undefined)) {
    throw makeArgumentError("Cannot make a BPF program: give exactly one of text and src_file");
  }
  requireInteger("new BPF()", "debug", options.debug ?? debug, 0, ALL_DEBUG_BITS);
  requireCgroupFilter();
  return callHost("build", {
    ...(options.text === undefined ? {} : { text: options.text }),
    ...(options.src_file === undefined ? {} : { srcFile: options.src_file }),
    cflags: [...(options.cflags ?? []), ...cflags],
    debug: options.debug ?? debug,
    ...(options.pins === undefined ? {} : { pins: readPins(options.pins) }),
  });
}
