import { showValue } from "../checks/check-options.ts";
import { listMemberNames } from "../codec/field-use.ts";
import { makeArgumentError } from "../wire/errors.ts";
import type { Layout } from "../wire/layout.ts";
import type { CancelOptions } from "./cancel.ts";

/**
 * What any way to read events may be given. With `timeout_ms` a loop over events ends quietly after that time, counted from its begin; events that came
 * before are delivered.
 *
 * @example
 * import { print, type EventOptions } from "bpfts";
 * const options: EventOptions = { timeout_ms: 500, by_time: true };
 * print(options.timeout_ms); // 500
 */
export interface EventOptions extends CancelOptions {
  /**
   * Hands events of all CPUs over in the order of their times, as the kernel took them when the program submitted each (on the clock of
   * `bpf_ktime_get_ns`), at the cost of some milliseconds. Without it only events of one CPU keep their order. A ring buffer has one order anyway.
   */
  readonly by_time?: boolean | undefined;
  /**
   * Fills one object again and again. A loop makes an object for each event without it, which takes longer than reading the event. The object holds an event
   * until the loop takes the next one: a script that keeps events leaves this out, or keeps copies: `{ ...event }`.
   */
  readonly reuse?: boolean | undefined;
}

/** The names of an event's members. */
export type FieldName<Event> = unknown extends Event ? string : keyof Event & string;

/** An event with the members that were asked for; `Fields` is `never` where all are. */
export type PickedEvent<Event, Fields extends string> = [Fields] extends [never]
  ? Event
  : unknown extends Event
    ? Event
    : Pick<Event, Fields & keyof Event>;

/** What chooses members of events. */
export interface FieldOptions<Fields extends string> {
  /** Reads these members of each event and leaves out the others: an event of twenty members costs what the two that are wanted do. */
  readonly fields?: readonly Fields[] | undefined;
}

/** @throws BpfError for members that the events of a buffer do not have */
export function requireFields(table: string, event: Layout | null, fields: readonly string[]): ReadonlySet<string> {
  if (event?.kind !== "struct")
    throw makeArgumentError(
      `Cannot choose fields of the events of "${table}": the C text does not tell their struct`,
      "leave out fields, or submit a variable of a struct that has a name",
    );
  const known = listMemberNames(event);
  const wrong = Array.isArray(fields) && fields.length > 0 ? fields.find((name) => !known.includes(name)) : "";
  if (wrong !== undefined)
    throw makeArgumentError(
      wrong === ""
        ? `fields takes the names of one or more members of the events of "${table}", got ${showValue(fields)}`
        : `The events of "${table}" have no field ${JSON.stringify(wrong)}`,
      `they have: ${known.join(", ")}`,
    );
  return new Set(fields);
}
