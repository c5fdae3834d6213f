import { MapError } from "../../base/errors.ts";
import { openKeptTables } from "./kept-tables.ts";
import type { KeptTables, TableRecord } from "./kept-tables.ts";

/** Tables that the texts of a session share by their names. */
export interface SharedTables extends KeptTables {
  /** Whether texts take tables of earlier ones: a script's own programs may each have a table of one name. */
  areShared: boolean;
}

/** Opens the tables of a session. */
export function openSharedTables(): SharedTables {
  const records = new Map<string, TableRecord>();
  return {
    areShared: false,
    open(unit, port) {
      if (!this.areShared) return new Map();
      const one = openKeptTables([...records.values()]);
      const opened = one.open(unit, port);
      const [left] = one.left;
      if (left === undefined) return opened;
      for (const handle of opened.values()) port.mapClose(handle);
      throw new MapError(`The session has a table "${left.name}" already: ${left.reason}`, {
        hint: `give this text's table another name: name.count(…) in place of count(…)`,
      });
    },
    note(unit, object, port) {
      const one = openKeptTables([]);
      one.note(unit, object, port);
      for (const table of one.tables) if (!records.has(table.name)) records.set(table.name, table);
    },
    get tables() {
      return [...records.values()];
    },
    kept: [],
    left: [],
  };
}
