import type { MapKind } from "../../../sdk/abi/map-kinds.ts";
import { MapError } from "../../base/errors.ts";
import { errno, renderErrno } from "../door/errno.ts";
import type { Status } from "../door/port.ts";

/** What messages say of a map. */
export interface NamedMap {
  readonly name: string;
  /** Undefined for a kind of a newer kernel. */
  readonly kind: MapKind | undefined;
  readonly maxEntries: number;
}

/** What the kernel does not like about a key or a value that was to be written. */
export function describeMapUpdate(map: NamedMap, status: Status): MapError {
  if (map.kind?.keys === "index" && status === errno.E2BIG)
    return new MapError(`Cannot write to "${map.name}": its indices go from 0 to ${map.maxEntries - 1}`, {
      errno: -status,
      reason: "out_of_range",
    });
  if (status === errno.E2BIG || status === errno.ENOSPC || (status === errno.ENOMEM && map.kind?.keys !== "none")) {
    return new MapError(`Cannot write to "${map.name}": it is full, it holds ${map.maxEntries} entries`, {
      errno: -status,
      reason: "full",
      hint: "make it larger where the C text declares it, or delete entries",
    });
  }
  if (status === errno.ENOENT)
    return new MapError(`Cannot write to "${map.name}": the key is not there`, {
      errno: -status,
      reason: "no_such_key",
    });
  if (status === errno.EEXIST)
    return new MapError(`Cannot write to "${map.name}": the key is there already`, {
      errno: -status,
      reason: "exists",
    });
  return describeMapFailure(map, "write to", status);
}

/** What the kernel does not do with a map. `action` stands before the map's name: `read`. */
export function describeMapFailure(map: NamedMap, action: string, status: Status): MapError {
  if (
    map.kind?.isOpaque === true &&
    (status === errno.ENOTSUPP || status === errno.EOPNOTSUPP || status === errno.ENOSPC)
  )
    return new MapError(`Cannot ${action} "${map.name}": the kernel does not tell what is in a map of this kind`, {
      errno: -status,
      reason: "unsupported",
    });
  return new MapError(`Cannot ${action} "${map.name}" (${renderErrno(status)})`, { errno: -status });
}
