import { readBtfBlob } from "../../kernel/live/btf-blob.ts";
import { readLinkInfo } from "../../kernel/live/link-info.ts";
import type { LinkInfo } from "../../kernel/live/link-info.ts";
import { listLiveIds } from "../../kernel/live/live-object.ts";
import type { LiveKind } from "../../kernel/live/live-object.ts";
import { readMapInfo } from "../../kernel/live/map-info.ts";
import type { MapInfo } from "../../kernel/live/map-info.ts";
import { readHolders } from "../../kernel/live/object-holders.ts";
import type { Holder, Holders } from "../../kernel/live/object-holders.ts";
import { readPins } from "../../kernel/live/object-pins.ts";
import type { Pins } from "../../kernel/live/object-pins.ts";
import { readProgramInfo } from "../../kernel/live/program-info.ts";
import type { ProgramInfo } from "../../kernel/live/program-info.ts";
import { openAddon } from "../../kernel/door/addon.ts";
import type { KernelPort } from "../../kernel/door/port.ts";
import { openKernelSymbols } from "../../kernel/machine/kernel-symbols.ts";
import type { KernelSymbols } from "../../kernel/machine/kernel-symbols.ts";
import { readModuleTypes } from "../../kernel/machine/module-types.ts";
import { btfKind, parseBtf } from "../../object/btf.ts";
import type { BtfTypes } from "../../object/btf.ts";

/** Type information with its bytes, where the texts of source lines lie. */
export interface LoadedTypes {
  readonly types: BtfTypes;
  readonly bytes: Uint8Array;
}

/** The programs, maps and links that exist in the kernel, and what belongs to them. Each thing is read when it is first asked for. */
export interface LiveObjects {
  readonly port: KernelPort;
  listPrograms(): readonly ProgramInfo[];
  listMaps(): readonly MapInfo[];
  listLinks(): readonly LinkInfo[];
  findProgram(id: number): ProgramInfo | undefined;
  findMap(id: number): MapInfo | undefined;
  /** The processes that have a descriptor of an object, without this one. */
  listHolders(kind: LiveKind, id: number): readonly Holder[];
  listPins(kind: LiveKind, id: number): readonly string[];
  /** Type information by its id; undefined for 0 and for what is gone. */
  findTypes(btfId: number): LoadedTypes | undefined;
  /** A program's whole name, which its type information has. */
  nameProgram(program: ProgramInfo): string;
  /** The kernel's function at an address with what the address lies behind it; the number where there is none. */
  nameAddress(address: bigint): string;
}

/** The kernel keeps this much of a name. Source: BPF_OBJ_NAME_LEN of linux/bpf.h, without the NUL. */
const maxNameLength = 15;

/** Opens the objects of this machine. @throws PrivilegeError at the first question */
export function openLiveObjects(port: KernelPort = openAddon()): LiveObjects {
  let programs: readonly ProgramInfo[] | undefined;
  let maps: readonly MapInfo[] | undefined;
  let links: readonly LinkInfo[] | undefined;
  let holders: Holders | undefined;
  let pins: Pins | undefined;
  let symbols: KernelSymbols | undefined;
  const blobs = new Map<number, LoadedTypes | undefined>();

  /** What is gone by the time that it is asked about is left out. */
  function listAll<T>(kind: LiveKind, read: (port: KernelPort, id: number) => T | undefined): readonly T[] {
    return listLiveIds(port, kind).flatMap((id) => read(port, id) ?? []);
  }

  function readTypes(btfId: number): LoadedTypes | undefined {
    const blob = readBtfBlob(port, btfId);
    if (blob === undefined) return undefined;
    if (!blob.isKernel || blob.name === "vmlinux") return { types: parseBtf(blob.bytes), bytes: blob.bytes };
    const kernel = readModuleTypes("vmlinux");
    if (kernel === undefined) return undefined;
    return {
      types: parseBtf(blob.bytes, { base: { types: parseBtf(kernel), bytes: kernel } }),
      bytes: blob.bytes,
    };
  }

  function findTypes(btfId: number): LoadedTypes | undefined {
    if (btfId === 0) return undefined;
    if (!blobs.has(btfId)) blobs.set(btfId, readTypes(btfId));
    return blobs.get(btfId);
  }

  return {
    port,
    listPrograms: () => (programs ??= listAll("program", readProgramInfo)),
    listMaps: () => (maps ??= listAll("map", readMapInfo)),
    listLinks: () => (links ??= listAll("link", readLinkInfo)),
    findProgram: (id) => readProgramInfo(port, id),
    findMap: (id) => readMapInfo(port, id),
    listHolders: (kind, id) => (holders ??= readHolders()).list(kind, id),
    listPins: (kind, id) => (pins ??= readPins(port)).list(kind, id),
    findTypes,
    nameProgram({ name, btfId, functionType }) {
      if (name.length < maxNameLength || functionType === 0) return name;
      const found = findTypes(btfId)?.types.require(functionType);
      return found?.kind === btfKind.function ? found.name : name;
    },
    nameAddress(address) {
      const found = (symbols ??= openKernelSymbols()).find(address);
      if (found === undefined) return `0x${address.toString(16)}`;
      return found.offset === 0 ? found.name : `${found.name}+0x${found.offset.toString(16)}`;
    },
  };
}
