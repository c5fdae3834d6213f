import { makeClosedError } from "../wire/errors.ts";
import { showEntriesOf } from "../print/render-value.ts";
import type { MapReply } from "../wire/protocol.ts";
import { findNameHint, refuseUnknownNames } from "../wire/unknown-names.ts";

/** The program that a table belongs to, as far as the table cares. */
export interface TableOwner {
  readonly closed: boolean;
  readonly cpus: number;
  /** Why it is closed, where that is not the program's end. */
  readonly reason?: string | undefined;
}

/** What tables of every kind have: the map's own description, and no use once their program was closed. */
export abstract class TableBase {
  static {
    showEntriesOf(TableBase);
    refuseUnknownNames(TableBase.prototype, (table, name) => ({
      owner: Object.hasOwn(table, "name") ? `Table ${JSON.stringify((table as TableBase).name)}` : "a table",
      hint: findNameHint(table, name, (table as TableBase).usage),
    }));
  }

  readonly name: string;
  /** The kernel's own number for it, as `bpftool map` shows it. */
  readonly id: number;
  readonly max_entries: number;
  readonly flags: number;
  /** Source: enum bpf_map_type. */
  readonly ttype: number;
  protected readonly info: MapReply;
  protected readonly owner: TableOwner;

  constructor(info: MapReply, owner: TableOwner) {
    this.info = info;
    this.owner = owner;
    this.name = info.name;
    this.id = info.id;
    this.max_entries = info.maxEntries;
    this.flags = info.flags;
    this.ttype = info.type;
  }

  /** How it is used, for who took it for something else. */
  protected get usage(): string {
    return "an entry is read with get(key) and written with set(key, value)";
  }

  toString(): string {
    return `Table ${JSON.stringify(this.name)}`;
  }

  /** The host's number for the map. @throws BpfError when the program was closed */
  protected requireOpen(action = "use table"): number {
    if (this.owner.closed)
      throw makeClosedError(`Cannot ${action} "${this.name}": ${this.owner.reason ?? "its program was closed"}`);
    return this.info.map;
  }
}
