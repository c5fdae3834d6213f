import type { Closable } from "../base/scope.ts";

/** Where an address belongs. */
export interface SymbolPlace {
  readonly name: string;
  /** Units: bytes from the symbol's start. */
  readonly offset: number;
  readonly module?: string;
}

/** What scripts ask about this kernel and its processes. Each is asked for only when a script calls it. */
export interface KernelLookups extends Closable {
  /** Functions that can be probed and whose whole name the pattern matches. */
  findKprobeFunctions(pattern: RegExp): readonly string[];
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
}
