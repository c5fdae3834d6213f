import { findMapKind } from "../../../sdk/abi/map-kinds.ts";
import type { MapKind } from "../../../sdk/abi/map-kinds.ts";
import { makeCodec } from "../../../sdk/codec/codec.ts";
import type { Codec } from "../../../sdk/codec/codec.ts";
import type { Layout } from "../../../sdk/wire/layout.ts";
import { InternalError, MapError } from "../../base/errors.ts";
import { Scope } from "../../base/scope.ts";
import { errno, renderErrno } from "../../kernel/door/errno.ts";
import type { Handle, KernelPort } from "../../kernel/door/port.ts";
import type { MapInfo } from "../../kernel/live/map-info.ts";
import { describeBytes, describeValueBytes } from "../../object/describe-untyped.ts";
import { describeLayout } from "../../object/describe-layout.ts";
import type { LiveObjects } from "../objects/live-objects.ts";

/** One side of a map's entries: how it lies in memory, and the way from bytes to values and back. */
export interface MapSide {
  readonly layout: Layout;
  readonly codec: Codec;
  /** Whether type information says what it is. */
  readonly isTyped: boolean;
}

/** A map whose entries can be read and written. */
export interface OpenedMap {
  readonly port: KernelPort;
  readonly handle: Handle;
  readonly id: number;
  readonly name: string;
  readonly kind: MapKind | undefined;
  readonly maxEntries: number;
  /** Absent where the map has no keys. */
  readonly key: MapSide | undefined;
  readonly value: MapSide | undefined;
  /** How many values a key has: one for each CPU, or one. */
  readonly valuesPerKey: number;
  /** From one of these values to the next. Units: bytes. */
  readonly valueStride: number;
}

/** Opens a map by its id for as long as `use` takes. @throws MapError */
export function withMap<T>(objects: LiveObjects, info: MapInfo, use: (map: OpenedMap) => T): T {
  const { port } = objects;
  const handle = port.mapOpenId(info.id);
  if (handle < 0)
    throw new MapError(`Cannot open the map ${info.id} (${renderErrno(handle)})`, {
      errno: -handle,
      hint: handle === errno.ENOENT ? "it is gone: nothing holds it any more" : "run bpfts as root",
    });
  const scope = new Scope();
  scope.defer(() => port.mapClose(handle));
  const kind = findMapKind(info.type);
  const perCpu = kind?.isPerCpu === true;
  try {
    return use({
      port,
      handle,
      id: info.id,
      name: info.name || String(info.id),
      kind,
      maxEntries: info.maxEntries,
      key: openSide(objects, info, "key"),
      value: openSide(objects, info, "value"),
      valuesPerKey: perCpu ? port.possibleCpus() : 1,
      valueStride: perCpu ? Math.ceil(info.valueBytes / 8) * 8 : info.valueBytes,
    });
  } finally {
    scope.close();
  }
}

function openSide(objects: LiveObjects, info: MapInfo, side: "key" | "value"): MapSide | undefined {
  const size = side === "key" ? info.keyBytes : info.valueBytes;
  if (size === 0) return undefined;
  const typed = findLayout(objects, info.btfId, side === "key" ? info.keyType : info.valueType, size);
  const layout = typed ?? (side === "key" ? describeBytes(size) : describeValueBytes(info.type, info.flags, size))!;
  return { layout, codec: makeCodec(layout, `the ${side} of "${info.name}"`), isTyped: typed !== undefined };
}

/** The layout of a type; undefined where there is none, or one that does not fit or cannot be told. */
function findLayout(objects: LiveObjects, btfId: number, type: number, size: number): Layout | undefined {
  const found = type === 0 ? undefined : objects.findTypes(btfId);
  if (found === undefined) return undefined;
  try {
    const layout = describeLayout(found.types, type);
    return layout.size === size ? layout : undefined;
  } catch (error) {
    if (error instanceof InternalError) return undefined;
    throw error;
  }
}
