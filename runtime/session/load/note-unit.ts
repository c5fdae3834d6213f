import type { MapSpec } from "../../object/spec.ts";
import type { Guard } from "../../permit/guard.ts";
import type { BuiltUnit } from "../build/build-unit.ts";
import { findMapKind } from "../../../sdk/abi/map-kinds.ts";

/** Tells a guard what a unit's maps ask for. */
export function noteUnit(guard: Guard, unit: BuiltUnit, cpus: number): void {
  for (const { pinPath } of unit.maps) if (pinPath !== undefined) guard.notePin(pinPath);
  guard.noteMapBytes(measureMaps(unit.spec.maps, cpus));
}

/** How much memory the entries of maps take when they are full. Units: bytes. */
function measureMaps(maps: readonly MapSpec[], cpus: number): number {
  return maps.reduce((sum, { type, maxEntries, key, value }) => {
    const kind = findMapKind(type);
    // The size of a ring is in bytes.
    if (kind?.carriesEvents === true && kind.keys === undefined) return sum + maxEntries;
    return sum + maxEntries * ((key?.size ?? 0) + (value?.size ?? 0) * (kind?.isPerCpu === true ? cpus : 1));
  }, 0);
}
