import { makeArgumentError } from "../wire/errors.ts";
import type { Layout } from "../wire/layout.ts";
import type { MapReply } from "../wire/protocol.ts";
import type { EventTable } from "../events/table-ring.ts";
import type { BloomFilterTable } from "../tables/table-bloom.ts";
import type { PerCpuTable } from "../tables/table-percpu.ts";
import type { QueueStackTable } from "../tables/table-queue.ts";
import type { BuildIdStackTable, StackTraceTable } from "../tables/table-stack-trace.ts";
import type { StorageTable } from "../tables/table-storage.ts";
import type { Table } from "../tables/table.ts";

/**
 * What 64-bit integers of C are in the script.
 *
 * @example
 * import { BPF, print, type Integers } from "bpfts";
 * const u64: Integers = "number";
 * const b = new BPF({ text: `BPF_ARRAY(totals, u64, 1);` });
 * print(b.get_table("totals", { u64 }).get(0)); // 0
 */
export type Integers = "bigint" | "number";

/**
 * How a table hands its values over.
 *
 * @example
 * import { BPF, print, type TableOptions } from "bpfts";
 * const options: TableOptions<"number"> = { u64: "number" };
 * const b = new BPF({ text: `BPF_ARRAY(totals, u64, 1);` });
 * print((b.get_table("totals", options).get(0) ?? 0) + 1); // 1
 */
export interface TableOptions<U64 extends Integers = Integers> {
  /**
   * What 64-bit integers of C are in the script: `"bigint"` unless given. As `"number"` they mix with other numbers; a value past 2^53,
   * which a number would round, is an error that names its field.
   */
  readonly u64?: U64 | undefined;
}

/** A value with numbers in the place of bigints. */
export type ValueAs<Value, U64 extends Integers> = U64 extends "number" ? NumberValue<Value> : Value;

type NumberValue<Value> = Value extends bigint
  ? number
  : Value extends string | number | boolean | Uint8Array | undefined
    ? Value
    : Value extends readonly (infer Each)[]
      ? NumberValue<Each>[]
      : unknown extends Value
        ? Value
        : { [Name in keyof Value]: NumberValue<Value[Name]> };

/** A table with numbers in the place of bigints. */
export type TableAs<Given, U64 extends Integers> = U64 extends "number" ? NumberTable<Given> : Given;

type NumberTable<Given> = Given extends StackTraceTable | BuildIdStackTable
  ? Given
  : Given extends PerCpuTable<infer Key, infer Leaf>
    ? PerCpuTable<NumberValue<Key>, NumberValue<Leaf>>
    : Given extends Table<infer Key, infer Leaf>
      ? Table<NumberValue<Key>, NumberValue<Leaf>>
      : Given extends EventTable<infer Event>
        ? EventTable<NumberValue<Event>>
        : Given extends QueueStackTable<infer Leaf>
          ? QueueStackTable<NumberValue<Leaf>>
          : Given extends BloomFilterTable<infer Leaf>
            ? BloomFilterTable<NumberValue<Leaf>>
            : Given extends StorageTable<infer Owner, infer Leaf>
              ? StorageTable<Owner, NumberValue<Leaf>>
              : Given;

/** @throws BpfError for what is neither */
export function requireIntegers(given: unknown): Integers {
  if (given === undefined || given === "bigint" || given === "number") return given ?? "bigint";
  throw makeArgumentError(`u64 is "bigint" or "number", got ${JSON.stringify(given) ?? String(given)}`);
}

/** A map whose 64-bit integers are read as numbers. */
export function readAsNumbers(info: MapReply): MapReply {
  const mark = (layout: Layout | null, place: string): Layout | null =>
    layout === null ? null : markLayout(layout, `${place} of "${info.name}"`, "");
  return {
    ...info,
    key: mark(info.key, "the key"),
    value: mark(info.value, "the value"),
    event: mark(info.event, "the event"),
  };
}

/** A layout of which 64-bit integers are read as numbers; `place` names it in messages. */
export function readLayoutAsNumbers(layout: Layout, place: string): Layout {
  return markLayout(layout, place, "");
}

function markLayout(layout: Layout, place: string, path: string): Layout {
  switch (layout.kind) {
    case "float":
      return layout;
    case "array":
      return { ...layout, element: markLayout(layout.element, place, `${path}[]`) };
    case "struct":
    case "union":
      return {
        ...layout,
        members: layout.members.map((member) => ({
          ...member,
          layout: markLayout(
            member.layout,
            place,
            member.name === "" ? path : path === "" ? member.name : `${path}.${member.name}`,
          ),
        })),
      };
    default:
      return layout.size > 4 ? { ...layout, numberOf: path === "" ? place : `field "${path}" of ${place}` } : layout;
  }
}
