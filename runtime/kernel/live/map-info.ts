import type { KernelPort } from "../door/port.ts";
import { openView, readLiveInfo, readLiveNotes, readText } from "./live-object.ts";

/** A map that exists in the kernel. Source: struct bpf_map_info. */
export interface MapInfo {
  readonly id: number;
  /** Source: enum bpf_map_type. */
  readonly type: number;
  /** The kernel keeps 15 characters of it. */
  readonly name: string;
  /** Units: bytes. */
  readonly keyBytes: number;
  readonly valueBytes: number;
  readonly maxEntries: number;
  readonly flags: number;
  /** The id of its type information, 0 for none, and the types of its keys and values in there. */
  readonly btfId: number;
  readonly keyType: number;
  readonly valueType: number;
}

/** Reads what the kernel says of a map; undefined when it is gone. @throws PrivilegeError */
export function readMapInfo(port: KernelPort, id: number): MapInfo | undefined {
  const found = readLiveInfo(port, "map", id, { size: 104 });
  if (found === undefined) return undefined;
  const view = openView(found.info);
  const read = (at: number): number => view.getUint32(at, true);
  return {
    id,
    type: read(0),
    name: readText(found.info, 24, 16),
    keyBytes: read(8),
    valueBytes: read(12),
    maxEntries: read(16),
    flags: read(20),
    btfId: read(64),
    keyType: read(68),
    valueType: read(72),
  };
}

/** What the kernel keeps of a map besides. */
export interface MapNotes {
  /** The memory that it takes. Units: bytes. */
  readonly memoryBytes: number | undefined;
  /** Whether user space may not write into it any more. */
  readonly isFrozen: boolean;
  /** Of a table of programs that has got its first: only programs of that type, and machine code if that one is, may go into it. Source: enum bpf_prog_type for the type. */
  readonly programs?: { readonly type: number; readonly areJited: boolean };
}

/** Reads these notes of a map. */
export function readMapNotes(port: KernelPort, id: number): MapNotes {
  const notes = readLiveNotes(port, "map", id);
  const memory = notes.get("memlock");
  const type = notes.get("owner_prog_type");
  return {
    memoryBytes: memory === undefined ? undefined : Number(memory),
    isFrozen: notes.get("frozen") === "1",
    ...(type !== undefined && { programs: { type: Number(type), areJited: notes.get("owner_jited") === "1" } }),
  };
}
