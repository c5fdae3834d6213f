import { ArgumentError } from "../../base/errors.ts";
import { findSimilar } from "../../base/similar.ts";
import type { TablePins } from "../build/build-request.ts";
import type { BuiltUnit } from "../build/build-unit.ts";

/** Gives tables of a unit the places that a script pins them at. What the C text itself says of a place counts no more. @throws ArgumentError for a name that no table has */
export function pinTables<Unit extends Pick<BuiltUnit, "maps" | "spec">>(unit: Unit, pins: TablePins): Unit {
  const names = unit.maps.map(({ name }) => name);
  for (const name of Object.keys(pins)) {
    if (names.includes(name)) continue;
    const isDeclaredOtherwise = unit.spec.maps.some((map) => map.name === name);
    const similar = findSimilar(name, names);
    const known = names.length === 0 ? "the C text declares none" : `its tables are: ${names.join(", ")}`;
    const hint = isDeclaredOtherwise
      ? "declare it by a macro of BCC's: BPF_TABLE, BPF_HASH and their like"
      : similar === undefined
        ? known
        : `did you mean "${similar}"?`;
    throw new ArgumentError(
      `Cannot pin the table "${name}": ${isDeclaredOtherwise ? 'SEC(".maps") declares it' : "the C text has no table of that name"}`,
      { hint },
    );
  }
  const maps = unit.maps.map((map) => {
    const pin = Object.hasOwn(pins, map.name) ? pins[map.name] : undefined;
    if (pin === undefined) return map;
    if (map.sharing === "extern")
      throw new ArgumentError(`Cannot pin the table "${map.name}": it is another program's (extern)`, {
        hint: "pin it where it is declared",
      });
    return { ...map, pinPath: pin.path, ...(!pin.create && { mustExist: true as const }) };
  });
  return { ...unit, maps };
}
