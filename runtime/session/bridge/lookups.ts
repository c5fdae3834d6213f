import type { NamePattern } from "../../base/name-pattern.ts";
import type { Closable } from "../../base/scope.ts";

/** Where an address belongs. */
export interface SymbolPlace {
  readonly name: string;
  /** Units: bytes from the symbol's start. */
  readonly offset: number;
  readonly module?: string;
}

/** A USDT probe. Addresses are in the binary's own numbering. */
export interface UsdtProbePlace {
  readonly provider: string;
  readonly name: string;
  readonly path: string;
  readonly semaphore: bigint;
  readonly locations: readonly { readonly address: bigint; readonly arguments: readonly string[] }[];
}

/** What scripts ask about this kernel and its processes. Each is asked for only when a script calls it. */
export interface KernelLookups extends Closable {
  /** Functions that can be probed and whose whole name the pattern matches. */
  findKprobeFunctions(pattern: NamePattern): readonly string[];
  /** Tracepoints as `category:event`. */
  listTracepoints(): readonly string[];
  /** 1 when the struct has the field, 0 when not, -1 when there is no such struct. */
  haveStructField(struct: string, field: string): 1 | 0 | -1;
  /** Whether fentry programs work. */
  haveKfunc(): boolean;
  findSyscallPrefix(): string;
  findKernelSymbol(address: bigint): SymbolPlace | undefined;
  findKernelAddress(name: string): bigint | undefined;
  /** A process is remembered from its first symbol on, so that it may end before the last one is asked for. */
  findUserSymbol(address: bigint, pid: number, demangle: boolean): SymbolPlace | undefined;
  /** The function at a place in the file of that build id, as far as it was added or a process that was seen has it. */
  findBuildIdSymbol(buildId: string, offset: number, pid: number, demangle: boolean): SymbolPlace | undefined;
  /** Makes a binary known by its build id. @throws AttachError */
  addModule(path: string): void;
  /** Functions of a program or library, with their addresses in its own numbering. `pid` 0 is this machine's view. @throws AttachError */
  findUserFunctions(
    name: string,
    pattern: NamePattern,
    pid: number,
  ): readonly { readonly name: string; readonly address: number }[];
  findLibrary(name: string, pid: number): string | undefined;
  findExecutable(name: string): string | undefined;
  /** The number of a cgroup. @throws ArgumentError when there is none at that path */
  findCgroup(path: string): bigint;
  /** The number of one of a process's namespaces. @throws ArgumentError when there is no such process */
  findNamespace(pid: number, kind: "mnt" | "net"): number;
  /** The container of a process or a cgroup, by its own name and the name of its pod; undefined for what is in none, or gone. */
  findContainer(
    of: { readonly pid: number } | { readonly cgroup: bigint },
  ): { readonly name: string; readonly pod?: string } | undefined;
  /** The effective user of a process; undefined when it is gone. */
  findProcessUser(pid: number): number | undefined;
  /** The probes of one name, or all for "". @throws AttachError */
  findUsdtProbes(probe: string, path: string, pid: number): readonly UsdtProbePlace[];
}
