import type { ElfSymbolTable } from "../door/port.ts";

/** A symbol of a binary, at the addresses of its segments. */
export interface BinarySymbol {
  /** As the binary has it, mangled. */
  readonly name: string;
  readonly start: number;
  readonly end: number;
  /** A resolver that picks the function when the binary is loaded (STT_GNU_IFUNC). */
  readonly indirect: boolean;
  /** Nobody says that it is a function: it may lie within one, or be data between them. */
  readonly isLabel: boolean;
}

/** Source: Standing of native/elf_symbols.cc: 0 for a function that others see, 1 for a static one, 2 for an old version. */
const staticStanding = 1;
const labelStanding = 3;

/** The functions of a binary, by address and by name. */
export interface SymbolTable {
  readonly count: number;
  /** The innermost symbol that an address lies in; undefined between symbols. */
  find(address: number): BinarySymbol | undefined;
  /** The functions of a name, each address once: static ones of several files have one name. Old versions and labels only where there is nothing else. */
  findByName(name: string): readonly BinarySymbol[];
  /** All symbols, sorted by address. */
  list(): Iterable<BinarySymbol>;
}

/** No symbols at all. */
export const emptySymbolTable: SymbolTable = {
  count: 0,
  find: () => undefined,
  findByName: () => [],
  list: () => [],
};

/** Makes a table of what the addon read. Names are decoded when they are asked for. */
export function openSymbolTable(packed: ElfSymbolTable): SymbolTable {
  const { count } = packed;
  // Addresses of user space are exact as numbers, and a search in numbers makes no garbage.
  const starts = readAddresses(packed.starts, count);
  const ends = readAddresses(packed.ends, count);
  const offsets = new Uint32Array(packed.nameOffsets.buffer, packed.nameOffsets.byteOffset, count);
  const names = Buffer.from(packed.names.buffer, packed.names.byteOffset, packed.names.length);
  const ranges = openRanges(starts, ends);
  let byName: Map<string, number[]> | undefined;

  const describe = (index: number): BinarySymbol => {
    const from = offsets[index]!;
    return {
      name: names.toString("utf8", from, names.indexOf(0, from)),
      start: starts[index]!,
      end: ends[index]!,
      indirect: packed.indirect[index] === 1,
      isLabel: packed.standings[index] === labelStanding,
    };
  };

  return {
    count,
    find(address) {
      const index = ranges.find(address);
      return index < 0 ? undefined : describe(index);
    },
    findByName(name) {
      if (byName === undefined) {
        byName = new Map();
        for (let i = 0; i < count; i++) {
          const { name } = describe(i);
          const others = byName.get(name);
          if (others === undefined) byName.set(name, [i]);
          else others.push(i);
        }
      }
      const found = byName.get(name) ?? [];
      const best = Math.max(staticStanding, Math.min(...found.map((index) => packed.standings[index]!)));
      const places = new Map<number, BinarySymbol>();
      for (const index of found) {
        if (packed.standings[index]! <= best && !places.has(starts[index]!))
          places.set(starts[index]!, describe(index));
      }
      return [...places.values()];
    },
    *list() {
      for (let i = 0; i < count; i++) yield describe(i);
    },
  };
}

function readAddresses(bytes: Uint8Array, count: number): Float64Array {
  return Float64Array.from(new BigUint64Array(bytes.buffer, bytes.byteOffset, count), Number);
}

/** Ranges sorted by their start, which may lie within each other. */
export interface Ranges {
  /** The range with the last start that holds an address, the first of those with the same start; -1 for none. */
  find(address: number): number;
}

/** Makes ranges searchable: both lists have the same length, `starts` is sorted. */
export function openRanges(starts: Float64Array, ends: Float64Array): Ranges {
  // The furthest end so far says where to stop looking back.
  const reaches = new Float64Array(starts.length);
  let reach = -1;
  for (let i = 0; i < starts.length; i++) reaches[i] = reach = Math.max(reach, ends[i]!);
  return {
    find(address) {
      for (let i = findLast(starts, address); i >= 0 && reaches[i]! > address; i--) {
        if (address >= ends[i]!) continue;
        let first = i;
        while (first > 0 && starts[first - 1] === starts[i] && address < ends[first - 1]!) first--;
        return first;
      }
      return -1;
    },
  };
}

/** The index of the last number that is not above `value`, -1 when all are. */
export function findLast(sorted: Float64Array, value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! <= value) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
