import { basename, normalize } from "node:path";
import { MapError, ArgumentError, InternalError, PrivilegeError } from "../../base/errors.ts";
import { errno, renderErrno } from "../../kernel/door/errno.ts";
import type { MapRequest } from "../../kernel/load/load-object.ts";
import type { Handle, KernelPort } from "../../kernel/door/port.ts";
import { readBtfBlob } from "../../kernel/live/btf-blob.ts";
import { readMapInfo } from "../../kernel/live/map-info.ts";
import { parseBtf } from "../../object/btf.ts";
import { describeLayout } from "../../object/describe-layout.ts";
import type { MapSpec } from "../../object/spec.ts";
import { findMapKind } from "../../../sdk/abi/map-kinds.ts";
import type { BuiltUnit } from "../build/build-unit.ts";
import { findLayoutChange } from "./compare-layouts.ts";

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
 * the program would misread is refused. A check, which runs nothing, needs nothing to be there. Owner: the caller closes them once the unit is loaded.
 *
 * @throws MapError when what is pinned there does not fit, and when nothing is where something must be
 */
export function openPinnedMaps(
  unit: Pick<BuiltUnit, "maps" | "spec">,
  port: KernelPort,
  runs: boolean,
): Map<string, Handle> {
  const opened = new Map<string, Handle>();
  const paths = new Map<string, string>();
  try {
    for (const { name, pinPath, mustExist } of unit.maps) {
      if (pinPath === undefined) continue;
      const path = normalize(pinPath);
      const other = paths.get(path);
      if (other !== undefined)
        throw new ArgumentError(`Cannot pin the tables "${other}" and "${name}" at one path, "${path}"`, {
          hint: "give each a path of its own",
        });
      paths.set(path, name);
      const handle = port.mapOpenPinned(pinPath);
      if (handle === errno.ENOENT && mustExist === true && runs)
        throw new MapError(`Cannot open the table "${name}": nothing is pinned at "${pinPath}"`, {
          hint: "start the script that pins it",
        });
      if (handle === errno.ENOENT) continue;
      if (handle < 0)
        throw new MapError(`Cannot use what is pinned at "${pinPath}" as "${name}" (${renderErrno(handle)})`, {
          errno: -handle,
          ...advisePath(pinPath, handle),
        });
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
    { found: info.type, wanted: spec.type, what: "it is of kind", show: nameKind },
    { found: info.keySize, wanted: spec.key?.size ?? 0, what: "its keys have", show: nameSize },
    { found: info.valueSize, wanted: spec.value?.size ?? 0, what: "its values have", show: nameSize },
  ];
  const wrong = rows.find(({ found, wanted }) => found !== wanted);
  const said = wrong && `${wrong.what} ${wrong.show(wrong.found)}, the C text says ${wrong.show(wrong.wanted)}`;
  const reason = said ?? findTypeChange(port, info.id, spec);
  if (reason === undefined) return;
  throw new MapError(`Cannot use the map pinned at "${pinPath}" as "${name}": ${reason}`, {
    hint: `declare it as it is (bpfts map show ${pinPath}), remove the file (rm ${pinPath}), or give another path`,
  });
}

function nameKind(type: number): string {
  return findMapKind(type)?.name.toLowerCase() ?? String(type);
}

function nameSize(size: number): string {
  return `${size} bytes`;
}

/** What is wrong with a path at which nothing can be opened. */
function advisePath(path: string, status: number): { readonly hint?: string } {
  if (status === errno.EPERM && basename(path).includes("."))
    return { hint: "names in a BPF file system have no dots" };
  if (status === errno.EACCES) return { hint: "it is a folder, or this user may not read it: name a file in it" };
  if (status === errno.ENOTDIR)
    return { hint: "a part of the path is no folder: bpfts map shows what is pinned where" };
  if (status === errno.EINVAL || status === errno.ENODEV) return { hint: "it is no map: give another path" };
  return {};
}

/** How the types of a map differ from those of the C text; undefined where they do not, and where the kernel knows none or does not tell. */
function findTypeChange(port: KernelPort, id: number, { key, value }: MapSpec): string | undefined {
  try {
    const info = readMapInfo(port, id);
    const blob = info === undefined || info.btfId === 0 ? undefined : readBtfBlob(port, info.btfId);
    if (info === undefined || blob === undefined || blob.isKernel) return undefined;
    const types = parseBtf(blob.bytes);
    for (const [side, type, wanted] of [
      ["keys", info.keyType, key],
      ["values", info.valueType, value],
    ] as const) {
      const change = type === 0 || wanted == null ? undefined : findLayoutChange(describeLayout(types, type), wanted);
      if (change !== undefined) return `its ${side} have ${change}`;
    }
  } catch (error) {
    if (!(error instanceof PrivilegeError || error instanceof InternalError)) throw error;
  }
  return undefined;
}
