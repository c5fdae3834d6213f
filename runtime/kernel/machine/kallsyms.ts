import type { NamePattern } from "../../base/name-pattern.ts";
import { systemFiles } from "../door/system-files.ts";

/** The kernel's symbol table as text, read once per process: it is 10 MB on a usual kernel. */
let table: string | undefined;

function readTable(): string {
  return (table ??= systemFiles.readText("/proc/kallsyms", "latin1"));
}

/** Whether the kernel or a module has a symbol of this name. Works with hidden addresses too. */
export function haveKernelSymbol(name: string): boolean {
  const text = readTable();
  for (let at = text.indexOf(` ${name}`); at >= 0; at = text.indexOf(` ${name}`, at + 1)) {
    const next = text[at + name.length + 1];
    if (next === "\n" || next === "\t") return true;
  }
  return false;
}

/** The address of a symbol, undefined when it is not there or addresses are hidden (kptr_restrict). */
export function findKernelAddress(name: string): bigint | undefined {
  const match = new RegExp(`^([0-9a-f]+) \\w ${name.replace(/\W/g, "\\$&")}(?:\\t.*)?$`, "m").exec(readTable());
  const address = match === null ? 0n : BigInt(`0x${match[1]}`);
  return address === 0n ? undefined : address;
}

/** The addresses of all functions of that name, each once; none where addresses are hidden. Modules count. */
export function listFunctionAddresses(name: string, symbols: string = readTable()): bigint[] {
  const lines = symbols.matchAll(new RegExp(`^([0-9a-f]+) [tTwW] ${name.replace(/\W/g, "\\$&")}(?:\\t.*)?$`, "gm"));
  return [...new Set([...lines].map(([, address]) => BigInt(`0x${address}`)))].filter((address) => address !== 0n);
}

/** The addresses of functions by their names, in one walk; names whose addresses are hidden are left out. */
export function readFunctionAddresses(
  names: ReadonlySet<string>,
  symbols: string = readTable(),
  readSites: () => ReadonlySet<bigint> | undefined = readTraceableAddresses,
): ReadonlyMap<string, readonly bigint[]> {
  const found = new Map<string, bigint[]>();
  const traceable = readSites();
  for (const [, address, name] of symbols.matchAll(/^([0-9a-f]+) [tTwW] ([^\t\n]+)/gm)) {
    if (!names.has(name!)) continue;
    const number = BigInt(`0x${address}`);
    const others = found.get(name!);
    if (number === 0n || others?.includes(number)) continue;
    // One address that is not traceable makes the kernel refuse a whole link.
    if (traceable !== undefined && !callSites.some((offset) => traceable.has(number + offset))) continue;
    if (others === undefined) found.set(name!, [number]);
    else others.push(number);
  }
  return found;
}

/** How far behind a function's start its call of the tracer may lie: behind an instruction that indirect jumps may land on. Units: bytes. */
const callSites = [0n, 4n, 8n];

/** The places where the kernel can trace, which tell functions of one name apart; undefined where it does not say. Since: Linux 6.5 */
function readTraceableAddresses(): ReadonlySet<bigint> | undefined {
  for (const folder of ["/sys/kernel/tracing", "/sys/kernel/debug/tracing"]) {
    try {
      const text = systemFiles.readText(`${folder}/available_filter_functions_addrs`, "latin1");
      return new Set([...text.matchAll(/^([0-9a-f]+) /gm)].map(([, address]) => BigInt(`0x${address}`)));
    } catch {
      // An older kernel, or one that does not let this user read it.
    }
  }
  return undefined;
}

/** The ends of the names of all functions that begin with a prefix, also of those that nothing can be attached to. */
export function listFunctionSuffixes(prefix: string): string[] {
  return [...readTable().matchAll(new RegExp(`^[0-9a-f]+ [tTwW] ${prefix}(\\w+)$`, "gm"))].map(([, name]) => name!);
}

const excluded =
  /^(?:__pfx_|__cfi_|_kbl_addr_|__perf|perf_|__SCT__|__bpf_prog_|bpf_prog_|__kstrtab)|\.cold(?:\.|$)|\.llvm\./;

/** Sections without functions to probe, by the symbols at their ends: code that is gone after the boot, and the entries of interrupts. */
const closedSections: Readonly<Record<string, string>> = {
  __init_begin: "__init_end",
  __irqentry_text_start: "__irqentry_text_end",
};

/**
 * Lists the functions that a kprobe can be tried on: those that the kernel says
 * are traceable, or all of its text symbols where it does not say, without those that it says are not.
 *
 * Source: BCC's get_kprobe_functions.
 */
export function listKernelFunctions(pattern?: NamePattern): string[] {
  const traceable = readTraceable();
  const refused = readRefused();
  const names = new Set<string>();
  // The table is in the order of the addresses, also where they are hidden.
  let closing: string | undefined;
  for (const [, type, name, module] of readTable().matchAll(/^[0-9a-f]+ (\w) ([^\t\n]+)(\t)?/gm)) {
    // The end of the last section may have no name of its own; modules stand behind it.
    if (name === closing || module !== undefined) closing = undefined;
    if (closing !== undefined) continue;
    closing = closedSections[name!];
    if (!"tTwW".includes(type!) || excluded.test(name!) || (pattern !== undefined && !pattern.test(name!))) continue;
    if ((traceable === undefined || traceable.has(name!)) && !refused.has(name!)) names.add(name!);
  }
  return [...names].sort();
}

/** The functions that kprobes are not let into; none where debugfs is not mounted. */
function readRefused(): ReadonlySet<string> {
  try {
    return new Set(
      systemFiles
        .readText("/sys/kernel/debug/kprobes/blacklist", "latin1")
        .split("\n")
        .map((line) => line.replace(/^\S+\s+/, "")),
    );
  } catch {
    return new Set();
  }
}

function readTraceable(): ReadonlySet<string> | undefined {
  for (const folder of ["/sys/kernel/tracing", "/sys/kernel/debug/tracing"]) {
    try {
      const text = systemFiles.readText(`${folder}/available_filter_functions`, "latin1");
      return new Set(text.split("\n").map((line) => line.replace(/[ \t].*$/, "")));
    } catch {
      // Not mounted, not built in, or not allowed: the symbol table serves.
    }
  }
  return undefined;
}

/** Prefixes that the kernel's syscall functions have by architecture and age; the first that fits wins. Source: BCC's syscall prefix list. */
const syscallPrefixes = ["__x64_sys_", "__arm64_sys_", "__s390x_sys_", "__riscv_sys_", "__loongarch_sys_", "sys_"];

/** The prefix of this kernel's syscall functions. */
export function findSyscallPrefix(): string {
  return syscallPrefixes.find((prefix) => haveKernelSymbol(`${prefix}bpf`)) ?? "sys_";
}

/** Gives a function that starts with any syscall prefix the one of this kernel. Source: BCC's fix_syscall_fnname. */
export function fixSyscallName(name: string): string {
  const known = [...syscallPrefixes, "__x32_compat_sys_", "__ia32_compat_sys_", "__s390_sys_"].find((prefix) =>
    name.startsWith(prefix),
  );
  return known === undefined ? name : findSyscallPrefix() + name.slice(known.length);
}
