import { readClock } from "../../base/clock.ts";
import { findLast } from "../user/symbol-table.ts";
import { systemFiles } from "../door/system-files.ts";
import type { SystemFiles } from "../door/system-files.ts";

/** Where an address of the kernel belongs. */
export interface KernelSymbol {
  readonly name: string;
  /** Units: bytes from the symbol's start. */
  readonly offset: number;
  /** The module's name, absent for the kernel itself. */
  readonly module?: string;
}

/** The kernel's symbols by address. */
export interface KernelSymbols {
  /** The symbol that an address lies in; undefined for what is no kernel address, and when addresses are hidden (kptr_restrict). */
  find(address: bigint): KernelSymbol | undefined;
}

/** Modules and programs come and go: the table is read again for an address that it does not have. Units: milliseconds. */
const STALE_MS = 1000;
const pageBytes = 4096;

/** Opens the names of the kernel; /proc/kallsyms is read at the first question. */
export function openKernelSymbols(files: SystemFiles = systemFiles, now: () => number = readClock): KernelSymbols {
  let table: AddressTable | undefined;
  let readAt = -Infinity;
  const reread = (): void => {
    table = readTable(files);
    readAt = now();
  };
  return {
    find(address) {
      const place = placeAddress(address);
      if (place === undefined) return undefined;
      if (table === undefined) reread();
      const found = table!.find(place);
      if (found !== undefined || now() - readAt < STALE_MS) return found;
      reread();
      return table!.find(place);
    },
  };
}

interface AddressTable {
  find(place: number): KernelSymbol | undefined;
}

/** Kernel addresses have their upper 16 bits set; the rest is exact as a number. */
function placeAddress(address: bigint): number | undefined {
  return BigInt.asUintN(64, address) >> 48n === 0xffffn ? Number(BigInt.asUintN(48, address)) : undefined;
}

/** Each row of kallsyms as its address and its place in the text, sorted by address. Names are cut out when they are asked for. */
function readTable(files: SystemFiles): AddressTable {
  const text = files.readText("/proc/kallsyms", "latin1");
  const rows: { readonly place: number; readonly at: number }[] = [];
  let isSorted = true;
  for (let at = 0; at < text.length; ) {
    const end = text.indexOf("\n", at);
    if (text.startsWith("ffff", at)) {
      const place = parseInt(text.slice(at + 4, at + 16), 16);
      if (rows.length > 0 && rows[rows.length - 1]!.place > place) isSorted = false;
      rows.push({ place, at });
    }
    at = end < 0 ? text.length : end + 1;
  }
  if (!isSorted) rows.sort((a, b) => a.place - b.place || a.at - b.at);
  const places = Float64Array.from(rows, ({ place }) => place);
  const modules = readModules(files);

  const parseRow = (index: number): { readonly name: string; readonly type: string; readonly module?: string } => {
    const { at } = rows[index]!;
    const end = text.indexOf("\n", at);
    const [name, module] = text.slice(at + 19, end < 0 ? text.length : end).split("\t");
    return {
      name: name!,
      type: text[at + 17]!,
      ...(module !== undefined && { module: module.replace(/^\[|\]$/g, "") }),
    };
  };
  const ends = findCoreEnds(rows.length, places, parseRow);

  return {
    find(place) {
      let index = findLast(places, place);
      if (index < 0) return undefined;
      const start = places[index]!;
      while (index > 0 && places[index - 1] === start) index--;
      const symbol = chooseSymbol(index, places, parseRow);
      const limit = symbol.module === undefined ? ends(start) : findModuleEnd(modules.get(symbol.module), start);
      if (limit !== undefined && place >= limit) return undefined;
      return {
        name: symbol.name,
        offset: place - start,
        ...(symbol.module !== undefined && { module: symbol.module }),
      };
    },
  };
}

/** Sections' starts and ends, and what compilers put before a function. */
const mark =
  /^_{0,2}[se]?(?:init|noinstr|entry|irqentry|softirqentry|sched|lock|cpuidle|kprobes)?_?text(?:_start|_end|_begin)?$|^__(?:pfx|cfi)_/;
/** Functions before data, strong ones before weak ones. */
const typeOrder = "TtWwVv";

/** Of several names for one address takes the one that people know. */
function chooseSymbol(
  first: number,
  places: Float64Array,
  parseRow: (index: number) => { readonly name: string; readonly type: string; readonly module?: string },
): ReturnType<typeof parseRow> {
  const rank = ({ name, type }: { readonly name: string; readonly type: string }): number =>
    (mark.test(name) ? 100 : 0) + (typeOrder.includes(type) ? typeOrder.indexOf(type) : typeOrder.length);
  let best = parseRow(first);
  for (let i = first + 1; i < places.length && places[i] === places[first]; i++) {
    const other = parseRow(i);
    if (rank(other) < rank(best)) best = other;
  }
  return best;
}

/** The kernel's own symbols end with the image: what lies behind the last one belongs to nobody. */
function findCoreEnds(
  count: number,
  places: Float64Array,
  parseRow: (index: number) => { readonly name: string; readonly module?: string },
): (start: number) => number | undefined {
  let last = -1;
  for (let i = count - 1; i >= 0; i--) {
    if (parseRow(i).module !== undefined) continue;
    last = i;
    break;
  }
  const lastPlace = last < 0 ? 0 : places[last]!;
  return (start) => (start === lastPlace ? lastPlace + 1 : undefined);
}

/** Past a module's text nothing is its own; where its size is not known, the page of its last symbol is. */
function findModuleEnd(module: { readonly start: number; readonly end: number } | undefined, start: number): number {
  if (module !== undefined && start >= module.start && start < module.end) return module.end;
  return (Math.floor(start / pageBytes) + 1) * pageBytes;
}

function readModules(files: SystemFiles): Map<string, { readonly start: number; readonly end: number }> {
  const modules = new Map<string, { readonly start: number; readonly end: number }>();
  let text: string;
  try {
    text = files.readText("/proc/modules", "latin1");
  } catch {
    return modules;
  }
  for (const [, name, size, address] of text.matchAll(/^(\S+) (\d+) .* 0xffff([0-9a-f]{12})/gm)) {
    const start = parseInt(address!, 16);
    modules.set(name!, { start, end: start + Number(size) });
  }
  return modules;
}
