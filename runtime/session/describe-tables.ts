import type { TypedTable } from "../object/render-types.ts";
import type { BuiltUnit } from "./build-unit.ts";
import { isPerCpu } from "./map-kinds.ts";

/** Source: enum bpf_map_type: perf event array, ring buffer. */
const eventKinds: readonly number[] = [4, 27];

/** The tables of a built unit as a script asks for them; what the dialect and libbpf add is left out. */
export function describeTables(unit: BuiltUnit): TypedTable[] {
  const tables = unit.spec.maps.filter(({ name }) => !name.startsWith("__bpfts_") && !name.startsWith("."));
  return tables.map(({ name, type, key, value }) => {
    if (!eventKinds.includes(type)) return { name, ...(key && { key }), ...(value && { leaf: value }), perCpu: isPerCpu(type) };
    const event = unit.spec.structs[unit.eventStructs[name] ?? ""];
    return { name, ...(event && { leaf: event }), perCpu: false };
  });
}
