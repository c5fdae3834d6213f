import { makeBytesLayout, makeTableCodec } from "../codec/codec.ts";
import type { Codec } from "../codec/codec.ts";
import { callHost } from "../wire/host.ts";
import type { MapReply } from "../wire/protocol.ts";
import { TableBase } from "./table-base.ts";
import type { TableOwner } from "./table-base.ts";

/**
 * A bloom filter: says of a value that it surely was not added, or that it may have been. Since: Linux 5.16.
 *
 * @example
 * import { BPF, print } from "bpfts";
 * const b = new BPF({ text: `BPF_BLOOM_FILTER(seen, u32, 1000);` });
 * b.tables.seen.add(7);
 * print(b.tables.seen.has(7)); // true
 */
export class BloomFilterTable<Leaf = unknown> extends TableBase {
  private readonly codec: Codec<Leaf>;

  constructor(info: MapReply, owner: TableOwner) {
    super(info, owner);
    this.codec = makeTableCodec<Leaf>(info.value ?? makeBytesLayout(info.valueSize), `value of "${info.name}"`);
  }

  /** Adds a value; nothing can be taken out again. */
  add(leaf: Leaf): this {
    callHost("map_update", { map: this.requireOpen(), flags: 0 }, this.codec.encode(leaf));
    return this;
  }

  /** False when the value was never added; true when it was, and now and then when it was not. */
  has(leaf: Leaf): boolean {
    return callHost("map_lookup", { map: this.requireOpen(), remove: false }, this.codec.encode(leaf)) !== undefined;
  }
}
