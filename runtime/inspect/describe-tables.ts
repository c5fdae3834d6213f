import type { TypedTable } from "../object/render-types.ts";
import type { BuiltUnit } from "../session/build/build-unit.ts";
import { isPerCpu } from "../session/load/map-kinds.ts";

/** Source: enum bpf_map_type: perf event array, ring buffer, user ring buffer. */
const eventKinds: readonly number[] = [4, 27, 31];

/** The kinds whose keys or values are things of the script instead of bytes, by enum bpf_map_type. The SDK's table classes know them so. */
const things: Readonly<Record<number, Pick<TypedTable, "key" | "leaf">>> = {
  3: { leaf: "BpfFunction" },
  8: { leaf: "string" },
  12: { leaf: "TableReference" },
  13: { leaf: "TableReference" },
  15: { leaf: "SocketReference" },
  17: { leaf: "SocketReference" },
  18: { leaf: "SocketReference" },
  20: { leaf: "SocketReference" },
  24: { key: "SocketReference" },
  28: { key: "string" },
  29: { key: "number" },
  32: { key: "string" },
};

/** The tables of a built unit as a script asks for them; what the dialect and libbpf add is left out. */
export function describeTables(unit: BuiltUnit): TypedTable[] {
  const tables = unit.spec.maps.filter(({ name }) => !name.startsWith("__bpfts_") && !name.startsWith("."));
  return tables.map(({ name, type, key, value }) => {
    if (!eventKinds.includes(type))
      return { name, ...(key && { key }), ...(value && { leaf: value }), ...things[type], perCpu: isPerCpu(type) };
    const event = unit.spec.structs[unit.eventStructs[name] ?? ""];
    return { name, ...(event && { leaf: event }), perCpu: false };
  });
}
