import { MapError } from "../base/errors.ts";
import { errno, renderErrno } from "../kernel/errno.ts";
import type { MapBatch, Status } from "../kernel/port.ts";
import type { OpenMap } from "./bridge-program.ts";
import type { BridgeState, Handlers } from "./bridge-state.ts";
import { isArray, isQueue } from "./map-kinds.ts";

type MapCall = "map_lookup" | "map_update" | "map_delete" | "map_next_key" | "map_read_all" | "map_update_all" | "map_delete_all" | "map_count";

const HEADER_SIZE = 8;

/** The calls that read and write maps. Bytes pass through; sizes are checked before they do. */
export function openMapCalls({ port }: BridgeState, requireMap: (map: number) => OpenMap): Handlers<MapCall> {
  return {
    map_lookup({ map, remove }, bytes) {
      const target = requireMap(map);
      const key = requireSize(target, bytes, target.keySize, "key");
      const answer = remove ? port.mapLookupAndDelete(target.handle, key) : port.mapLookup(target.handle, key, 0);
      return typeof answer === "number" ? refuseMissing(target, "read", answer) : answer;
    },
    map_update({ map, flags }, bytes) {
      const target = requireMap(map);
      requireSize(target, bytes, target.keySize + target.crossingSize, "key and value");
      const status = port.mapUpdate(target.handle, bytes.slice(0, target.keySize), bytes.slice(target.keySize), flags);
      if (status < 0) throw describeUpdate(target, status);
      return null;
    },
    map_delete({ map }, bytes) {
      const target = requireMap(map);
      const key = requireSize(target, bytes, target.keySize, "key");
      const status = isArray(target.type) ? port.mapUpdate(target.handle, key, new Uint8Array(target.crossingSize), 0) : port.mapDelete(target.handle, key);
      if (status === errno.ENOENT || (isArray(target.type) && status === errno.E2BIG)) return false;
      if (status < 0) throw describeFailure(target, "delete from", status);
      return true;
    },
    map_next_key({ map }, bytes) {
      const target = requireMap(map);
      const answer = port.mapNextKey(target.handle, bytes.length === 0 ? null : requireSize(target, bytes, target.keySize, "key"));
      return typeof answer === "number" ? refuseMissing(target, "read", answer) : answer;
    },
    map_read_all({ map, remove }) {
      const target = requireMap(map);
      const batch = port.mapReadAll(target.handle, remove);
      if (typeof batch === "number") throw describeFailure(target, "read", batch);
      return packBatch(batch);
    },
    map_update_all({ map, count, flags }, bytes) {
      const target = requireMap(map);
      const valuesAt = alignUp(count * target.keySize);
      requireSize(target, bytes, valuesAt + count * target.crossingSize, `${count} keys and values`);
      if (count === 0) return null;
      const status = port.mapUpdateAll(target.handle, { keys: bytes.slice(0, count * target.keySize), values: bytes.slice(valuesAt), count }, flags);
      if (status < 0) throw describeUpdate(target, status);
      return null;
    },
    map_delete_all({ map }, bytes) {
      const target = requireMap(map);
      if (bytes.length % Math.max(1, target.keySize) !== 0) throw new MapError(`Cannot delete from "${target.name}": its keys have ${target.keySize} bytes`);
      if (isArray(target.type)) return clearArray(target, bytes);
      const status = port.mapDeleteAll(target.handle, bytes.length === 0 ? null : bytes.slice());
      if (status < 0) throw describeFailure(target, "delete from", status);
      return status;
    },
    map_count({ map }) {
      const target = requireMap(map);
      if (isArray(target.type)) return target.maxEntries;
      const batch = port.mapReadAll(target.handle, false);
      if (typeof batch === "number") throw describeFailure(target, "count", batch);
      return batch.count;
    },
  };

  function clearArray(target: OpenMap, keys: Uint8Array): number {
    const count = keys.length === 0 ? target.maxEntries : keys.length / target.keySize;
    const all = keys.length === 0 ? new Uint8Array(Uint32Array.from({ length: count }, (_, index) => index).buffer) : keys.slice();
    const status = port.mapUpdateAll(target.handle, { keys: all, values: new Uint8Array(count * target.crossingSize), count }, 0);
    if (status < 0) throw describeFailure(target, "clear", status);
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
  if (bytes.length !== size) throw new MapError(`Cannot use ${what} of ${bytes.length} bytes with "${map.name}": it wants ${size}`);
  return bytes.slice();
}

function refuseMissing(map: OpenMap, action: string, status: Status): undefined {
  if (status === errno.ENOENT) return undefined;
  throw describeFailure(map, action, status);
}

function describeUpdate(map: OpenMap, status: Status): MapError {
  if (isArray(map.type) && status === errno.E2BIG) return new MapError(`Cannot write to "${map.name}": its indices go from 0 to ${map.maxEntries - 1}`);
  if (status === errno.E2BIG || status === errno.ENOSPC || (status === errno.ENOMEM && !isQueue(map.type))) {
    return new MapError(`Cannot write to "${map.name}": it is full, it holds ${map.maxEntries} entries`, { hint: "make it larger where the C text declares it, or delete entries" });
  }
  if (status === errno.EEXIST) return new MapError(`Cannot write to "${map.name}": the key is there already`);
  return describeFailure(map, "write to", status);
}

function describeFailure(map: OpenMap, action: string, status: Status): MapError {
  return new MapError(`Cannot ${action} "${map.name}" (${renderErrno(status)})`);
}

function alignUp(size: number): number {
  return (size + 7) & ~7;
}
