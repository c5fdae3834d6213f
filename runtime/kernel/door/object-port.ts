import type { Handle, Status } from "./handle.ts";

/** What an object says of one of its maps, or the kernel of a map that is open. Source: struct bpf_map_info. */
export interface ObjectMapInfo {
  readonly name: string;
  readonly type: number;
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
  readonly flags: number;
}

/** A map as an object declares it without making it: the inner map of a map of maps. */
export interface MapShape extends ObjectMapInfo {
  /** The types of key and value in the object's BTF, 0 where they have none. */
  readonly keyType: number;
  readonly valueType: number;
}

/** What an object says of one of its programs. `type` is 0 as long as the section's name does not tell it. */
export interface ObjectProgramInfo {
  readonly name: string;
  readonly section: string;
  readonly type: number;
}

/** How a load went; the logs are there whether it went well or not. */
export interface ObjectLoadResult {
  readonly status: Status;
  /** libbpf's own messages of this call, in order. */
  readonly log: string;
  /** The verifier's log of each program that was loaded or rejected, by program name. */
  readonly programLogs: Readonly<Record<string, string>>;
}

/** The calls that load objects and hand out their programs and maps; the rules of `port.ts` hold. */
export interface ObjectPort {
  // Objects. Source: libbpf bpf_object__*, bpf_program__*, bpf_map__*.

  /** Opens an object from memory; creates nothing in the kernel yet. */
  objectOpen(bytes: Uint8Array, name: string): Handle;
  objectMaps(object: Handle): readonly ObjectMapInfo[];
  objectPrograms(object: Handle): readonly ObjectProgramInfo[];
  programSetAutoload(object: Handle, program: string, autoload: boolean): Status;
  /** Source: enum bpf_prog_type, enum bpf_attach_type. */
  programSetType(object: Handle, program: string, type: number, expectedAttachType: number): Status;
  /** For tracing programs: the function of an open program, or with target 0 of the kernel. The target stays open until the object is loaded. */
  programSetAttachTarget(object: Handle, program: string, target: Handle, functionName: string): Status;
  programSetFlags(object: Handle, program: string, flags: number): Status;
  mapSetMaxEntries(object: Handle, map: string, maxEntries: number): Status;
  /** Source: bpf_map__set_map_flags. */
  mapSetFlags(object: Handle, map: string, flags: number): Status;
  mapSetPinPath(object: Handle, map: string, path: string): Status;
  mapSetAutocreate(object: Handle, map: string, autocreate: boolean): Status;
  /** Makes the object use a map that exists already, instead of one of its own. */
  mapReuse(object: Handle, map: string, existing: Handle): Status;
  /** The map whose shape the inner maps of a map in maps have. */
  mapSetInnerMap(object: Handle, map: string, inner: Handle): Status;
  /** Creates the maps and loads every program whose autoload is on. `logLevel` as in BPF_PROG_LOAD. */
  objectLoad(object: Handle, logLevel: number): ObjectLoadResult;
  objectClose(object: Handle): Status;
  /** libbpf's own messages of the last call that opened, loaded, attached or probed; empty when it said nothing. */
  lastLog(): string;

  // Programs and maps of a loaded object, owned by it: closing them early is fine.

  programHandle(object: Handle, program: string): Handle;
  /** Source: struct bpf_prog_info; `recursionMisses` since Linux 5.12. */
  programInfo(
    program: Handle,
  ):
    | { readonly id: number; readonly runCount: bigint; readonly runTimeNs: bigint; readonly recursionMisses: bigint }
    | Status;
  mapHandle(object: Handle, map: string): Handle;
  /** Makes one more map for the loaded object that `sibling` is of. Owner: the object; closing it early is fine. */
  mapCreate(sibling: Handle, shape: MapShape): Handle;
  /** Opens a pinned map. Owner: the caller closes it. */
  mapOpenPinned(path: string): Handle;
  /** Opens a map by its id in the kernel. Owner: the caller closes it. */
  mapOpenId(id: number): Handle;
  mapInfo(map: Handle): (ObjectMapInfo & { readonly id: number }) | Status;
  mapClose(map: Handle): Status;
  mapPin(map: Handle, path: string): Status;
}
