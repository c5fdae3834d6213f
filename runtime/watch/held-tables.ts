import type { Closable } from "../base/scope.ts";
import { openAddon } from "../kernel/door/addon.ts";
import type { TableRecord } from "../session/load/kept-tables.ts";

/** Tables that stay in the kernel although no version of the script holds them. Owner: the caller closes them. */
export type HeldTables = Closable;

/** Holds the maps of tables. What may not be opened is not held: the next version says that it starts empty. */
export function holdTables(tables: readonly TableRecord[]): HeldTables {
  const port = openAddon();
  const handles = tables.map(({ id }) => port.mapOpenId(id)).filter((handle) => handle >= 0);
  return {
    close() {
      for (const handle of handles.splice(0)) port.mapClose(handle);
    },
  };
}
