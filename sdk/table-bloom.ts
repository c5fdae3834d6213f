import { makeBytesLayout, makeCodec } from "./codec.ts";
import type { Codec } from "./codec.ts";
import { makeClosedError } from "./errors.ts";
import { callHost } from "./host.ts";
import type { MapReply } from "./protocol.ts";
import type { TableOwner } from "./table.ts";

/** A bloom filter: says of a value that it surely was not added, or that it may have been. Since: Linux 5.16. */
export class BloomFilterTable<Leaf = unknown> {
  readonly name: string;
  readonly id: number;
  readonly max_entries: number;
  readonly flags: number;
  /** Source: enum bpf_map_type. */
  readonly ttype: number;
  private readonly filter: MapReply;
  private readonly filterOwner: TableOwner;
  private readonly codec: Codec<Leaf>;

  constructor(info: MapReply, owner: TableOwner) {
    this.filter = info;
    this.filterOwner = owner;
    this.name = info.name;
    this.id = info.id;
    this.max_entries = info.maxEntries;
    this.flags = info.flags;
    this.ttype = info.type;
    this.codec = makeCodec<Leaf>(info.value ?? makeBytesLayout(info.valueSize), `value of "${info.name}"`);
  }

  /** Adds a value; nothing can be taken out again. */
  add(leaf: Leaf): this {
    callHost("map_update", { map: this.requireMap(), flags: 0 }, this.codec.encode(leaf));
    return this;
  }

  /** False when the value was never added; true when it was, and now and then when it was not. */
  has(leaf: Leaf): boolean {
    return callHost("map_lookup", { map: this.requireMap(), remove: false }, this.codec.encode(leaf)) !== undefined;
  }

  private requireMap(): number {
    if (this.filterOwner.closed) throw makeClosedError(`Cannot use table "${this.name}": its program was closed`);
    return this.filter.map;
  }
}
