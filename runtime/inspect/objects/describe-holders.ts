import { findContainer } from "../../kernel/live/object-holders.ts";
import type { Holder } from "../../kernel/live/object-holders.ts";

/** A holder in JSON. */
export interface HolderRow extends Holder {
  readonly container?: string;
}

/** Describes who holds an object, with the containers that they are in. */
export function describeHolders(holders: readonly Holder[]): readonly HolderRow[] {
  return holders.map((holder) => {
    const container = findContainer(holder.cgroup);
    return { ...holder, ...(container !== undefined && { container }) };
  });
}

/** Renders what keeps an object alive: processes, pins, or nothing that shows. */
export function renderHolders(holders: readonly HolderRow[], pins: readonly string[]): string {
  const parts = [
    ...holders.map(({ comm, pid, container }) => `${comm}(${pid})${container === undefined ? "" : `@${container}`}`),
    ...pins,
  ];
  return parts.length === 0 ? "-" : parts.join(" ");
}
