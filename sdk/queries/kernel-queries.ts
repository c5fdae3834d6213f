import { requireText, showValue } from "../checks/check-options.ts";
import { makeArgumentError } from "../wire/errors.ts";
import { callHost } from "../wire/host.ts";
import type { PatternArgument } from "../wire/pattern-argument.ts";
import { nameBuildIdFrame, nameKernelAddress, nameUserAddress } from "./symbols.ts";
import type { BuildIdFrame, SymbolOptions } from "./symbols.ts";
import { findNameHint, refuseUnknownNames } from "../wire/unknown-names.ts";

/** What can be asked about the running kernel and its processes, without a program: the static side of `BPF`. */
export abstract class KernelQueries {
  static {
    refuseUnknownNames(KernelQueries, (queries, name) => ({ owner: "BPF", hint: findNameHint(queries, name) }));
  }

  static get_syscall_prefix(): string {
    return callHost("find_syscall_prefix", null);
  }

  static get_syscall_fnname(name: string): string {
    requireText("BPF.get_syscall_fnname()", "a system call", name);
    return KernelQueries.get_syscall_prefix() + name;
  }

  /** Gives a system call function's name this kernel's prefix, whatever prefix it has. */
  static fix_syscall_fnname(name: string): string {
    requireText("BPF.fix_syscall_fnname()", "a function", name);
    const bare = /^(?:sys_|__[a-z0-9]+_(?:compat_)?sys_)(.*)$/.exec(name);
    return bare === null ? name : KernelQueries.get_syscall_fnname(bare[1]!);
  }

  /** Kernel functions that can be probed and whose whole name matches. Source: BCC's get_kprobe_functions */
  static get_kprobe_functions(pattern: string | RegExp): readonly string[] {
    return callHost("find_kprobe_functions", describePattern("BPF.get_kprobe_functions()", pattern));
  }

  /** Tracepoints, as `category:event`, whose names the pattern matches from the start. */
  static get_tracepoints(pattern: string | RegExp): readonly string[] {
    return callHost("find_tracepoints", describePattern("BPF.get_tracepoints()", pattern));
  }

  static tracepoint_exists(category: string, event: string): boolean {
    requireText("BPF.tracepoint_exists()", "a category", category);
    requireText("BPF.tracepoint_exists()", "an event", event);
    return callHost("have_tracepoint", { category, event });
  }

  /** 1 when the kernel's struct has the field, 0 when not, -1 when the kernel has no such struct or no BTF. */
  static kernel_struct_has_field(struct: string, field: string): 1 | 0 | -1 {
    requireText("BPF.kernel_struct_has_field()", "a struct", struct);
    requireText("BPF.kernel_struct_has_field()", "a field", field);
    return callHost("have_struct_field", { struct, field });
  }

  /** Whether `KFUNC_PROBE` works on this kernel. */
  static support_kfunc(): boolean {
    return callHost("have_kfunc", null);
  }

  /** Whether raw tracepoints work. Every kernel that bpfts runs on has them (Linux 4.17); tools that were written for older ones ask. */
  static support_raw_tracepoint(): boolean {
    return true;
  }

  /** The kernel function that an address lies in. */
  static ksym(address: bigint | number, options: SymbolOptions = {}): string {
    return nameKernelAddress(address, options);
  }

  /** The address of a kernel symbol, -1n when there is none. */
  static ksymname(name: string): bigint {
    requireText("BPF.ksymname()", "a symbol", name);
    const address = callHost("find_kernel_address", { name });
    return address === null ? -1n : BigInt(address);
  }

  /** Functions of a program or library whose names the pattern matches from the start. Each name once. @throws BpfError when there is no such binary */
  static get_user_functions(name: string, sym_re: string | RegExp, pid = 0): readonly string[] {
    return [...new Set(KernelQueries.get_user_functions_and_addresses(name, sym_re, pid).map(([found]) => found))];
  }

  /** The addresses of such functions, in the binary's own numbering, as `addr` of `attach_uprobe` takes them. Each address once. */
  static get_user_addresses(name: string, sym_re: string | RegExp, pid = 0): readonly bigint[] {
    return [
      ...new Set(KernelQueries.get_user_functions_and_addresses(name, sym_re, pid).map(([, address]) => address)),
    ];
  }

  /** Both of them; functions with several names stand there several times. */
  static get_user_functions_and_addresses(
    name: string,
    sym_re: string | RegExp,
    pid = 0,
  ): readonly (readonly [name: string, address: bigint])[] {
    requireText("BPF.get_user_functions()", "a program or library", name);
    return callHost("find_user_functions", { ...describePattern("BPF.get_user_functions()", sym_re), name, pid }).map(
      ([found, address]) => [found, BigInt(address)] as const,
    );
  }

  /** The path of a library by its short name (`"c"`, `"ssl"`), in the view of a process where one is given. */
  static find_library(name: string, pid = 0): string | undefined {
    requireText("BPF.find_library()", "a library", name);
    return callHost("find_library", { name, pid }) ?? undefined;
  }

  /** The path of a command along PATH. */
  static find_exe(name: string): string | undefined {
    requireText("BPF.find_exe()", "a command", name);
    return callHost("find_executable", { name }) ?? undefined;
  }

  /** Makes a binary known, so that `sym` can name frames of `BPF_STACK_TRACE_BUILDID` stacks in it. @throws BpfError when there is no such binary */
  static add_module(path: string): void {
    requireText("BPF.add_module()", "a path", path);
    callHost("add_module", { path });
  }

  /**
   * The function of a process that an address lies in; a negative pid means the kernel. What cannot be known is `[unknown]`.
   * A process is remembered from the first call on: name one address while it lives, and its other ones can be named when it has ended.
   */
  static sym(
    address: bigint | number | BuildIdFrame,
    pid: number,
    options: SymbolOptions & { readonly demangle?: boolean } = {},
  ): string {
    if (typeof address === "object") return nameBuildIdFrame(address, pid, options);
    return pid < 0 ? nameKernelAddress(address, options) : nameUserAddress(address, pid, options);
  }
}

function describePattern(call: string, pattern: string | RegExp): PatternArgument {
  if (typeof pattern === "string") return { pattern, flags: "" };
  if (pattern instanceof RegExp) return { pattern: pattern.source, flags: pattern.flags };
  throw makeArgumentError(`${call} takes a pattern as a text or a RegExp, got ${showValue(pattern)}`);
}
