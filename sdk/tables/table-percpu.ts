import { makeBytesLayout, makeTableCodec } from "../codec/codec.ts";
import type { Codec } from "../codec/codec.ts";
import { makeMapError } from "../wire/errors.ts";
import type { Layout } from "../wire/layout.ts";
import type { MapReply } from "../wire/protocol.ts";
import { Table } from "./table.ts";
import type { TableOwner } from "./table-base.ts";

/**
 * A map with a value of its own for each CPU. Values are arrays with one entry for each possible CPU;
 * `sum`, `average`, `min` and `max` put the numbers of one key together.
 *
 * @example
 * import { BPF, possible_cpus, print } from "bpfts";
 * const b = new BPF({ text: `BPF_PERCPU_ARRAY(faults, u64, 1);` });
 * b.tables.faults.set(0, Array.from({ length: possible_cpus }, () => 2n));
 * print(b.tables.faults.sum(0) === 2n * BigInt(possible_cpus)); // true
 */
export class PerCpuTable<Key = unknown, Leaf = unknown> extends Table<Key, Leaf[]> {
  constructor(info: MapReply, owner: TableOwner) {
    super(info, owner, makeCpuCodec<Leaf>(info, owner.cpus));
  }

  /** Sets the values of a key: an array with one for each CPU. @throws BpfError for an array of another length */
  override set(key: Key, leaf: Leaf[], flags?: number): this {
    return super.set(key, leaf, flags);
  }

  /** The sum over all CPUs; zero when there is no such key. Shape: bigint for 64-bit values, else number. */
  sum(key: Key): Leaf {
    return this.reduce(key, sumUp) as Leaf;
  }

  /** The mean over all CPUs, those that counted nothing too. Shape: number. */
  average(key: Key): number {
    return this.reduce(
      key,
      (values) => values.reduce<number>((sum, value) => sum + Number(value), 0) / values.length,
    ) as number;
  }

  /** The least value of all CPUs; zero when there is no such key. */
  min(key: Key): Leaf {
    return this.reduce(key, (values) => values.reduce((best, value) => (value < best ? value : best))) as Leaf;
  }

  /** The largest value of all CPUs; zero when there is no such key. */
  max(key: Key): Leaf {
    return this.reduce(key, (values) => values.reduce((best, value) => (value > best ? value : best))) as Leaf;
  }

  protected override rankValue(leaves: Leaf[]): unknown {
    return this.combine(leaves, sumUp);
  }

  protected override *countSlots(take = false): IterableIterator<readonly [Key, unknown]> {
    for (const [key, leaves] of this.readPairs(take)) yield [key, this.combine(leaves, sumUp)];
  }

  private reduce(key: Key, run: (values: (number | bigint)[]) => unknown): unknown {
    return this.combine(this.get(key) ?? [], run);
  }

  private combine(values: readonly unknown[], run: (values: (number | bigint)[]) => unknown): unknown {
    if (values.some((value) => typeof value !== "bigint" && typeof value !== "number")) {
      throw makeMapError(
        `Cannot put the CPUs' values of "${this.name}" together: they are no numbers`,
        "read them with get() and put them together yourself",
      );
    }
    if (values.length === 0) return run([zeroOf(this.info.value)]);
    return run(values as (number | bigint)[]);
  }
}

/** Nothing counted yet, as the values would be. */
function zeroOf(layout: Layout | null): number | bigint {
  const isBig = layout !== null && layout.size > 4 && !("numberOf" in layout);
  return isBig ? 0n : 0;
}

function sumUp(values: readonly (number | bigint)[]): number | bigint {
  return values.reduce(add, zeroLike(values[0]));
}

function add(a: number | bigint, b: number | bigint): number | bigint {
  return typeof a === "bigint" && typeof b === "bigint" ? a + b : Number(a) + Number(b);
}

function zeroLike(value: number | bigint | undefined): number | bigint {
  return typeof value === "bigint" ? 0n : 0;
}

function makeCpuCodec<Leaf>(info: MapReply, cpus: number): Codec<Leaf[]> {
  const stride = info.valueSize / cpus;
  const label = `value of "${info.name}"`;
  const one = makeTableCodec<Leaf>(info.value ?? makeBytesLayout(stride), label);
  const bind = (buffer: ArrayBuffer): ((offset: number) => Leaf[]) => {
    const read = one.bind(buffer);
    return (offset) => Array.from({ length: cpus }, (_, cpu) => read(offset + cpu * stride));
  };
  const encodeInto = (leaves: Leaf[], view: DataView, offset: number): void => {
    if (!Array.isArray(leaves) || leaves.length !== cpus) {
      throw makeMapError(`Cannot write ${label}: it holds an array with one value for each of ${cpus} CPUs`);
    }
    leaves.forEach((leaf, cpu) => one.encodeInto(leaf, view, offset + cpu * stride));
  };
  return {
    size: info.valueSize,
    bind,
    decode: (bytes) => bind(bytes.slice().buffer)(0),
    encode(leaves) {
      const bytes = new Uint8Array(info.valueSize);
      encodeInto(leaves, new DataView(bytes.buffer), 0);
      return bytes;
    },
    encodeInto,
    bindWriter: (buffer) => {
      const view = new DataView(buffer);
      return (leaves, offset) => encodeInto(leaves as Leaf[], view, offset);
    },
  };
}
