import { MapError, ArgumentError } from "../../base/errors.ts";
import { errno, renderErrno } from "../../kernel/door/errno.ts";
import type { MapRequest } from "../../kernel/load/load-object.ts";
import type { Handle, KernelPort } from "../../kernel/door/port.ts";
import type { BuiltUnit } from "../build/build-unit.ts";

/** Maps that one program offers to the ones built after it. Source: BCC's `public`, `shared` and `extern` tables. */
export type SharedMaps = Map<string, Handle>;

/** What is there already of a unit's maps. */
export interface ExistingMaps {
  readonly sharedMaps: SharedMaps;
  readonly pinned: ReadonlyMap<string, Handle>;
  /** Tables of an earlier version of the script. */
  readonly kept?: ReadonlyMap<string, Handle>;
}

/** What the maps of a unit need beyond their C definition. @throws ArgumentError when an extern table has nobody who declares it */
export function planMaps(unit: Pick<BuiltUnit, "maps">, { sharedMaps, pinned, kept }: ExistingMaps): MapRequest[] {
  return unit.maps.flatMap(({ name, sharing, pinPath }): MapRequest[] => {
    if (sharing === "extern") {
      const existing = sharedMaps.get(name);
      if (existing === undefined)
        throw new ArgumentError(
          `Cannot use the extern table "${name}": no program of this script has a public or shared table of that name`,
          { hint: "build the program that declares it with BPF_TABLE_PUBLIC first" },
        );
      return [{ name, existing }];
    }
    const existing = pinned.get(name) ?? kept?.get(name);
    if (existing !== undefined) return [{ name, existing }];
    return pinPath === undefined ? [] : [{ name, pinPath }];
  });
}

/**
 * Opens the maps of a unit that are pinned where it says. As in BCC they are taken as they are, however many entries they have; but a map that
 * the program would misread is refused. Owner: the caller closes them once the unit is loaded.
 *
 * @throws MapError when what is pinned there does not fit
 */
export function openPinnedMaps(unit: Pick<BuiltUnit, "maps" | "spec">, port: KernelPort): Map<string, Handle> {
  const opened = new Map<string, Handle>();
  try {
    for (const { name, pinPath } of unit.maps) {
      if (pinPath === undefined) continue;
      const handle = port.mapOpenPinned(pinPath);
      if (handle === errno.ENOENT) continue;
      if (handle < 0)
        throw new MapError(`Cannot use what is pinned at "${pinPath}" as "${name}" (${renderErrno(handle)})`);
      opened.set(name, handle);
      requireFit(unit, port, name, pinPath, handle);
    }
  } catch (error) {
    for (const handle of opened.values()) port.mapClose(handle);
    throw error;
  }
  return opened;
}

function requireFit(
  unit: Pick<BuiltUnit, "spec">,
  port: KernelPort,
  name: string,
  pinPath: string,
  handle: Handle,
): void {
  const spec = unit.spec.maps.find((map) => map.name === name);
  const info = port.mapInfo(handle);
  if (spec === undefined || typeof info === "number") return;
  const rows = [
    { found: info.type, wanted: spec.type, say: (type: number) => `it is of kind ${type}` },
    { found: info.keySize, wanted: spec.key?.size ?? 0, say: (size: number) => `its keys have ${size} bytes` },
    { found: info.valueSize, wanted: spec.value?.size ?? 0, say: (size: number) => `its values have ${size} bytes` },
  ];
  const wrong = rows.find(({ found, wanted }) => found !== wanted);
  if (wrong === undefined) return;
  throw new MapError(
    `Cannot use the map pinned at "${pinPath}" as "${name}": ${wrong.say(wrong.found)}, the C text says ${wrong.wanted}`,
    { hint: "declare it as it is (bpftool map show pinned PATH), or give another path" },
  );
}
