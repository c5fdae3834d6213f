import { MAX, requireInteger } from "../checks/check-options.ts";
import { makeBytesLayout, makeTableCodec } from "../codec/codec.ts";
import type { Codec } from "../codec/codec.ts";
import { callHost } from "../wire/host.ts";
import type { MapReply } from "../wire/protocol.ts";
import { TableBase } from "./table-base.ts";
import type { TableOwner } from "./table-base.ts";
import { BPF_EXIST } from "./table.ts";

const NO_KEY = new Uint8Array(0);

/**
 * A queue (first in, first out) or a stack (last in, first out) between the script and its programs.
 *
 * @example
 * import { BPF, print } from "bpfts";
 * const b = new BPF({ text: `BPF_QUEUE(jobs, u32, 10);` });
 * b.tables.jobs.push(1);
 * b.tables.jobs.push(2);
 * print(b.tables.jobs.pop()); // 1
 */
export class QueueStackTable<Leaf = unknown> extends TableBase {
  /** For `push`: makes room in a full queue by dropping its oldest value. */
  static readonly BPF_EXIST: typeof BPF_EXIST = BPF_EXIST;
  private readonly queueCodec: Codec<Leaf>;

  constructor(info: MapReply, owner: TableOwner) {
    super(info, owner);
    this.queueCodec = makeTableCodec<Leaf>(info.value ?? makeBytesLayout(info.valueSize), `value of "${info.name}"`);
  }

  protected override get usage(): string {
    return "push(value), pop() and peek() are its calls";
  }

  /** @throws BpfError when it is full and `flags` is not `BPF_EXIST` */
  push(leaf: Leaf, flags = 0): void {
    if (flags !== 0) requireInteger("push()", "its flags, the second argument,", flags, 0, MAX.u32);
    callHost("map_update", { map: this.requireOpen(), flags }, this.queueCodec.encode(leaf));
  }

  /** Takes the next value out, undefined when there is none. */
  pop(): Leaf | undefined {
    return this.read(true);
  }

  /** The next value, left where it is; undefined when there is none. */
  peek(): Leaf | undefined {
    return this.read(false);
  }

  /** Takes all values out, one after another. */
  *values(): IterableIterator<Leaf> {
    for (let leaf = this.pop(); leaf !== undefined; leaf = this.pop()) yield leaf;
  }

  [Symbol.iterator](): IterableIterator<Leaf> {
    return this.values();
  }

  private read(remove: boolean): Leaf | undefined {
    const bytes = callHost("map_lookup", { map: this.requireOpen(), remove }, NO_KEY);
    return bytes === undefined ? undefined : this.queueCodec.decode(bytes);
  }
}
