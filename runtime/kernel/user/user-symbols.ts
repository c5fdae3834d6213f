import { readClock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import type { Closable } from "../../base/scope.ts";
import type { Binaries, Binary } from "./binary.ts";
import { openMappedCode } from "./mapped-code.ts";
import type { MappedCode } from "./mapped-code.ts";
import { openPerfMap } from "./perf-map.ts";
import type { PerfMap } from "./perf-map.ts";
import type { KernelPort } from "../door/port.ts";
import { findMapping, placeMappings, readInnerPid, readMaps, readStartMs, readStartTime } from "./process-maps.ts";
import type { Mapping } from "./process-maps.ts";
import { emptySymbolTable, openSymbolTable } from "./symbol-table.ts";
import type { SymbolTable } from "./symbol-table.ts";
import { systemFiles } from "../door/system-files.ts";
import type { OpenFile } from "../door/system-files.ts";

/** Where an address of a process belongs. `name` is `"[unknown]"` where only the file is known. */
export interface UserSymbol {
  readonly name: string;
  /** Units: bytes from the symbol's start. */
  readonly offset: number;
  /** The file's path as the process sees it, `"[vdso]"`, or the list of a JIT compiler. */
  readonly module: string;
}

/** Names for addresses in processes. Owner: whoever opened it closes it. */
export interface UserSymbols extends Closable {
  /**
   * Names an address: undefined for a process that is gone and was never seen, and for memory that holds no code.
   * What a process has mapped is remembered from its first sight on, so that addresses of one that has ended since
   * can still be named.
   */
  find(address: bigint, pid: number, demangle: boolean): UserSymbol | undefined;
  /** Remembers what a process has mapped now. Answers whether it is there. */
  notice(pid: number): boolean;
  /** Has the kernel tell what a process and its children will map, so that those are known, too, that end before anybody looks. */
  follow(pid: number): void;
}

/** What is looked at again, and when: a process may load and drop code at any time. Units: milliseconds. */
const FRESH_MS = 50;
/** Files and processes have different clocks. Units: milliseconds. */
const CLOCK_MS = 1000;
/** Processes that are remembered; beyond it the one that nobody asked for longest is forgotten. */
const REMEMBERED = 1024;

/** Opens the names of all processes. */
export function openUserSymbols(
  port: KernelPort,
  binaries: Binaries,
  { now = readClock, log }: { readonly now?: () => number; readonly log?: Log } = {},
): UserSymbols {
  const processes = new Map<number, ProcessSymbols>();
  const mappedCode = openMappedCode(port, log);

  const recall = (pid: number): ProcessSymbols => {
    const known = processes.get(pid) ?? new ProcessSymbols(port, binaries, pid, now, mappedCode);
    processes.delete(pid);
    processes.set(pid, known);
    if (processes.size > REMEMBERED) processes.delete(processes.keys().next().value!);
    return known;
  };

  return {
    find: (address, pid, demangle) => recall(pid).find(Number(address), demangle),
    notice(pid) {
      mappedCode.read();
      return recall(pid).refresh();
    },
    follow: (pid) => mappedCode.follow(pid),
    close() {
      mappedCode.close();
      processes.clear();
    },
  };
}

/** What one mapping is made of. */
type Module =
  | { readonly kind: "binary"; readonly binary: Binary }
  | { readonly kind: "vdso"; readonly symbols: SymbolTable }
  | { readonly kind: "jit" };

class ProcessSymbols {
  private startTime: string | undefined;
  private text = "";
  private mappings: readonly Mapping[] = [];
  private modules = new Map<string, Module>();
  private perfMap: PerfMap | undefined;
  private readAt = -Infinity;
  private readonly missed = new Set<number>();
  private readonly demangled = new Map<string, string>();

  constructor(
    private readonly port: KernelPort,
    private readonly binaries: Binaries,
    private readonly pid: number,
    private readonly now: () => number,
    private readonly mappedCode: MappedCode,
  ) {}

  find(address: number, demangle: boolean): UserSymbol | undefined {
    const isFresh = this.now() - this.readAt < FRESH_MS;
    if (!isFresh) this.refresh();
    let found = this.name(address, demangle);
    // Code that was loaded a moment ago is looked for once more, but not again and again for an address that has none.
    if (isFresh && (found === undefined || found.name === unknown) && !this.missed.has(address)) {
      this.refresh();
      found = this.name(address, demangle);
    }
    if (found === undefined || found.name === unknown) this.missed.add(address);
    return found;
  }

  /** Looks at the process again, and answers whether it is there; when it is gone, what was seen last stays. */
  refresh(): boolean {
    this.readAt = this.now();
    this.missed.clear();
    const text = readMaps(this.pid);
    if (text === undefined) {
      this.perfMap?.refresh();
      this.recallMappings();
      return false;
    }
    const startTime = readStartTime(this.pid);
    if (startTime !== this.startTime) {
      // Another process has the number now.
      this.modules.clear();
      this.perfMap = undefined;
      this.startTime = startTime;
    }
    if (text !== this.text) {
      this.text = text;
      this.mappings = placeMappings(this.pid, text);
    }
    this.openModules();
    if ([...this.modules.values()].some(({ kind }) => kind === "jit")) {
      if (this.perfMap === undefined) this.perfMap = this.openPerfMap();
      else this.perfMap.refresh();
    }
    return true;
  }

  /** The kernel's records of a process that is gone have all that it mapped since it began to execute its program. */
  private recallMappings(): void {
    this.mappedCode.read();
    const recorded = this.mappedCode.find(this.pid);
    if (recorded === undefined || recorded.length === 0 || recorded === this.mappings) return;
    this.mappings = recorded;
    this.openModules();
  }

  private openModules(): void {
    // A library that was built anew and loaded again may have the old one's number and place.
    const modules = new Map<string, Module>();
    for (const mapping of this.mappings) {
      const key = identifyMapping(mapping);
      if (!modules.has(key)) modules.set(key, this.openModule(mapping, this.modules.get(key)));
    }
    this.modules = modules;
  }

  private name(address: number, demangle: boolean): UserSymbol | undefined {
    const mapping = findMapping(this.mappings, address);
    const module = mapping === undefined ? undefined : this.modules.get(identifyMapping(mapping));
    if (mapping === undefined || module === undefined) return undefined;
    if (module.kind === "jit") return this.nameCompiled(address, mapping);
    const table = module.kind === "vdso" ? module.symbols : module.binary.symbols;
    const place =
      module.kind === "vdso"
        ? address - mapping.start
        : module.binary.findAddress(address - mapping.start + mapping.offset);
    const symbol = place === undefined ? undefined : table.find(place);
    if (symbol === undefined || place === undefined) return { name: unknown, offset: 0, module: mapping.path };
    return {
      name: demangle ? this.demangle(symbol.name) : symbol.name,
      offset: place - symbol.start,
      module: mapping.path,
    };
  }

  private nameCompiled(address: number, mapping: Mapping): UserSymbol | undefined {
    const entry = this.perfMap?.find(address);
    if (entry !== undefined)
      return {
        name: entry.name,
        offset: address - entry.start,
        module: this.perfMap!.path.replace(/^\/proc\/\d+\/root/, ""),
      };
    return mapping.path === "" ? undefined : { name: unknown, offset: 0, module: mapping.path };
  }

  private demangle(name: string): string {
    let text = this.demangled.get(name);
    if (text === undefined) this.demangled.set(name, (text = this.port.demangle(name)));
    return text;
  }

  private openModule(mapping: Mapping, known: Module | undefined): Module {
    if (mapping.path === "[vdso]") return known ?? { kind: "vdso", symbols: readVdso(this.port, this.pid, mapping) };
    if (mapping.inode === 0 || !mapping.path.startsWith("/")) return { kind: "jit" };
    const root = `/proc/${this.pid}/root`;
    const open = this.findFile(mapping);
    const binary = open === undefined ? undefined : this.binaries.find(open, mapping.path, [root, ""]);
    return binary === undefined ? (known ?? { kind: "jit" }) : { kind: "binary", binary };
  }

  /** A path that leads to the very file that is mapped, whatever has happened to its name since. */
  private findFile(mapping: Mapping): string | undefined {
    const mapped = `/proc/${this.pid}/map_files/${mapping.range}`;
    if (isFile(mapped)) return mapped;
    // Without the right to use map_files: the name, as long as it still means the same file.
    const named = `/proc/${this.pid}/root${mapping.path}`;
    if (!mapping.deleted && haveInode(named, mapping.inode)) return named;
    const executable = `/proc/${this.pid}/exe`;
    if (haveInode(executable, mapping.inode)) return executable;
    // Of a process that is gone the name is all that is left.
    return !mapping.deleted && haveInode(mapping.path, mapping.inode) ? mapping.path : undefined;
  }

  private openPerfMap(): PerfMap | undefined {
    const owner = findOwner(this.pid);
    const startMs = (readStartMs(this.pid) ?? Infinity) - CLOCK_MS;
    const inner = `/proc/${this.pid}/root/tmp/perf-${readInnerPid(this.pid)}.map`;
    return openPerfMap(inner, owner, startMs) ?? openPerfMap(`/tmp/perf-${this.pid}.map`, owner, startMs);
  }
}

const unknown = "[unknown]";

function identifyMapping({ device, inode, path, start }: Mapping): string {
  return inode === 0 ? `${path}@${start}` : `${device}:${inode}:${path}`;
}

/** The functions of the page that the kernel puts into every process. It exists in memory only. */
function readVdso(port: KernelPort, pid: number, { start, end }: Mapping): SymbolTable {
  let memory: OpenFile | undefined;
  try {
    memory = systemFiles.open(`/proc/${pid}/mem`);
    const image = new Uint8Array(end - start);
    const count = memory.read(image, start);
    const packed = port.elfSymbols([], image.subarray(0, count));
    return typeof packed === "number" ? emptySymbolTable : openSymbolTable(packed);
  } catch {
    return emptySymbolTable;
  } finally {
    memory?.close();
  }
}

function isFile(path: string): boolean {
  return systemFiles.find(path)?.isFile() === true;
}

function haveInode(path: string, inode: number): boolean {
  const found = systemFiles.find(path);
  return found?.isFile() === true && found.ino === BigInt(inode);
}

function findOwner(pid: number): number | undefined {
  const found = systemFiles.find(`/proc/${pid}`);
  return found && Number(found.uid);
}
