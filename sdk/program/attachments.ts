import { makeClosedError, makeArgumentError } from "../wire/errors.ts";
import { requireOptions, requireText } from "../checks/check-options.ts";
import { callHost } from "../wire/host.ts";
import { KernelQueries } from "../queries/kernel-queries.ts";
import type { AttachArgument } from "../wire/attach-argument.ts";
import {
  describeFreplace,
  describeFunc,
  describeKprobe,
  describeTracepoint,
  describeUprobe,
} from "./attach-options.ts";
import type {
  FreplaceOptions,
  FuncOptions,
  FunctionIn,
  KprobeOptions,
  KprobeTarget,
  KretprobeOptions,
  RawTracepointOptions,
  RunsFunction,
  StructOpsOptions,
  TracepointOptions,
  TracepointTarget,
  UprobeOptions,
  UprobeTarget,
} from "./attach-options.ts";
import { describePerfEvent, describeRawPerfEvent } from "./perf-options.ts";
import type { PerfEventOptions, PerfEventRawOptions, PerfEventTarget } from "./perf-options.ts";

function requireSampling(options: {
  readonly fn_name?: string;
  readonly sample_period?: number | undefined;
  readonly sample_freq?: number | undefined;
}): void {
  if ((options.sample_period === undefined) === (options.sample_freq === undefined))
    throw makeArgumentError(
      `Cannot attach "${options.fn_name}" to a perf event: give exactly one of sample_period and sample_freq`,
    );
}

/** A program that the host has built, as long as it is open. */
export interface OpenProgram {
  /** The host's number for it. */
  readonly id: number;
  readonly cpus: number;
  closed: boolean;
}

/** What one of a program's functions is attached to: the side of `BPF` that says where its functions run. */
export abstract class Attachments<Functions> extends KernelQueries {
  readonly #open: OpenProgram;

  constructor(open: OpenProgram) {
    super();
    this.#open = open;
  }

  /**
   * Attaches to a cgroup by its path, or to a sockmap or sockhash. `attach_type` is one of `BPFAttachType`, which also says what the function is
   * loaded as.
   */
  attach_func(options: FuncOptions<FunctionIn<Functions>>): this {
    return this.#attach(describeFunc(options));
  }

  /** Undoes `attach_func`, by the same options. */
  detach_func(options: FuncOptions<FunctionIn<Functions>>): this {
    return this.#detach(describeFunc(options));
  }

  /**
   * Attaches to a kernel function: `b.attach_kprobe({ event: "tcp_connect", fn_name: "on_connect" })`.
   *
   * @throws BpfError when there is no such function, or this kernel has no kprobes
   */
  attach_kprobe(options: KprobeOptions<FunctionIn<Functions>>): this {
    return this.#attach(describeKprobe("kprobe", options));
  }

  /** Attaches to a kernel function's return. */
  attach_kretprobe(options: KretprobeOptions<FunctionIn<Functions>>): this {
    return this.#attach({
      ...describeKprobe("kretprobe", options),
      ...(options.maxactive === undefined ? {} : { maxactive: options.maxactive }),
    });
  }

  /** Undoes `attach_kprobe`. */
  detach_kprobe(options: KprobeTarget & Partial<RunsFunction<FunctionIn<Functions>>>): this {
    return this.#detach(describeKprobe("kprobe", options));
  }

  /** Undoes `attach_kretprobe`. */
  detach_kretprobe(options: KprobeTarget & Partial<RunsFunction<FunctionIn<Functions>>>): this {
    return this.#detach(describeKprobe("kretprobe", options));
  }

  /** Attaches to a tracepoint, `"category:event"`. */
  attach_tracepoint(options: TracepointOptions<FunctionIn<Functions>>): this {
    return this.#attach(describeTracepoint(options));
  }

  /** Undoes `attach_tracepoint`. */
  detach_tracepoint(options: TracepointTarget & Partial<RunsFunction<FunctionIn<Functions>>>): this {
    return this.#detach(describeTracepoint(options));
  }

  /** Attaches to a tracepoint with its raw arguments. */
  attach_raw_tracepoint(options: RawTracepointOptions<FunctionIn<Functions>>): this {
    return this.#attach({ kind: "raw_tracepoint", tp: options.tp, fnName: options.fn_name });
  }

  /** Undoes `attach_raw_tracepoint`. */
  detach_raw_tracepoint(options: { readonly tp: string } & Partial<RunsFunction<FunctionIn<Functions>>>): this {
    return this.#detach({ kind: "raw_tracepoint", tp: options.tp, fnName: options.fn_name ?? "" });
  }

  /** Attaches a `KFUNC_PROBE` (fentry). Since: Linux 5.5. */
  attach_kfunc(options: RunsFunction<FunctionIn<Functions>>): this {
    return this.#attach({ kind: "kfunc", fnName: options.fn_name });
  }

  /** Attaches a `KRETFUNC_PROBE` (fexit). Since: Linux 5.5. */
  attach_kretfunc(options: RunsFunction<FunctionIn<Functions>>): this {
    return this.#attach({ kind: "kretfunc", fnName: options.fn_name });
  }

  /** Attaches a `KMOD_RET`, which changes what a kernel function returns. Since: Linux 5.7. */
  attach_fmod_ret(options: RunsFunction<FunctionIn<Functions>>): this {
    return this.#attach({ kind: "fmod_ret", fnName: options.fn_name });
  }

  /** Attaches an `LSM_PROBE`, a security hook. Since: Linux 5.7. */
  attach_lsm(options: RunsFunction<FunctionIn<Functions>>): this {
    return this.#attach({ kind: "lsm", fnName: options.fn_name });
  }

  /** Undoes `attach_kfunc`. */
  detach_kfunc(options: RunsFunction<FunctionIn<Functions>>): this {
    return this.#detach({ kind: "kfunc", fnName: options.fn_name });
  }

  /** Undoes `attach_kretfunc`. */
  detach_kretfunc(options: RunsFunction<FunctionIn<Functions>>): this {
    return this.#detach({ kind: "kretfunc", fnName: options.fn_name });
  }

  /** Attaches to a function of a program or library: `b.attach_uprobe({ name: "c", sym: "malloc", fn_name: "on_malloc", pid })`. */
  attach_uprobe(options: UprobeOptions<FunctionIn<Functions>>): this {
    return this.#attach(describeUprobe("uprobe", options));
  }

  /** Attaches to the return of a function of a program or library. */
  attach_uretprobe(options: UprobeOptions<FunctionIn<Functions>>): this {
    return this.#attach(describeUprobe("uretprobe", options));
  }

  /** Undoes `attach_uprobe`. */
  detach_uprobe(options: UprobeTarget & Partial<RunsFunction<FunctionIn<Functions>>>): this {
    return this.#detach(describeUprobe("uprobe", options));
  }

  /** Undoes `attach_uretprobe`. */
  detach_uretprobe(options: UprobeTarget & Partial<RunsFunction<FunctionIn<Functions>>>): this {
    return this.#detach(describeUprobe("uretprobe", options));
  }

  /**
   * Runs a function on samples of a perf event, on every CPU unless `cpu` says which: 49 times a second on each with `ev_type: PerfType.SOFTWARE,
   * ev_config: PerfSWConfig.CPU_CLOCK, sample_freq: 49`.
   */
  attach_perf_event(options: PerfEventOptions<FunctionIn<Functions>>): this {
    requireSampling(options);
    return this.#attach(describePerfEvent(options));
  }

  /** Undoes `attach_perf_event`. */
  detach_perf_event(options: PerfEventTarget): this {
    return this.#detach(describePerfEvent(options));
  }

  /** Runs a function on samples of a perf event that is told in the kernel's own words: breakpoints, devices, parts of the machine's time. */
  attach_perf_event_raw(options: PerfEventRawOptions<FunctionIn<Functions>>): this {
    const request = describeRawPerfEvent(options);
    requireSampling({ fn_name: options.fn_name, ...options.attr });
    return this.#attach(request);
  }

  /** Undoes `attach_perf_event_raw`, by the same `attr`. */
  detach_perf_event_raw(options: Pick<PerfEventRawOptions, "attr">): this {
    return this.#detach(describeRawPerfEvent(options));
  }

  /**
   * Puts a function of `SEC("freplace/NAME")` in the place of the function NAME of a program that is loaded already, until the script ends or detaches it:
   * `b.attach_freplace({ fn_name: "stricter", target: b.load_func("classify", BPF.XDP) })`. It needs `--allow-all`.
   *
   * Source: libbpf's bpf_program__attach_freplace. Since: Linux 5.10. @throws BpfError when there is no such program or function, or they do not fit
   */
  attach_freplace(options: FreplaceOptions<FunctionIn<Functions>>): this {
    return this.#attach(describeFreplace(options));
  }

  /** Undoes `attach_freplace`, by the same options. */
  detach_freplace(options: FreplaceOptions<FunctionIn<Functions>>): this {
    return this.#detach(describeFreplace(options));
  }

  /**
   * Registers a table of functions, a struct of `SEC(".struct_ops")`, with the kernel, which calls them from then on: a congestion control, a scheduler.
   * The kernel has them until the script ends or detaches them. It needs `--allow-struct-ops`.
   *
   * Source: libbpf's bpf_map__attach_struct_ops. Since: Linux 5.6. @throws BpfError when there is no such table, or the kernel refuses it
   */
  attach_struct_ops(options: StructOpsOptions): this {
    return this.#callTable("attach_struct_ops", options);
  }

  /** Undoes `attach_struct_ops`. The kernel may go on to call the functions for what began with them: connections that have the congestion control keep it. */
  detach_struct_ops(options: StructOpsOptions): this {
    return this.#callTable("detach_struct_ops", options);
  }

  /**
   * The name of the place that a function was hit at, by what `bpf_get_attach_cookie(ctx)` answered there: a kernel function, a
   * function of a binary, or a tracepoint as `category:event`. One function can so count thousands of places. Other numbers are `[unknown]`.
   *
   * Since: Linux 5.15
   */
  attached_name(cookie: bigint | number): string {
    requireOpenProgram(this.#open, "attached_name");
    return callHost("find_attached_name", { program: this.#open.id, cookie: String(cookie) }) ?? "[unknown]";
  }

  /** How many kprobes and kretprobes are attached now. */
  num_open_kprobes(): number {
    return this.#count("kprobe") + this.#count("kretprobe");
  }

  /** How many uprobes and uretprobes are attached now. */
  num_open_uprobes(): number {
    return this.#count("uprobe") + this.#count("uretprobe");
  }

  /** How many tracepoints are attached now. */
  num_open_tracepoints(): number {
    return this.#count("tracepoint");
  }

  /** @internal Attaches what is described already. */
  protected attachAll(requests: readonly AttachArgument[]): void {
    for (const request of requests) this.#attach(request);
  }

  #attach(request: AttachArgument): this {
    requireOpenProgram(this.#open, `attach_${request.kind}`);
    callHost("attach", { program: this.#open.id, request });
    return this;
  }

  #detach(request: AttachArgument): this {
    requireOpenProgram(this.#open, `detach_${request.kind}`);
    callHost("detach", { program: this.#open.id, request });
    return this;
  }

  #callTable(call: "attach_struct_ops" | "detach_struct_ops", options: StructOpsOptions): this {
    requireOpenProgram(this.#open, call);
    requireOptions(`${call}()`, options, ["map"]);
    requireText(`${call}()`, "map", options.map);
    callHost(call, { program: this.#open.id, map: options.map });
    return this;
  }

  #count(kind: AttachArgument["kind"]): number {
    return this.#open.closed ? 0 : callHost("count_attached", { program: this.#open.id, kind });
  }
}

/** @throws BpfError when the program was closed */
export function requireOpenProgram(open: OpenProgram, call: string): void {
  if (open.closed) throw makeClosedError(`Cannot call ${call}(): this BPF program was closed`);
}
