import type { TypedTable } from "../object/render-types.ts";
import type { BuiltUnit } from "../session/build/build-unit.ts";
import { findMapKind } from "../../sdk/abi/map-kinds.ts";

/** What the SDK's table classes take instead of bytes. */
const keyTypes = { socket: "SocketReference", file: "string", process: "number", cgroup: "string" } as const;
const leafTypes = {
  function: "BpfFunction",
  cgroup: "string",
  map: "TableReference",
  socket: "SocketReference",
} as const;

/** The tables of a built unit as a script asks for them; what the dialect and libbpf add is left out. */
export function describeTables(unit: Pick<BuiltUnit, "spec" | "eventStructs">): TypedTable[] {
  const tables = unit.spec.maps.filter(({ name }) => !name.startsWith("__bpfts_") && !name.startsWith("."));
  return tables.map(({ name, type, key, value }) => {
    const kind = findMapKind(type);
    if (kind?.carriesEvents !== true) {
      const typed = {
        ...(key && { key }),
        ...(value && { leaf: value }),
        ...(kind?.owner && { key: keyTypes[kind.owner] }),
        ...(kind?.holds && { leaf: leafTypes[kind.holds] }),
      };
      return { name, ...typed, perCpu: kind?.isPerCpu === true };
    }
    const event = unit.spec.structs[unit.eventStructs[name] ?? ""];
    return { name, ...(event && { leaf: event }), perCpu: false };
  });
}
