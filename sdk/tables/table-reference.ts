import { makeBytesLayout, makeTableCodec } from "../codec/codec.ts";
import type { Codec } from "../codec/codec.ts";
import { makeMapError } from "../wire/errors.ts";
import { callHost } from "../wire/host.ts";
import { BpfFunction } from "./bpf-function.ts";
import type { KernelObject } from "../wire/kernel-object.ts";
import type { MapReply } from "../wire/protocol.ts";
import { TableBase } from "./table-base.ts";
import type { TableOwner } from "./table-base.ts";
import { Table, BPF_ANY } from "./table.ts";

/** Whether a number is one that the kernel takes for a pid or a descriptor. */
export function isInt(value: unknown): value is number {
  return typeof value === "number" && value === (value | 0);
}

/**
 * A socket: a descriptor of a process, as /proc/PID/fd numbers it. Since: Linux 5.6.
 *
 * @example
 * import { print, type SocketReference } from "bpfts";
 * const socket: SocketReference = { pid: 4711, fd: 5 };
 * print(socket.fd); // 5
 */
export interface SocketReference {
  /** The process that has the socket open. */
  readonly pid: number;
  /** Its descriptor there. */
  readonly fd: number;
}

/**
 * A table as a value of another: any table that `get_table` answers.
 *
 * @example
 * import { print, type TableReference } from "bpfts";
 * const show = ({ name, id }: TableReference): string => `${name} (${id})`;
 * print(show({ name: "inner", id: 12 })); // inner (12)
 */
export interface TableReference {
  /** The table's name. */
  readonly name: string;
  /** The kernel's own number for it, as `bpftool map` shows it. */
  readonly id: number;
}

/** What a kind of map takes as its values, and how it crosses. */
export interface ReferenceKind<Target> {
  /** The end of the sentence "its values are …". */
  readonly wanted: string;
  describe(target: Target): KernelObject | undefined;
}

/** Programs, for `prog_array.call(ctx, index)`. */
export const functionReference: ReferenceKind<BpfFunction> = {
  wanted: "functions, as load_func() answers them",
  describe: (target) =>
    target instanceof BpfFunction ? { kind: "function", program: target.program, name: target.name } : undefined,
};

/** Cgroups by their paths. */
export const cgroupReference: ReferenceKind<string> = {
  wanted: "paths of cgroups",
  describe: (target) => (typeof target === "string" ? { kind: "cgroup", path: target } : undefined),
};

/** Other tables, known by the number that the host gave each. */
export const tableReference: ReferenceKind<TableReference> = {
  wanted: "tables, as get_table() answers them",
  describe: (target) => {
    const map = typeof target === "object" && target !== null ? tableNumbers.get(target) : undefined;
    return map === undefined ? undefined : { kind: "map", map };
  },
};

/** Sockets of other processes. */
export const socketReference: ReferenceKind<SocketReference> = {
  wanted: "sockets, as { pid, fd }",
  describe: (target) =>
    typeof target === "object" && target !== null && isInt(target.pid) && isInt(target.fd)
      ? { kind: "socket", pid: target.pid, fd: target.fd }
      : undefined,
};

const tableNumbers = new WeakMap<object, number>();

/** What the host calls a table. */
export function findTableNumber(table: object): number | undefined {
  return tableNumbers.get(table);
}

/** Remembers what the host calls a table. */
export function registerTable<T extends object>(table: T, map: number): T {
  tableNumbers.set(table, map);
  return table;
}

/**
 * A map whose values are things of the kernel: program arrays, cgroup arrays, maps in maps, sockmaps. They are set by what
 * the script knows them by, and read, where the kernel allows that, as the kernel's own numbers.
 *
 * @example
 * import { BPF, print } from "bpfts";
 * const b = new BPF({
 *   text: `
 * BPF_PROG_ARRAY(steps, 2);
 * int step(void *ctx) { return 0; }`,
 * });
 * b.tables.steps.set(1, b.load_func("step", BPF.TRACEPOINT));
 * print(b.tables.steps.size); // 1
 */
export class ReferenceTable<Key = unknown, Target = unknown> extends TableBase {
  private readonly targets: ReferenceKind<Target>;
  private readonly numbers: Table<Key, number>;
  /** @internal */
  protected readonly keyCodec: Codec<Key>;

  constructor(info: MapReply, owner: TableOwner, targets: ReferenceKind<Target>) {
    super(info, owner);
    this.targets = targets;
    this.numbers = new Table<Key, number>({ ...info, value: numberLayout }, owner);
    this.keyCodec = makeTableCodec<Key>(info.key ?? makeBytesLayout(info.keySize), `key of "${info.name}"`);
  }

  /** Puts a thing under a key. @throws BpfError when it is not what this map holds, or is gone */
  set(key: Key, target: Target, flags: number = BPF_ANY): this {
    const value = this.targets.describe(target);
    if (value === undefined)
      throw makeMapError(`Cannot write to "${this.name}": its values are ${this.targets.wanted}`);
    const bytes = new Uint8Array(this.keyCodec.size + this.info.valueSize);
    this.keyCodec.encodeInto(key, new DataView(bytes.buffer), 0);
    callHost("map_update", { map: this.requireOpen(), flags, value }, bytes);
    return this;
  }

  /** The kernel's number of what lies under a key (of a program or map, as `bpftool` shows it). @throws BpfError where the kernel does not tell: cgroup arrays, sockmaps */
  get(key: Key): number | undefined {
    return this.numbers.get(key);
  }

  /** Whether anything is under a key. */
  has(key: Key): boolean {
    return this.numbers.has(key);
  }

  /** Takes a thing out. Answers whether it was there. */
  delete(key: Key): boolean {
    return this.numbers.delete(key);
  }

  /** Takes everything out. */
  clear(): void {
    for (const key of this.walkKeys()) callHost("map_delete", { map: this.requireOpen() }, key);
  }

  /** How many keys lead to something. */
  get size(): number {
    return this.numbers.size;
  }

  /** The keys that lead to something. */
  keys(): IterableIterator<Key> {
    return this.numbers.keys();
  }

  /** Keys with the kernel's numbers of what they lead to. */
  entries(): IterableIterator<[Key, number]> {
    return this.numbers.entries();
  }

  [Symbol.iterator](): IterableIterator<[Key, number]> {
    return this.numbers.entries();
  }

  private walkKeys(): Uint8Array[] {
    const found: Uint8Array[] = [];
    let key = callHost("map_next_key", { map: this.requireOpen() }, new Uint8Array(0));
    for (; key !== undefined; key = callHost("map_next_key", { map: this.info.map }, key)) found.push(key);
    return found;
  }
}

const numberLayout = { kind: "int", name: "unsigned int", size: 4, signed: false } as const;
