import { alignUp } from "../../../sdk/wire/protocol.ts";
import { MapError } from "../../base/errors.ts";
import { errno } from "../../kernel/door/errno.ts";
import { liveKinds } from "../../kernel/door/port.ts";
import type { Status } from "../../kernel/door/port.ts";
import { putDescriptor, useDescriptor } from "../../kernel/door/use-descriptor.ts";
import { describeMapFailure, describeMapUpdate } from "../../kernel/live/map-failure.ts";
import { withCodecErrors } from "./codec-errors.ts";
import type { MapSide, OpenedMap } from "./open-map.ts";

/** A key with its values, one for each CPU where the map has those. */
export interface MapEntry {
  readonly key: unknown;
  readonly values: readonly unknown[];
}

/**
 * Reads all entries of a map. What comes and goes meanwhile may or may not be among them.
 *
 * @throws MapError for a kind of map that has none to read
 */
export function readEntries(map: OpenedMap): readonly MapEntry[] {
  const { key, value, kind } = map;
  if (key === undefined || kind?.keys === "value")
    throw new MapError(`Cannot list what is in "${map.name}": a ${nameKind(map)} has no keys to list`, {
      reason: "unsupported",
      ...(kind?.keys === "none" && { hint: `bpfts map get ${map.id} shows what comes next, and leaves it there` }),
    });
  if (value === undefined || kind?.carriesEvents === true)
    throw new MapError(`Cannot list what is in "${map.name}": a ${nameKind(map)} carries events, not entries`, {
      reason: "unsupported",
      hint: "its reader gets them; bpfts prog shows who holds the program",
    });
  const batch = map.port.mapReadAll(map.handle, false);
  if (typeof batch === "number") throw describeMapFailure(map, "read", batch);
  const readKey = key.codec.bind(ownBuffer(batch.keys));
  const readValue = value.codec.bind(ownBuffer(batch.values));
  return Array.from({ length: batch.count }, (_, index) => ({
    key: readKey(index * key.codec.size),
    values: Array.from({ length: map.valuesPerKey }, (_, cpu) =>
      readValue((index * map.valuesPerKey + cpu) * map.valueStride),
    ),
  }));
}

/**
 * Reads the values of one key; of a queue or a stack what comes next, of a bloom filter whether the key may be in it.
 *
 * @throws MapError when the key is not there
 */
export function readEntry(map: OpenedMap, key: unknown): readonly unknown[] {
  const bytes = map.port.mapLookup(map.handle, encodeKey(findAskedSide(map), key), 0);
  if (bytes === errno.ENOENT)
    throw new MapError(
      map.key === undefined && map.kind?.keys === "none" ? `"${map.name}" is empty` : `"${map.name}" has no such key`,
      {
        reason: "no_such_key",
        ...(map.key !== undefined && { hint: `bpfts map dump ${map.id} shows its keys` }),
      },
    );
  if (typeof bytes === "number") throw describeMapFailure(map, "read", bytes);
  if (map.kind?.keys === "value") return [true];
  const read = map.value!.codec.bind(ownBuffer(bytes));
  return Array.from({ length: map.valuesPerKey }, (_, cpu) => read(cpu * map.valueStride));
}

/**
 * Writes a value under a key, on each CPU where the map has a value for each; appends it to a queue or a stack.
 *
 * @throws MapError
 */
export function writeEntry(map: OpenedMap, key: unknown, value: unknown): void {
  const side = requireSide(map, map.value, "value");
  const keyBytes = encodeKey(map.key, key);
  const status = withValueBytes(map, side, value, (one) => {
    const bytes = new Uint8Array(map.valueStride * map.valuesPerKey);
    for (let cpu = 0; cpu < map.valuesPerKey; cpu++) bytes.set(one, cpu * map.valueStride);
    return map.port.mapUpdate(map.handle, keyBytes, bytes, 0);
  });
  if (status < 0) throw describeWrite(map, status);
}

/** What maps hold by a descriptor, and is named by its id here. */
const held: Readonly<Record<string, keyof typeof liveKinds>> = { map: "map", function: "program" };

/** Hands on a value's bytes; a map or a program is open for as long as `use` takes. */
function withValueBytes(map: OpenedMap, side: MapSide, value: unknown, use: (bytes: Uint8Array) => Status): Status {
  const holds = map.kind?.holds;
  if (holds === undefined) return use(withCodecErrors(() => side.codec.encode(value)));
  const kind = held[holds];
  if (kind === undefined)
    throw new MapError(`Cannot write to "${map.name}": it holds ${holds}s, which have no ids to name them by`, {
      reason: "unsupported",
      hint: "a program that has the descriptor can put it there",
    });
  const { port } = map;
  const object = port.liveOpen(liveKinds[kind], Number(value));
  if (object < 0)
    throw new MapError(`Cannot write to "${map.name}": there is no ${kind} with the id ${String(value)}`, {
      errno: -object,
      hint: `bpfts ${kind === "map" ? "map" : "prog"} lists them`,
    });
  return useDescriptor(port, object, () => {
    const bytes = side.codec.encode(0);
    putDescriptor(port, object, bytes, 0);
    return use(bytes);
  });
}

/** Deletes a key; takes what comes next out of a queue or a stack. @throws MapError when it is not there */
export function deleteEntry(map: OpenedMap, key: unknown): void {
  if (map.kind?.isArray === true)
    throw new MapError(`Cannot delete from "${map.name}": every index of a ${nameKind(map)} has a value always`, {
      reason: "unsupported",
      hint: `set it to zero: bpfts map set ${map.id} INDEX 0`,
    });
  const status =
    map.key === undefined
      ? Number(map.port.mapLookupAndDelete(map.handle, new Uint8Array()))
      : map.port.mapDelete(map.handle, encodeKey(map.key, key));
  if (status === errno.ENOENT)
    throw new MapError(map.key === undefined ? `"${map.name}" is empty` : `"${map.name}" has no such key`, {
      reason: "no_such_key",
    });
  if (status < 0) throw describeWrite(map, status);
}

/** What a question is made of: a bloom filter is asked for a value. */
export function findAskedSide({ kind, key, value }: OpenedMap): MapSide | undefined {
  return kind?.keys === "value" ? value : key;
}

function describeWrite(map: OpenedMap, status: number): MapError {
  if (status === errno.EPERM)
    return new MapError(
      `Cannot write to "${map.name}": user space may not (${map.kind?.name === "ARRAY" ? "it is frozen or " : ""}made read-only)`,
      {
        errno: -status,
        hint: `bpfts map ${map.id} shows its flags`,
      },
    );
  return describeMapUpdate(map, status);
}

function encodeKey(side: MapSide | undefined, key: unknown): Uint8Array {
  return side === undefined ? new Uint8Array() : withCodecErrors(() => side.codec.encode(key));
}

function requireSide(map: OpenedMap, side: MapSide | undefined, name: string): MapSide {
  if (side !== undefined) return side;
  throw new MapError(`"${map.name}" has no ${name}s: it is a ${nameKind(map)}`, { reason: "unsupported" });
}

function nameKind(map: OpenedMap): string {
  return `map of the kind ${map.kind?.name.toLowerCase() ?? "that only this kernel knows"}`;
}

/** Codecs read 8 bytes at a time. */
function ownBuffer(bytes: Uint8Array): ArrayBuffer {
  const room = new Uint8Array(alignUp(bytes.length));
  room.set(bytes);
  return room.buffer;
}
