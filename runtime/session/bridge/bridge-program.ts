import { ClosedError } from "../../base/errors.ts";
import type { Layout } from "../../../sdk/wire/layout.ts";
import { alignUp } from "../../../sdk/wire/protocol.ts";
import type { MapReply } from "../../../sdk/wire/protocol.ts";
import type { Handle, ObjectMapInfo } from "../../kernel/door/port.ts";
import type { MapSpec } from "../../object/spec.ts";
import type { BridgeState, Handlers } from "./bridge-state.ts";
import type { ObjectLookups } from "./kernel-objects.ts";
import { findMapKind } from "../../../sdk/abi/map-kinds.ts";
import type { MapKind } from "../../../sdk/abi/map-kinds.ts";
import type { AttachRequest, BuiltProgram } from "../load/program.ts";

/** A map that the script holds, by the number that it knows it by. */
export interface OpenMap extends ObjectMapInfo {
  readonly handle: Handle;
  /** Undefined for a kind of a newer kernel. */
  readonly kind: MapKind | undefined;
  /** The kernel's own number for it, 0 where it does not tell. */
  readonly id: number;
  /** What the object says of it. */
  readonly spec: MapSpec;
  /** Units: bytes of one value as it crosses: of all CPUs for the per-CPU kinds. */
  readonly crossingSize: number;
  /** What a perf or ring buffer carries, where the C text tells. */
  readonly event: Layout | null;
  /** Records of this buffer that the programs could not hand over, by CPU. */
  listFailedOutputs(): readonly number[];
}

/** The programs and maps of a run, as the script counts them. */
export interface ProgramTable {
  readonly handlers: Handlers<
    | "build"
    | "load_function"
    | "attach"
    | "detach"
    | "find_attached_name"
    | "count_attached"
    | "attach_struct_ops"
    | "detach_struct_ops"
    | "close_program"
  >;
  /** @throws ClosedError */
  requireProgram(program: number): BuiltProgram;
  /** @throws ClosedError */
  requireMap(map: number): OpenMap;
  /** Hands a map to the script that lies in another one of a program's, and is closed with it. */
  addInnerMap(outer: number, handle: Handle, spec: MapSpec): MapReply;
  /** The map that the kernel knows by that number, if the script holds it. */
  findMapById(id: number): MapReply | undefined;
  /** Takes a map back that was handed out by `addInnerMap`; does nothing to others. */
  closeInnerMap(map: number): void;
  /** What tables of references are written with. */
  readonly lookups: ObjectLookups;
}

/** The calls that build, attach and close programs. */
export function openProgramCalls(state: BridgeState): ProgramTable {
  const programs: (BuiltProgram | undefined)[] = [];
  const maps: (OpenMap | undefined)[] = [];
  const mapsOf = new Map<number, number[]>();
  const innerMaps = new Set<number>();

  const requireProgram = (program: number): BuiltProgram => {
    const found = programs[program];
    if (found === undefined) throw new ClosedError("This BPF program was closed");
    return found;
  };

  /** A function of the script's own that is replaced becomes the program that it was loaded as. */
  const findTarget = (request: AttachRequest): AttachRequest => {
    if (request.kind !== "freplace" || !("program" in request.target)) return request;
    const { program, name } = request.target;
    const info = state.port.programInfo(requireProgram(program).loadFunction(name, { type: null, attachType: null }));
    return { ...request, target: { id: typeof info === "number" ? 0 : info.id } };
  };

  const requireMap = (map: number): OpenMap => {
    const found = maps[map];
    if (found === undefined) throw new ClosedError("This table's program was closed");
    return found;
  };

  const closeInnerMap = (map: number): void => {
    const found = maps[map];
    if (found === undefined || !innerMaps.delete(map)) return;
    state.port.mapClose(found.handle);
    maps[map] = undefined;
  };

  return {
    lookups: {
      port: state.port,
      findMapHandle: (map) => requireMap(map).handle,
      findFunctionHandle: (program, name) =>
        requireProgram(program).loadFunction(name, { type: null, attachType: null }),
    },
    handlers: {
      build(argument) {
        const built = state.build(argument);
        const program = programs.push(built) - 1;
        const replies = built.spec.maps.flatMap((spec) => {
          const handle = built.findMap(spec.name);
          if (handle === undefined || spec.name.startsWith("__bpfts_")) return [];
          const info = describeMap(state, built, handle, spec);
          return [renderMap(maps.push(info) - 1, info)];
        });
        mapsOf.set(
          program,
          replies.map(({ map }) => map),
        );
        return { program, maps: replies, structs: built.spec.structs };
      },
      load_function({ program, name, type, attachType }) {
        requireProgram(program).loadFunction(name, { type, attachType });
        return null;
      },
      attach: ({ program, request }) => requireProgram(program).attach(findTarget(request)),
      detach: ({ program, request }) => requireProgram(program).detach(findTarget(request)),
      find_attached_name: ({ program, cookie }) => requireProgram(program).findAttachedName(Number(cookie)) ?? null,
      count_attached: ({ program, kind }) => requireProgram(program).countAttached(kind),
      attach_struct_ops({ program, map }) {
        requireProgram(program).attachStructOps(map);
        return null;
      },
      detach_struct_ops({ program, map }) {
        requireProgram(program).detachStructOps(map);
        return null;
      },
      close_program({ program }) {
        programs[program]?.close();
        programs[program] = undefined;
        for (const map of mapsOf.get(program) ?? []) {
          closeInnerMap(map);
          maps[map] = undefined;
        }
        return null;
      },
    },
    requireProgram,
    requireMap,
    closeInnerMap,
    addInnerMap(outer, handle, spec) {
      const info = { ...requireMap(outer), event: null, ...askMap(state, handle, spec) };
      const map = maps.push(info) - 1;
      innerMaps.add(map);
      for (const siblings of mapsOf.values()) if (siblings.includes(outer)) siblings.push(map);
      return renderMap(map, info);
    },
    findMapById(id) {
      const map = maps.findIndex((one) => one !== undefined && one.id === id);
      return map < 0 ? undefined : renderMap(map, maps[map]!);
    },
  };
}

/** What the kernel says of the map counts: a loader may have changed what the object asked for. */
function describeMap(state: BridgeState, built: BuiltProgram, handle: Handle, spec: MapSpec): OpenMap {
  return {
    ...askMap(state, handle, spec),
    event: built.spec.structs[built.eventStructs[spec.name] ?? ""] ?? null,
    listFailedOutputs: () => built.listFailedOutputs(spec.name),
  };
}

function askMap(state: BridgeState, handle: Handle, spec: MapSpec): Omit<OpenMap, "event" | "listFailedOutputs"> {
  const info = state.port.mapInfo(handle);
  const found =
    typeof info === "number"
      ? {
          type: spec.type,
          keySize: spec.key?.size ?? 0,
          valueSize: spec.value?.size ?? 0,
          maxEntries: spec.maxEntries,
          flags: spec.flags,
          id: 0,
        }
      : info;
  const { type, keySize, valueSize, maxEntries, flags, id } = found;
  const kind = findMapKind(type);
  const crossingSize = kind?.isPerCpu === true ? state.port.possibleCpus() * alignUp(valueSize) : valueSize;
  return {
    name: spec.name,
    spec,
    handle,
    kind,
    id,
    type,
    keySize,
    valueSize,
    maxEntries,
    flags,
    crossingSize,
  };
}

function renderMap(map: number, info: OpenMap): MapReply {
  const { key, value } = info.spec;
  return {
    map,
    name: info.name,
    id: info.id,
    type: info.type,
    keySize: info.keySize,
    valueSize: info.crossingSize,
    maxEntries: info.maxEntries,
    flags: info.flags,
    // A layout that does not have the map's own size would read past its end.
    key: key?.size === info.keySize ? key : null,
    value: value?.size === info.valueSize ? value : null,
    event: info.event,
  };
}
