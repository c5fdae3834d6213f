import { Scope } from "../../base/scope.ts";
import type { Closable } from "../../base/scope.ts";
import { AttachError, ClosedError } from "../../base/errors.ts";
import type { SourceLocation } from "../../base/location.ts";
import type { ObjectSpec } from "../../object/spec.ts";
import { errno, renderErrno } from "../door/errno.ts";
import { describeLoadFailure } from "./load-failure.ts";
import type { Handle, KernelPort, ObjectLoadResult } from "../door/port.ts";
import { isMultiProgram } from "../hooks/multi-links.ts";
import { findProgramKind } from "../hooks/program-kinds.ts";
import type { ProgramRequest } from "../hooks/program-kinds.ts";

/** Settings of a map that its C definition leaves to the loader. */
export interface MapRequest {
  readonly name: string;
  readonly maxEntries?: number;
  /** Reuse the map pinned here, or pin the new one here. */
  readonly pinPath?: string;
  /** An open map to use instead of a new one. */
  readonly existing?: Handle;
  /** The map whose shape the inner maps have. */
  readonly inner?: Handle;
}

export interface LoadRequest {
  readonly bytes: Uint8Array;
  readonly spec: ObjectSpec;
  /** What the kernel calls it; only the first 15 bytes count. */
  readonly name: string;
  /** Functions to load at once; the others wait until `loadProgram`. */
  readonly programs: readonly ProgramRequest[];
  readonly maps: readonly MapRequest[];
  /** Source: `log_level` of BPF_PROG_LOAD. */
  readonly logLevel: number;
  /** Takes what libbpf and the verifier said of each load, whether it went well or not. */
  noteLogs?(result: ObjectLoadResult): void;
  /** Finds the place of a line of a text that was put together at run time, which the object calls `<text>`. Units: `line` from 1. */
  locateLine?(line: number, column?: number): SourceLocation | undefined;
}

/** A table of struct_ops with its functions. */
export interface TableRequest {
  /** The object with its tables where libbpf looks for them. */
  readonly bytes: Uint8Array;
  readonly name: string;
  /** Source: `map_flags` of BPF_MAP_CREATE. */
  readonly flags: number;
  /** The object's other tables, which stay out. */
  readonly others: readonly string[];
  readonly programs: readonly ProgramRequest[];
}

/** An object whose maps exist in the kernel. Owner: whoever loaded it closes it. */
export interface LoadedObject extends Closable {
  findMap(name: string): Handle | undefined;
  /**
   * Loads one more function as the given kind, or answers the one that was loaded before.
   * A function that nobody asks for never meets the verifier, as in BCC.
   *
   * @throws VerifierError, UnsupportedFeatureError, PrivilegeError
   */
  loadProgram(request: ProgramRequest): Handle;
  /** Loads a table's functions and makes the map that it is registered from. Answers the object that holds both. @throws as `loadProgram` */
  loadTable(request: TableRequest): Handle;
  /** What a function was loaded as, undefined while it is not loaded. */
  findProgram(name: string): { readonly request: ProgramRequest; readonly handle: Handle } | undefined;
}

/**
 * Loads an object: creates its maps and loads the requested programs.
 *
 * @throws VerifierError, UnsupportedFeatureError, PrivilegeError, MapError
 */
export function loadObject(port: KernelPort, request: LoadRequest): LoadedObject {
  const scope = new Scope();
  const programs = new Map<string, { handle: Handle; request: ProgramRequest }>();
  const maps = new Map<string, Handle>();

  const openObject = (
    wanted: readonly ProgramRequest[],
    requests: readonly MapRequest[],
    table: TableRequest | undefined,
    targets: number[],
    logLevel = request.logLevel,
  ): Handle => {
    const object = port.objectOpen(table?.bytes ?? request.bytes, request.name);
    if (object < 0) throw describeLoadFailure(request, { status: object, log: "", programLogs: {} }, wanted);
    scope.defer(() => port.objectClose(object));
    for (const program of request.spec.programs) {
      const asked = wanted.find(({ name }) => name === program.name);
      port.programSetAutoload(object, program.name, asked !== undefined);
      if (asked === undefined) continue;
      const target = asked.openTarget?.(port) ?? 0;
      // libbpf keeps its number and loads by it.
      if (target > 0) targets.push(target);
      configureProgram(port, object, asked, target);
    }
    // A map that is reused takes the name of the one that is there: libbpf finds it by its own name only before.
    if (maps.size === 0) for (const { name } of request.spec.maps) maps.set(name, port.mapHandle(object, name));
    for (const map of requests) configureMap(port, object, map);
    if (table !== undefined) port.mapSetFlags(object, table.name, table.flags);
    for (const other of table?.others ?? []) port.mapSetAutocreate(object, other, false);
    const result = port.objectLoad(object, logLevel);
    request.noteLogs?.(result);
    // The kernel refuses a program whose log does not fit, however right it is.
    if (result.status === errno.ENOSPC && logLevel > 0) {
      port.objectClose(object);
      return openObject(wanted, requests, table, targets, 0);
    }
    if (result.status < 0) throw describeLoadFailure(request, result, wanted);
    for (const program of wanted)
      programs.set(nameVariant(program), { handle: port.programHandle(object, program.name), request: program });
    return object;
  };
  const open = (wanted: readonly ProgramRequest[], requests: readonly MapRequest[], table?: TableRequest): Handle => {
    const targets: Handle[] = [];
    try {
      return openObject(wanted, requests, table, targets);
    } finally {
      for (const target of targets) port.descriptorClose(target);
    }
  };
  // But not libbpf's USDT maps: each opening counts their rows from the first one again.
  const reuseMaps = (): MapRequest[] =>
    [...maps].filter(([name]) => !name.startsWith("__bpf_usdt_")).map(([name, existing]) => ({ name, existing }));

  try {
    open(request.programs, request.maps);
  } catch (error) {
    scope.close();
    throw error;
  }
  return {
    findMap: (name) => maps.get(name),
    findProgram: (name) => [...programs.values()].find(({ request: loaded }) => loaded.name === name),
    loadProgram: (wanted) => {
      if (scope.isClosed) throw new ClosedError(`Cannot load "${wanted.name}": its BPF object was closed`);
      const known = programs.get(nameVariant(wanted));
      if (known !== undefined) return known.handle;
      // libbpf fixes all types before its one load: a later program comes from the same bytes opened again, on the same maps.
      open([wanted], reuseMaps());
      return programs.get(nameVariant(wanted))!.handle;
    },
    loadTable: (table) => {
      if (scope.isClosed) throw new ClosedError(`Cannot load "${table.name}": its BPF object was closed`);
      return open(table.programs, reuseMaps(), table);
    },
    close: () => scope.close(),
  };
}

/** One function may be loaded twice: the kernel takes a program either for links of many places or for those of one. */
function nameVariant(request: ProgramRequest): string {
  return isMultiProgram(request) ? `${request.name} ${request.expectedAttachType}` : request.name;
}

function configureProgram(port: KernelPort, object: Handle, request: ProgramRequest, target: Handle): void {
  const kind =
    request.type === undefined
      ? findProgramKind(request.kind)
      : { type: request.type, expectedAttachType: request.expectedAttachType ?? 0 };
  if (kind === undefined) return;
  port.programSetType(object, request.name, kind.type, kind.expectedAttachType);
  if (request.flags !== undefined) port.programSetFlags(object, request.name, request.flags);
  if (request.targetFunction === undefined) return;
  const status = port.programSetAttachTarget(object, request.name, target, request.targetFunction);
  if (status < 0 && target > 0)
    throw new AttachError(
      `Cannot attach "${request.name}" to ${request.kind} "${request.targetFunction}": the program has no such function (${renderErrno(status)})`,
      {
        reason: "no_such_place",
        detail: port.lastLog(),
        hint: "its functions are those that are not inlined: in this dialect those that are written __noinline",
      },
    );
}

function configureMap(port: KernelPort, object: Handle, request: MapRequest): void {
  if (request.maxEntries !== undefined) port.mapSetMaxEntries(object, request.name, request.maxEntries);
  if (request.pinPath !== undefined) port.mapSetPinPath(object, request.name, request.pinPath);
  if (request.inner !== undefined) port.mapSetInnerMap(object, request.name, request.inner);
  if (request.existing !== undefined) port.mapReuse(object, request.name, request.existing);
}
