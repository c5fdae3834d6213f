import { MapError } from "../../base/errors.ts";
import { errno, renderErrno } from "../../kernel/door/errno.ts";
import type { MapBatch, Status } from "../../kernel/door/port.ts";
import { putDescriptor } from "../../kernel/door/use-descriptor.ts";
import { describeMapFailure, describeMapUpdate } from "../../kernel/live/map-failure.ts";
import { alignUp } from "../../../sdk/wire/protocol.ts";
import type { KernelObject } from "../../../sdk/wire/kernel-object.ts";
import type { OpenMap } from "./bridge-program.ts";
import type { BridgeState, Handlers } from "./bridge-state.ts";
import { withKernelObject } from "./kernel-objects.ts";
import type { ObjectLookups } from "./kernel-objects.ts";
import { findMapKind } from "../../../sdk/abi/map-kinds.ts";

type MapCall =
  | "map_lookup"
  | "map_update"
  | "map_delete"
  | "map_next_key"
  | "map_read_all"
  | "map_update_all"
  | "map_delete_all"
  | "map_count";

const HEADER_SIZE = 8;

/** The calls that read and write maps. Bytes pass through; sizes are checked before they do. */
export function openMapCalls(
  { port, guard }: BridgeState,
  requireMap: (map: number) => OpenMap,
  lookups: ObjectLookups,
): Handlers<MapCall> {
  /** Puts the descriptor of what the script has named in its place among the bytes, for as long as `use` takes. */
  const withDescriptor = <T>(object: KernelObject | undefined, bytes: Uint8Array, at: number, use: () => T): T => {
    if (object === undefined) return use();
    return withKernelObject(object, lookups, (descriptor) => {
      putDescriptor(port, descriptor, bytes, at);
      return use();
    });
  };

  return {
    map_lookup({ map, remove, key: object }, bytes) {
      const target = requireMap(map);
      const key = requireSize(target, bytes, target.kind?.keys === "value" ? target.valueSize : target.keySize, "key");
      const answer = withDescriptor(object, key, 0, () =>
        remove ? port.mapLookupAndDelete(target.handle, key) : port.mapLookup(target.handle, key, 0),
      );
      return typeof answer === "number" ? refuseMissing(target, "read", answer) : answer;
    },
    map_update({ map, flags, key: keyObject, value: valueObject }, bytes) {
      const target = requireMap(map);
      const entry = requireSize(target, bytes, target.keySize + target.crossingSize, "key and value");
      if (keyObject?.kind === "process") guard.noteProcess(keyObject.pid);
      if (keyObject?.kind === "socket") guard.noteProcess(keyObject.pid);
      if (valueObject?.kind === "socket")
        guard.admitSocket(valueObject.pid, target.name, findMapKind(target.type)?.holds === "socket");
      const status = withDescriptor(keyObject, entry, 0, () =>
        withDescriptor(valueObject, entry, target.keySize, () =>
          port.mapUpdate(target.handle, entry.slice(0, target.keySize), entry.slice(target.keySize), flags),
        ),
      );
      if (status < 0)
        throw valueObject === undefined
          ? describeMapUpdate(target, status)
          : describeReference(target, valueObject, status);
      return null;
    },
    map_delete({ map, key: object }, bytes) {
      const target = requireMap(map);
      const key = requireSize(target, bytes, target.keySize, "key");
      if (target.kind?.deletesBlindly === true && port.mapLookup(target.handle, key, 0) === errno.ENOENT) return false;
      const status = withDescriptor(object, key, 0, () =>
        target.kind?.isArray === true
          ? port.mapUpdate(target.handle, key, new Uint8Array(target.crossingSize), 0)
          : port.mapDelete(target.handle, key),
      );
      if (
        status === errno.ENOENT ||
        (target.kind?.isArray === true && status === errno.E2BIG) ||
        (target.kind?.refusesToDelete === true && status === errno.EINVAL)
      )
        return false;
      if (status < 0) throw describeMapFailure(target, "delete from", status);
      return true;
    },
    map_next_key({ map }, bytes) {
      const target = requireMap(map);
      const answer = port.mapNextKey(
        target.handle,
        bytes.length === 0 ? null : requireSize(target, bytes, target.keySize, "key"),
      );
      return typeof answer === "number" ? refuseMissing(target, "read", answer) : answer;
    },
    map_read_all({ map, remove }) {
      const target = requireMap(map);
      const batch = port.mapReadAll(target.handle, remove && target.kind?.keys !== "index");
      if (typeof batch === "number") throw describeMapFailure(target, "read", batch);
      // Indices stay when what they lead to is gone: a walk that deletes would never come past the first one.
      if (remove && target.kind?.keys === "index") removeIndices(target, batch.keys);
      return packBatch(batch);
    },
    map_update_all({ map, count, flags }, bytes) {
      const target = requireMap(map);
      const valuesAt = alignUp(count * target.keySize);
      requireSize(target, bytes, valuesAt + count * target.crossingSize, `${count} keys and values`);
      if (count === 0) return null;
      const status = port.mapUpdateAll(
        target.handle,
        { keys: bytes.slice(0, count * target.keySize), values: bytes.slice(valuesAt), count },
        flags,
      );
      if (status < 0) throw describeMapUpdate(target, status);
      return null;
    },
    map_delete_all({ map }, bytes) {
      const target = requireMap(map);
      if (bytes.length % Math.max(1, target.keySize) !== 0)
        throw new MapError(`Cannot delete from "${target.name}": its keys have ${target.keySize} bytes`, {
          reason: "wrong_type",
        });
      if (target.kind?.keys === "index") return removeIndices(target, bytes.length === 0 ? undefined : bytes.slice());
      const status = port.mapDeleteAll(target.handle, bytes.length === 0 ? null : bytes.slice());
      if (status < 0) throw describeMapFailure(target, "delete from", status);
      return status;
    },
    map_count({ map }) {
      const target = requireMap(map);
      if (target.kind?.isArray === true) return target.maxEntries;
      const batch = port.mapReadAll(target.handle, false);
      if (typeof batch === "number") throw describeMapFailure(target, "count", batch);
      return batch.count;
    },
  };

  /** Sets an array's elements to zero, which cannot be taken out, and takes out what other indices lead to; all without `keys`. */
  function removeIndices(target: OpenMap, keys?: Uint8Array): number {
    const all = keys ?? new Uint8Array(Uint32Array.from({ length: target.maxEntries }, (_, index) => index).buffer);
    if (target.kind?.isArray !== true) {
      const deleted = port.mapDeleteAll(target.handle, all);
      if (deleted < 0) throw describeMapFailure(target, "delete from", deleted);
      return deleted;
    }
    const count = all.length / target.keySize;
    const status = port.mapUpdateAll(
      target.handle,
      { keys: all, values: new Uint8Array(count * target.crossingSize), count },
      0,
    );
    if (status < 0) throw describeMapFailure(target, "clear", status);
    return count;
  }
}

function packBatch(batch: MapBatch): Uint8Array {
  const valuesAt = HEADER_SIZE + alignUp(batch.keys.length);
  const bytes = new Uint8Array(valuesAt + batch.values.length);
  new DataView(bytes.buffer).setUint32(0, batch.count, true);
  bytes.set(batch.keys, HEADER_SIZE);
  bytes.set(batch.values, valuesAt);
  return bytes;
}

/** The bytes leave the guest's memory here: it may move while the kernel is asked. */
function requireSize(map: OpenMap, bytes: Uint8Array, size: number, what: string): Uint8Array {
  if (bytes.length !== size)
    throw new MapError(`Cannot use ${what} of ${bytes.length} bytes with "${map.name}": it wants ${size}`, {
      reason: "wrong_type",
    });
  return bytes.slice();
}

/** What the kernel does not like about something that was put under a key. */
function describeReference(map: OpenMap, object: KernelObject, status: Status): MapError {
  const hint = referenceHints[object.kind];
  if (status === errno.EINVAL || status === errno.EOPNOTSUPP || status === errno.ENOTSUPP)
    return new MapError(`Cannot write to "${map.name}": the kernel does not take it (${renderErrno(status)})`, {
      errno: -status,
      reason: "unsupported",
      ...(hint === undefined ? {} : { hint }),
    });
  return describeMapUpdate(map, status);
}

const referenceHints: Readonly<Partial<Record<KernelObject["kind"], string>>> = {
  function: "all functions of a program array are of one type, that of the function that calls them",
  map: "an inner map has the type, key, value and flags of the one that the C text names (an array its size, too)",
  socket: "only TCP sockets that are connected or listen, UDP and Unix sockets fit",
};

function refuseMissing(map: OpenMap, action: string, status: Status): undefined {
  if (status === errno.ENOENT) return undefined;
  throw describeMapFailure(map, action, status);
}
