import { MAX, requireAddress, requireInteger, requireOptions, requireText } from "../checks/check-options.ts";
import { escapeText } from "../wire/escape-text.ts";
import { callHost } from "../wire/host.ts";
import type { SymbolReply } from "../wire/protocol.ts";

/**
 * How a symbol is written.
 *
 * @example
 * import { BPF, type SymbolOptions } from "bpfts";
 * const options: SymbolOptions = { show_module: true, show_offset: true };
 * BPF.ksym(0n, options);
 */
export interface SymbolOptions {
  /** Adds the module or binary: `vfs_read [kernel]`. */
  readonly show_module?: boolean;
  /** Adds the bytes from the function's start: `vfs_read+0x10`. */
  readonly show_offset?: boolean;
}

/**
 * A place of a `BPF_STACK_TRACE_BUILDID` stack: it means the same in every process, and after the process has ended.
 *
 * @example
 * import { print, type BuildIdFrame } from "bpfts";
 * const show = ({ build_id, offset }: BuildIdFrame): string => `${build_id}+0x${offset.toString(16)}`;
 * print(show({ build_id: "7f1e", offset: 0x1140n })); // 7f1e+0x1140
 */
export interface BuildIdFrame {
  /** The id that the linker gave the binary. Units: hexadecimal digits. */
  readonly build_id: string;
  /** Units: bytes from the start of the file. */
  readonly offset: bigint;
}

/** The name of the kernel function that an address lies in: `name+0xoff [module]`. Unknown addresses are `[unknown]`. */
export function nameKernelAddress(address: bigint | number, options: SymbolOptions): string {
  requireAddress("BPF.ksym()", "an address", address);
  return renderSymbol(callHost("find_kernel_symbol", { address: String(address) }), options, "[kernel]");
}

/** The name of the function of a process that an address lies in. */
export function nameUserAddress(
  address: bigint | number,
  pid: number,
  options: SymbolOptions & { readonly demangle?: boolean },
): string {
  requireAddress("BPF.sym()", "an address", address);
  requirePid(pid);
  return renderSymbol(
    callHost("find_user_symbol", { address: String(address), pid, demangle: options.demangle ?? true }),
    options,
    undefined,
  );
}

/**
 * Names of functions for one list of stacks: many stacks have most of their functions in common, and each name is a question to the host. A later list asks
 * again, since another program may be at a process's addresses by then.
 */
export class SymbolNames {
  private readonly kernel = new Map<bigint, string>();
  private readonly users = new Map<number, Map<bigint, string>>();

  constructor(
    private readonly options: SymbolOptions,
    private readonly userOptions: SymbolOptions = options,
  ) {}

  /** As `nameKernelAddress`. */
  nameKernel(address: bigint): string {
    let name = this.kernel.get(address);
    if (name === undefined) this.kernel.set(address, (name = nameKernelAddress(address, this.options)));
    return name;
  }

  /** As `nameUserAddress`. */
  nameUser(address: bigint, pid: number): string {
    let names = this.users.get(pid);
    if (names === undefined) this.users.set(pid, (names = new Map()));
    let name = names.get(address);
    if (name === undefined) names.set(address, (name = nameUserAddress(address, pid, this.userOptions)));
    return name;
  }
}

/** The name of the function at a place in a binary that is known by its build id. */
export function nameBuildIdFrame(
  frame: BuildIdFrame,
  pid: number,
  options: SymbolOptions & { readonly demangle?: boolean },
): string {
  requireText("BPF.sym()", "the build_id of a frame", (frame as Partial<BuildIdFrame> | null)?.build_id);
  requireAddress("BPF.sym()", "the offset of a frame", frame.offset);
  requirePid(pid);
  return renderSymbol(
    callHost("find_build_id_symbol", {
      buildId: frame.build_id,
      offset: String(frame.offset),
      pid,
      demangle: options.demangle ?? true,
    }),
    options,
    undefined,
  );
}

function requirePid(pid: unknown): void {
  requireInteger("BPF.sym()", "a pid", pid ?? null, -MAX.i32, MAX.i32);
}

function renderSymbol(symbol: SymbolReply | null, options: SymbolOptions, defaultModule: string | undefined): string {
  requireOptions("A symbol's name", options, ["show_module", "show_offset", "demangle"]);
  if (symbol === null) return "[unknown]";
  const module = symbol.module ?? defaultModule;
  const offset = options.show_offset === true && symbol.name !== "[unknown]" ? `+0x${symbol.offset.toString(16)}` : "";
  const place =
    options.show_module === true && module !== undefined
      ? ` [${module.replace(/^.*\//, "").replace(/^\[|\]$/g, "")}]`
      : "";
  // Whoever is traced chose these names, and they are made to be printed.
  return escapeText(`${symbol.name}${offset}${place}`);
}
