import type { Layout } from "../../../sdk/wire/layout.ts";
import { findMapKind } from "../../../sdk/abi/map-kinds.ts";
import type { Handle, KernelPort } from "../../kernel/door/port.ts";
import type { LoadedObject } from "../../kernel/load/load-object.ts";
import type { MapSpec } from "../../object/spec.ts";
import type { BuiltUnit } from "../build/build-unit.ts";

/** A table of one version of a script, as the next version finds it. Plain data: it crosses between processes. */
export interface TableRecord {
  readonly name: string;
  /** Which of the tables of that name it is, in the order of the script's programs. Units: from 0. */
  readonly turn: number;
  /** The kernel's number of the map. */
  readonly id: number;
  readonly type: number;
  readonly key: Layout | null;
  readonly value: Layout | null;
  readonly maxEntries: number;
  readonly flags: number;
}

/** A table of the version before that this one cannot go on with, and why. */
export interface LeftTable {
  readonly name: string;
  readonly reason: string;
}

/** The tables of a script whose versions follow each other: those of the version before, and those of this one. */
export interface KeptTables {
  /** Opens the maps of the version before that a unit goes on with. Owner: the caller closes them once the unit is loaded. */
  open(unit: Pick<BuiltUnit, "maps" | "spec">, port: KernelPort): Map<string, Handle>;
  /** Notes the tables of a unit that was loaded. */
  note(unit: Pick<BuiltUnit, "maps" | "spec">, object: Pick<LoadedObject, "findMap">, port: KernelPort): void;
  readonly tables: readonly TableRecord[];
  /** Names of those that this version goes on with. */
  readonly kept: readonly string[];
  readonly left: readonly LeftTable[];
}

/** Opens the record of a version's tables. */
export function openKeptTables(before: readonly TableRecord[]): KeptTables {
  const tables: TableRecord[] = [];
  const kept: string[] = [];
  const left: LeftTable[] = [];
  const countNamed = (name: string): number => tables.filter((table) => table.name === name).length;

  return {
    open(unit, port) {
      const opened = new Map<string, Handle>();
      for (const spec of listTables(unit)) {
        const old = before.find(({ name, turn }) => name === spec.name && turn === countNamed(name));
        if (old === undefined) continue;
        const reason = findChange(old, spec);
        const handle = reason === undefined ? port.mapOpenId(old.id) : undefined;
        if (handle !== undefined && handle >= 0) {
          opened.set(spec.name, handle);
          kept.push(spec.name);
        } else left.push({ name: spec.name, reason: reason ?? unreadable });
      }
      return opened;
    },
    note(unit, object, port) {
      for (const spec of listTables(unit)) {
        const handle = object.findMap(spec.name);
        const info = handle === undefined ? -1 : port.mapInfo(handle);
        if (typeof info !== "number")
          tables.push({ ...describeTable(spec), name: spec.name, turn: countNamed(spec.name), id: info.id });
      }
    },
    tables,
    kept,
    left,
  };
}

const unreadable = "this user may not open a map by its id (CAP_SYS_ADMIN)";

/** Maps that the text itself declares and that hold values. A map of objects of the kernel's holds the programs and maps of one version. */
function listTables({ maps, spec }: Pick<BuiltUnit, "maps" | "spec">): readonly MapSpec[] {
  const shared = new Set(
    maps.filter(({ sharing, pinPath }) => sharing === "extern" || pinPath !== undefined).map(({ name }) => name),
  );
  return spec.maps.filter(({ name, type }) => {
    const kind = findMapKind(type);
    const holdsValues = kind !== undefined && kind.holds === undefined && kind.carriesEvents !== true;
    return holdsValues && !/^(?:\.|__bpf)/.test(name) && !shared.has(name);
  });
}

function describeTable({ type, key, value, maxEntries, flags }: MapSpec): Omit<TableRecord, "id" | "name" | "turn"> {
  return { type, key: key ?? null, value: value ?? null, maxEntries, flags };
}

/** Why a table cannot go on with the map of the one before; undefined when it can. */
function findChange(old: TableRecord, spec: MapSpec): string | undefined {
  const fresh = describeTable(spec);
  if (old.type !== fresh.type) return `it was of kind ${nameKind(old.type)} and is of kind ${nameKind(fresh.type)}`;
  if (!isSame(old.key, fresh.key)) return "the type of its keys has changed";
  if (!isSame(old.value, fresh.value)) return "the type of its values has changed";
  if (old.maxEntries !== fresh.maxEntries)
    return `it had room for ${old.maxEntries} entries and has for ${fresh.maxEntries}`;
  return old.flags === fresh.flags ? undefined : "its flags have changed";
}

function isSame(one: Layout | null, other: Layout | null): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

function nameKind(type: number): string {
  return findMapKind(type)?.name ?? String(type);
}
