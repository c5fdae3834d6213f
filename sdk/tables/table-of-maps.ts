import { makeMapError } from "../wire/errors.ts";
import { callHost } from "../wire/host.ts";
import type { MapReply } from "../wire/protocol.ts";
import type { TableOwner } from "./table-base.ts";
import { BPF_ANY, Table } from "./table.ts";
import { ReferenceTable, findTableNumber, tableReference } from "./table-reference.ts";
import type { TableReference } from "./table-reference.ts";

/**
 * What a table that lies in another is filled with: keys and values, as of `new Map(…)`.
 *
 * @example
 * import { print, type InnerEntries, type Table } from "bpfts";
 * const ports: InnerEntries<Table<number, bigint>> = [[80, 1n], [443, 2n]];
 * print([...ports].length); // 2
 */
export type InnerEntries<Inner> =
  Inner extends Table<infer Key, infer Leaf> ? Iterable<readonly [key: Key, leaf: Leaf]> : never;

/** An inner table that was made or opened here, with the way to close it. */
interface OpenInner {
  readonly table: TableReference;
  close(reason: string): void;
}

/**
 * A map of maps: `BPF_HASH_OF_MAPS` and `BPF_ARRAY_OF_MAPS`. `create` makes the inner tables at run time, of the shape that the declaration names; `set` takes
 * tables that the C text declares. The kernel waits for programs that use a table before it replaces or deletes it.
 *
 * @example
 * import { BPF, print } from "bpfts";
 * using b = new BPF({
 *   text: `
 * BPF_HASH(ports, u16, u64, 64);
 * BPF_HASH_OF_MAPS(services, u32, "ports", 16);`,
 * });
 * b.tables.services.create(7, [[80, 1n], [443, 2n]]);
 * print(b.tables.services.inner(7)?.get(443)); // 2
 * print(b.tables.services.delete(7), b.tables.services.size); // true 0
 */
export class MapOfMapsTable<Key = unknown, Inner = unknown> extends ReferenceTable<Key, TableReference> {
  private readonly makeInner: (info: MapReply, owner: TableOwner) => object;
  private readonly open = new Map<number, OpenInner>();

  constructor(info: MapReply, owner: TableOwner, makeInner: (info: MapReply, owner: TableOwner) => object) {
    super(info, owner, tableReference);
    this.makeInner = makeInner;
  }

  /**
   * Makes a table, fills it, and puts it under a key by one update: no program sees half of it. A table that `create` put there before is closed;
   * `swap` keeps it.
   *
   * @throws BpfError when the entries do not fit the table; the key then leads to what it led to before
   */
  create(key: Key, entries?: InnerEntries<Inner>): Inner {
    return this.create_all([[key, entries]])[0]!;
  }

  /** Makes a table for each key and puts all of them in by one call. For thousands of tables this takes a fraction of the time of `create`: the kernel waits for programs once. */
  create_all(tables: Iterable<readonly [key: Key, entries?: InnerEntries<Inner> | undefined]>): Inner[] {
    const list = [...tables];
    const before = list.map(([key]) => this.get(key));
    const made = this.putNew(list);
    for (const id of before) this.drop(id);
    return made;
  }

  /**
   * Does as `create`, and answers the table that lay there before, which no program uses any more: what was counted until then, nothing lost. It is the caller's: `close_inner`
   * gives it back, or the program's end.
   */
  swap(key: Key, entries?: InnerEntries<Inner>): Inner | undefined {
    const before = this.inner(key);
    this.putNew([[key, entries]]);
    return before;
  }

  /** The table under a key; undefined when there is none. */
  inner(key: Key): Inner | undefined {
    const known = this.open.get(this.get(key) ?? 0);
    if (known !== undefined) return known.table as Inner;
    const reply = callHost("inner_map_open", { map: this.requireOpen() }, this.keyCodec.encode(key));
    return reply === null ? undefined : this.keep(reply);
  }

  /** Closes a table that `swap` answered: the kernel frees it. */
  close_inner(inner: Inner): void {
    const id = (inner as TableReference).id;
    if (this.open.get(id)?.table !== inner)
      throw makeMapError(`Cannot close a table: "${this.name}" made none like it, or it is closed already`);
    this.drop(id, "it was closed");
  }

  /** Puts a table of the C text under a key. @throws BpfError when it has another shape than the declaration names */
  override set(key: Key, target: TableReference, flags: number = BPF_ANY): this {
    const before = this.get(key);
    super.set(key, target, flags);
    if (before !== target.id) this.drop(before);
    return this;
  }

  /** Takes a table out and closes it if `create` made it. Answers whether there was one. */
  override delete(key: Key): boolean {
    const before = this.get(key);
    const was_there = super.delete(key);
    this.drop(before);
    return was_there;
  }

  /** Takes all tables out, and closes those that `create` made. */
  override clear(): void {
    const before = [...this.entries()];
    super.clear();
    for (const [, id] of before) this.drop(id);
  }

  private putNew(tables: readonly (readonly [key: Key, entries?: InnerEntries<Inner> | undefined])[]): Inner[] {
    const made: Inner[] = [];
    const keys = new Uint8Array(tables.length * this.keyCodec.size);
    const view = new DataView(keys.buffer);
    try {
      for (const [at, [key, entries]] of tables.entries()) {
        this.keyCodec.encodeInto(key, view, at * this.keyCodec.size);
        const inner = this.keep(callHost("inner_map_create", { map: this.requireOpen() }));
        made.push(inner);
        if (entries !== undefined) this.fill(inner, [...entries]);
      }
      const inners = made.map((inner) => findTableNumber(inner as object)!);
      if (made.length > 0) callHost("inner_map_put", { map: this.requireOpen(), inners }, keys);
    } catch (error) {
      for (const inner of made) this.drop((inner as TableReference).id);
      throw error;
    }
    return made;
  }

  private fill(inner: Inner, entries: readonly (readonly [unknown, unknown])[]): void {
    if (!(inner instanceof Table))
      throw makeMapError(`Cannot fill a table of "${this.name}": its kind has no keys and values`);
    inner.items_update_batch(
      entries.map(([key]) => key),
      entries.map(([, leaf]) => leaf),
    );
  }

  /** Makes the table of a map of the host's, once. */
  private keep(info: MapReply): Inner {
    const known = this.open.get(info.id);
    if (known !== undefined) return known.table as Inner;
    const program = this.owner;
    let reason: string | undefined;
    const owner: TableOwner = {
      cpus: program.cpus,
      get closed() {
        return reason !== undefined || program.closed;
      },
      get reason() {
        return reason;
      },
    };
    const table = this.makeInner(info, owner) as TableReference;
    const close = (why: string): void => {
      reason = why;
      callHost("inner_map_close", { map: info.map });
    };
    this.open.set(info.id, { table, close });
    return table as Inner;
  }

  /** Closes the table of that number if it was made or opened here. */
  private drop(id: number | undefined, reason = `it was taken out of "${this.name}"`): void {
    const found = this.open.get(id ?? 0);
    if (found === undefined) return;
    this.open.delete(id!);
    found.close(reason);
  }
}
