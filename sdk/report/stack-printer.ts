import { isStackWanted } from "../guest/process.ts";
import { eprint, print } from "../print/output.ts";
import { addRecord } from "../print/output-records.ts";
import { is_json_output } from "../print/row-printer.ts";
import { errno_name } from "../queries/errno-names.ts";
import { SymbolNames } from "../queries/symbols.ts";
import type { SymbolOptions } from "../queries/symbols.ts";
import { record_stack } from "./record-stack.ts";
import { markCut } from "../tables/table-stack-trace.ts";
import type { StackTraceTable } from "../tables/table-stack-trace.ts";
import { escapeText } from "../wire/escape-text.ts";
import { renderJson } from "../print/render-json.ts";

/**
 * Which stacks are shown, and how: what the arguments of `stack_options` got.
 *
 * @example
 * import { print, type StackLayout } from "bpfts";
 * const layout: StackLayout = { folded: true, annotations: true };
 * print(layout.folded); // true
 */
export interface StackLayout extends SymbolOptions {
  /** Leaves the kernel's functions out. */
  readonly user_stacks_only?: boolean;
  /** Leaves the program's functions out. */
  readonly kernel_stacks_only?: boolean;
  /** Writes `--` between the kernel's and the program's functions. */
  readonly delimited?: boolean;
  /** A line for each stack, the outermost function first, for flame graphs. */
  readonly folded?: boolean;
  /** Marks the kernel's functions with `_[k]`. */
  readonly annotations?: boolean;
  /** Writes each address before its name. */
  readonly verbose?: boolean;
  /** What a stack's number is in JSON. @default "count" */
  readonly value_name?: string;
}

/**
 * Whose stacks, by the numbers that `get_stackid` answered in the program.
 *
 * @example
 * import { print, type StackRow } from "bpfts";
 * const is_kernel = ({ user_stack_id }: StackRow): boolean => user_stack_id < 0;
 * print(is_kernel({ name: "kworker", pid: 9, tgid: 9, kernel_stack_id: 3, user_stack_id: -1 })); // true
 */
export interface StackRow {
  /** The name that is shown, of the task as a rule. */
  readonly name: string;
  /** The number that is shown. */
  readonly pid: number;
  /** The process whose functions the user stack names. */
  readonly tgid: number;
  /** What `get_stackid` answered for the kernel's stack; negative where there is none. */
  readonly kernel_stack_id: number;
  /** What `get_stackid` answered for the program's stack; negative where there is none. */
  readonly user_stack_id: number;
}

/**
 * The functions of two stacks, innermost first.
 *
 * @example
 * import { print, type StackFrames } from "bpfts";
 * const fold = ({ kernel, user }: StackFrames): string => [...kernel, ...user].reverse().join(";");
 * print(fold({ kernel: ["vfs_read"], user: ["read", "main"] })); // main;read;vfs_read
 */
export interface StackFrames {
  /** The kernel's functions. */
  readonly kernel: readonly string[];
  /** The program's own functions. */
  readonly user: readonly string[];
}

/**
 * A row with the functions of its stacks and its number.
 *
 * @example
 * import { print, type MergedStack } from "bpfts";
 * const count_frames = ({ frames }: Pick<MergedStack, "frames">): number => frames.kernel.length + frames.user.length;
 * print(count_frames({ frames: { kernel: ["vfs_read"], user: ["main"] } })); // 2
 */
export interface MergedStack {
  /** The first row that has these frames. */
  readonly row: StackRow;
  /** The names of both stacks. */
  readonly frames: StackFrames;
  /** What all rows with these frames add up to. */
  readonly value: bigint;
}

/** How the kernel comes from a tracepoint to a program that asks for the stack. */
const tracing = /^(bpf_prog_|bpf_trace_run|__bpf_trace_|__traceiter_|perf_trace_|perf_syscall_|trace_call_bpf)/;

/**
 * Prints kernel and user stacks with a number each, as BCC's tools do: line by line, folded for flame graphs, or as JSON after `json_output()`. With `--flame` and its like on the
 * command line they go to the pictures instead of the list.
 * Stacks that the table had no room for are counted; `warn_lost()` tells of them on stderr.
 *
 * @example
 * import { BPF, StackPrinter, sleep } from "bpfts";
 * const b = new BPF({
 *   text: `
 * struct key_t { u32 pid; u32 tgid; int kernel_stack_id; int user_stack_id; char name[16]; };
 * BPF_HASH(counts, struct key_t, u64);
 * BPF_STACK_TRACE(stacks, 1024);
 * TRACEPOINT_PROBE(sched, sched_process_exec) {
 *     struct key_t key = { .pid = bpf_get_current_pid_tgid(), .tgid = bpf_get_current_pid_tgid() >> 32 };
 *     key.kernel_stack_id = stacks.get_stackid(args, 0);
 *     key.user_stack_id = -1;
 *     bpf_get_current_comm(&key.name, sizeof(key.name));
 *     counts.increment(key);
 *     return 0;
 * }`,
 * });
 * sleep(0.1);
 * new StackPrinter(b.tables.stacks, { kernel_stacks_only: true }).print_all(b.tables.counts);
 */
export class StackPrinter {
  private readonly names: SymbolNames;
  /** While a list is made. */
  private listNames: SymbolNames | undefined;
  private lost = 0;
  private collided = false;

  constructor(
    private readonly stacks: Pick<StackTraceTable, "walk">,
    private readonly layout: StackLayout,
  ) {
    this.names = this.openNames();
  }

  /** The functions of the stacks that the layout wants. */
  read(row: StackRow): StackFrames {
    return {
      kernel: this.layout.user_stacks_only === true ? [] : this.kernel_frames(row.kernel_stack_id),
      user: this.layout.kernel_stacks_only === true ? [] : this.user_frames(row.user_stack_id, row.tgid),
    };
  }

  /** The kernel functions of a stack, innermost first, without those that only bring the program to be called. */
  kernel_frames(id: number): string[] {
    if (id < 0) return this.countLost(id, "[Missed Kernel Stack]");
    const addresses = this.stacks.walk(id);
    const names = addresses.map((address) => this.names.nameKernel(address));
    const first = names.findIndex((name) => !tracing.test(name));
    const frames = names.map((name, index) =>
      this.render(addresses[index]!, this.layout.annotations === true ? `${name}_[k]` : name),
    );
    return markCut(first < 0 ? frames : frames.slice(first), addresses.length);
  }

  /** The functions of a process's stack, innermost first. */
  user_frames(id: number, tgid: number): string[] {
    // The idle task has no user stack: the error that a kernel returns for it means no lost stack.
    if (tgid === 0) return [];
    if (id < 0) return this.countLost(id, "[Missed User Stack]");
    const addresses = this.stacks.walk(id);
    const symbols = this.listNames ?? this.openNames();
    return markCut(
      addresses.map((address) => this.render(address, symbols.nameUser(address, tgid))),
      addresses.length,
    );
  }

  /** The rows with their functions, the smallest number first. Rows of one name and pid whose stacks have the same functions are one. */
  merge(rows: Iterable<readonly [StackRow, bigint]>): MergedStack[] {
    const sums = new Map<string, { row: StackRow; frames: StackFrames; value: bigint }>();
    this.listNames = this.openNames();
    try {
      for (const [row, value] of rows) {
        const frames = this.read(row);
        const identity = JSON.stringify([row.name, row.pid, frames]);
        const sum = sums.get(identity);
        if (sum === undefined) sums.set(identity, { row, frames, value });
        else sum.value += value;
      }
    } finally {
      this.listNames = undefined;
    }
    return [...sums.values()].sort((a, b) => (a.value < b.value ? -1 : a.value > b.value ? 1 : 0));
  }

  /** Prints all rows, as `merge` has them, and tells of lost stacks. */
  print_all(rows: Iterable<readonly [StackRow, bigint]>): void {
    for (const { row, frames, value } of this.merge(rows)) this.print(row, frames, value);
    this.warn_lost();
  }

  /**
   * Adds a stack to the pictures that the user asked for on the command line, the outermost function first. Answers whether they take the place
   * of the printed list; folded output and JSON are printed all the same.
   */
  record(process: string | undefined, frames: readonly string[], value: bigint): boolean {
    const unit = this.layout.value_name === "us" ? "us" : "count";
    record_stack({ ...(process !== undefined && { process }), frames, value, unit });
    return this.isDrawn;
  }

  /** Whether pictures take the place of the printed list. */
  private get isDrawn(): boolean {
    return isStackWanted && this.layout.folded !== true && !is_json_output();
  }

  private print(row: StackRow, frames: StackFrames, value: bigint): void {
    const unit = this.layout.value_name === "us" ? "us" : "count";
    addRecord(() => ({ type: "stack", process: row.name, frames: this.fold(frames), value, unit }));
    if (this.record(row.name, this.fold(frames), value)) return;
    if (is_json_output()) {
      const { user, kernel } = frames;
      print(renderJson({ comm: row.name, pid: row.pid, user, kernel, [this.layout.value_name ?? "count"]: value }));
    } else if (this.layout.folded === true) this.print_folded([row.name, ...this.fold(frames)], value);
    else {
      for (const line of this.list(frames)) print(`    ${line}`);
      print(`    ${"-".padEnd(16)} ${escapeText(row.name)} (${row.pid})\n        ${value}\n`);
    }
  }

  /** The lines of both stacks, with BCC's delimiter between when it is asked for. */
  list({ kernel, user }: StackFrames): string[] {
    return [...kernel, ...(this.isDelimited(kernel, user) ? ["--"] : []), ...user];
  }

  /** Both stacks from the outermost function of the process to the innermost of the kernel. */
  fold({ kernel, user }: StackFrames): string[] {
    return [...user.toReversed(), ...(this.isDelimited(kernel, user) ? ["-"] : []), ...kernel.toReversed()];
  }

  /** Prints a line of folded output. A name's own semicolons would be others. */
  print_folded(names: readonly string[], value: bigint): void {
    print(`${names.map((name) => escapeText(name).replaceAll(";", ":")).join(";")} ${value}`);
  }

  /** Says on stderr how many stacks could not be kept, if any. */
  warn_lost(): void {
    if (this.lost === 0) return;
    const advice = this.collided ? " Consider increasing --stack-storage-size." : "";
    eprint(`WARNING: ${this.lost} stack traces lost and could not be displayed.${advice}`);
  }

  private isDelimited(kernel: readonly string[], user: readonly string[]): boolean {
    return this.layout.delimited === true && kernel.length > 0 && user.length > 0;
  }

  private render(address: bigint, name: string): string {
    // Boxes of a picture are functions: addresses would part them.
    return this.layout.verbose === true && !this.isDrawn ? `${address.toString(16).padEnd(16)} ${name}` : name;
  }

  private openNames(): SymbolNames {
    const { show_offset = false, show_module = false } = this.layout;
    return new SymbolNames({ show_offset, show_module });
  }

  /** A task without such a stack, a kernel thread for example, has lost none. */
  private countLost(id: number, placeholder: string): string[] {
    const error = errno_name(id);
    if (error === "EFAULT") return [];
    this.lost++;
    this.collided ||= error === "EEXIST" || error === "ENOMEM";
    return [placeholder];
  }
}
