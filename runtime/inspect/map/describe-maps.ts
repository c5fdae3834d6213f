import { findMapKind } from "../../../sdk/abi/map-kinds.ts";
import { describeHolders, renderHolders } from "../objects/describe-holders.ts";
import type { HolderRow } from "../objects/describe-holders.ts";
import type { LiveObjects } from "../objects/live-objects.ts";
import { renderColumns, renderFacts } from "../objects/render-columns.ts";
import { nameProgramType } from "../prog/describe-programs.ts";
import { readMapNotes } from "../../kernel/live/map-info.ts";
import type { MapInfo } from "../../kernel/live/map-info.ts";
import { renderDeclaration } from "../../object/render-c.ts";

/** A map as `--json` prints it; what bpftool prints too has its name there. */
export interface MapRow {
  readonly id: number;
  readonly type: string;
  readonly name: string;
  readonly flags: number;
  readonly bytes_key: number;
  readonly bytes_value: number;
  readonly max_entries: number;
  readonly bytes_memlock?: number;
  /** Of a table of programs: what may go into it. */
  readonly owner_prog_type?: string;
  readonly owner_jited?: boolean;
  readonly frozen: boolean;
  readonly btf_id?: number;
  /** In C; absent where no type information says so. */
  readonly key_type?: string;
  readonly value_type?: string;
  readonly program_ids: readonly number[];
  readonly pids: readonly HolderRow[];
  readonly pinned: readonly string[];
}

/** The name of a map's type in the kernel's words; a number for one of a newer kernel. */
export function nameMapType(type: number): string {
  return findMapKind(type)?.name.toLowerCase() ?? `type ${type}`;
}

/** Describes maps: what they are, who has them and which programs use them. */
export function describeMaps(objects: LiveObjects, maps: readonly MapInfo[]): readonly MapRow[] {
  return maps.map((map) => {
    const types = objects.findTypes(map.btfId)?.types;
    const name = (id: number): string | undefined =>
      types === undefined || id === 0 ? undefined : renderDeclaration(types, id).split("\n")[0]!;
    const [key, value] = [name(map.keyType), name(map.valueType)];
    const { memoryBytes, isFrozen, programs } = readMapNotes(objects.port, map.id);
    return {
      id: map.id,
      type: nameMapType(map.type),
      name: map.name,
      flags: map.flags,
      bytes_key: map.keyBytes,
      bytes_value: map.valueBytes,
      max_entries: map.maxEntries,
      ...(memoryBytes !== undefined && { bytes_memlock: memoryBytes }),
      ...(programs !== undefined && {
        owner_prog_type: nameProgramType(programs.type),
        owner_jited: programs.areJited,
      }),
      frozen: isFrozen,
      ...(map.btfId > 0 && { btf_id: map.btfId }),
      ...(key !== undefined && { key_type: key }),
      ...(value !== undefined && { value_type: value }),
      program_ids: objects
        .listPrograms()
        .filter(({ mapIds }) => mapIds.includes(map.id))
        .map(({ id }) => id),
      pids: describeHolders(objects.listHolders("map", map.id)),
      pinned: objects.listPins("map", map.id),
    };
  });
}

/** Renders a table of maps. */
export function renderMaps(rows: readonly MapRow[]): string {
  return renderColumns(
    ["ID", "TYPE", "NAME", "KEY", "VALUE", "MAX", "PROGRAMS", "HELD BY"],
    rows.map((row) => [
      row.id,
      row.type,
      row.name,
      renderType(row.key_type, row.bytes_key),
      renderType(row.value_type, row.bytes_value),
      row.max_entries,
      row.program_ids.join(" ") || "-",
      renderHolders(row.pids, row.pinned),
    ]),
  );
}

/** Renders all that is known of one map. */
export function renderMap(objects: LiveObjects, row: MapRow): string {
  const list = (texts: readonly string[]): string | undefined => (texts.length === 0 ? undefined : texts.join(", "));
  const programs = row.program_ids.map((id) => {
    const program = objects.findProgram(id);
    return program === undefined ? String(id) : `${id} ${objects.nameProgram(program)}`;
  });
  return `map ${row.id}  ${row.type}  ${row.name}\n${renderFacts({
    key: renderType(row.key_type, row.bytes_key),
    value: renderType(row.value_type, row.bytes_value),
    "max entries": row.max_entries,
    flags: row.flags === 0 ? undefined : `0x${row.flags.toString(16)}`,
    memory: row.bytes_memlock === undefined ? undefined : `${row.bytes_memlock} bytes`,
    takes:
      row.owner_prog_type === undefined
        ? undefined
        : `programs of type ${row.owner_prog_type}, ${row.owner_jited === true ? "compiled to machine code" : "interpreted"}`,
    frozen: row.frozen ? "yes: user space may not write into it" : undefined,
    types: row.btf_id === undefined ? "none: keys and values are bytes" : `BTF ${row.btf_id}`,
    programs: list(programs),
    "held by": list(
      row.pids.map(
        ({ pid, comm, cgroup, container }) => `${comm} (pid ${pid}, ${container ?? `cgroup ${cgroup || "unknown"}`})`,
      ),
    ),
    pinned: list(row.pinned),
  })}`;
}

function renderType(type: string | undefined, bytes: number): string {
  if (type !== undefined) return type.endsWith("{") ? `${type} … }` : type;
  return bytes === 0 ? "-" : `${bytes} bytes`;
}
