import { InternalError, PrivilegeError } from "../../base/errors.ts";
import { errno, renderErrno } from "../door/errno.ts";
import { liveKinds } from "../door/port.ts";
import type { Handle, KernelPort, LiveInfo, Status } from "../door/port.ts";
import { useDescriptor } from "../door/use-descriptor.ts";
import { systemFiles } from "../door/system-files.ts";

/** A kind of object that exists in the kernel by itself and has an id. */
export type LiveKind = keyof typeof liveKinds;

/** What people call such an object. */
export const liveNouns: Readonly<Record<LiveKind, string>> = {
  program: "program",
  map: "map",
  link: "link",
  btf: "type information",
};

/**
 * Lists the ids of all objects of a kind, in the order in which they were made.
 *
 * @throws PrivilegeError
 */
export function listLiveIds(port: KernelPort, kind: LiveKind): readonly number[] {
  const ids: number[] = [];
  for (let id = 0; ; ) {
    id = port.liveNextId(liveKinds[kind], id);
    if (id === errno.ENOENT) return ids;
    if (id < 0) throw describeRefusal(`list the BPF ${liveNouns[kind]}s`, id);
    ids.push(id);
  }
}

/** A pointer of the kernel's struct that is to be answered. Units: bytes. */
export interface Room {
  readonly at: number;
  readonly size: number;
}

/** What is asked of an object. */
export interface LiveRequest {
  /** The size of the kernel's struct as the newest kernel has it. Units: bytes. */
  readonly size: number;
  /** Counts that say how much the rooms hold, u32 each, by their place in the struct. */
  readonly counts?: Readonly<Record<number, number>>;
  readonly rooms?: readonly Room[];
}

/** Reads what the kernel says of an object; undefined when it is gone. @throws PrivilegeError */
export function readLiveInfo(port: KernelPort, kind: LiveKind, id: number, request: LiveRequest): LiveInfo | undefined {
  const { size, counts = {}, rooms = [] } = request;
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  for (const [at, count] of Object.entries(counts)) view.setUint32(Number(at), count, true);
  const places = Uint32Array.from(rooms.flatMap((room) => [room.at, room.size]));
  const answer = port.liveInfo(liveKinds[kind], id, bytes, new Uint8Array(places.buffer));
  if (typeof answer !== "number") return answer;
  if (answer === errno.ENOENT) return undefined;
  throw describeRefusal(`read the BPF ${liveNouns[kind]} ${id}`, answer);
}

/** Reads the lines that the kernel has on an object besides its struct, by their names; none when it is gone. Source: bpf_map_show_fdinfo and its like. */
export function readLiveNotes(port: KernelPort, kind: LiveKind, id: number): ReadonlyMap<string, string> {
  const object = port.liveOpen(liveKinds[kind], id);
  return object < 0 ? new Map() : useDescriptor(port, object, () => readNotes(port, object));
}

/** Reads the lines that the kernel has on what is open, by their names. Source: proc_pid_fdinfo(5) */
export function readNotes(port: KernelPort, descriptor: Handle): ReadonlyMap<string, string> {
  const path = port.descriptorPath(descriptor);
  if (typeof path === "number") return new Map();
  return parseFdInfo(systemFiles.readText(path.replace("/fd/", "/fdinfo/"), "latin1"));
}

/** Takes a file of /proc/PID/fdinfo apart. */
export function parseFdInfo(text: string): ReadonlyMap<string, string> {
  return new Map([...text.matchAll(/^(\w+):\s*(.*)$/gm)].map(([, name, value]) => [name!, value!]));
}

/** A view of bytes that the kernel wrote. */
export function openView(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** The text up to the first NUL. */
export function readText(bytes: Uint8Array, at = 0, size: number = bytes.length - at): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + at, size);
  const end = text.indexOf(0);
  return text.toString("utf8", 0, end < 0 ? size : end);
}

function describeRefusal(action: string, status: Status): PrivilegeError | InternalError {
  if (status === errno.EPERM || status === errno.EACCES)
    return new PrivilegeError(`Cannot ${action}: ${renderErrno(status)}`, {
      errno: -status,
      hint: "run bpfts as root: the kernel shows the objects of all processes to CAP_SYS_ADMIN alone",
    });
  return new InternalError(`Cannot ${action}: ${renderErrno(status)}`, { errno: -status });
}
