import type { Closable } from "../../base/scope.ts";
import { findDebugFile } from "./debug-file.ts";
import type { ElfInfo, KernelPort } from "../door/port.ts";
import { emptySymbolTable, openSymbolTable } from "./symbol-table.ts";
import type { SymbolTable } from "./symbol-table.ts";
import { systemFiles } from "../door/system-files.ts";
import type { OpenFile } from "../door/system-files.ts";

/** A program or library, whoever has it mapped. */
export interface Binary {
  /** How its first user calls it. */
  readonly path: string;
  readonly info: ElfInfo;
  /** Its functions, those of its debug file included; read at the first question. */
  readonly symbols: SymbolTable;
  /** The address in the binary's own numbering of a byte in its executable part. */
  findAddress(fileOffset: number): number | undefined;
  /** The address of a variable by its name, in the binary's own numbering; undefined where there is not exactly one. */
  findObject(name: string): number | undefined;
  /** How far from a thread's own address a program's variable lies that each thread has its own of: a negative number. */
  findThreadOffset(name: string): number | undefined;
  /** Where in the file the byte at an address lies. */
  findOffset(address: number): number | undefined;
}

/** Every binary that was opened, once for each file however many processes use it. Owner: whoever opened it closes it. */
export interface Binaries extends Closable {
  /**
   * Opens a binary, by a path that works here. `path` is what people and debug files know it by, `roots` are the
   * trees that its debug file may lie in. Undefined when it is not there, or no ELF file.
   */
  find(open: string, path: string, roots: readonly string[]): Binary | undefined;
  /** One that was opened, by the id that its linker gave it. Units: hexadecimal digits. */
  findByBuildId(buildId: string): Binary | undefined;
}

/** Files that are kept open until their symbols are read, in case their process and its view of the files goes. */
const KEPT_OPEN = 256;

/** Opens the cache of binaries. */
export function openBinaries(port: KernelPort): Binaries {
  const known = new Map<string, Binary | undefined>();
  const byBuildId = new Map<string, Binary>();
  const kept = new Set<OpenFile>();

  const keepOpen = (path: string): OpenFile | undefined => {
    if (kept.size >= KEPT_OPEN) return undefined;
    try {
      const file = systemFiles.open(path);
      kept.add(file);
      return file;
    } catch {
      return undefined;
    }
  };
  const release = (file: OpenFile | undefined): void => {
    if (file !== undefined && kept.delete(file)) file.close();
  };

  const openBinary = (open: string, path: string, roots: readonly string[]): Binary | undefined => {
    const info = port.elfDescribe(open);
    if (typeof info === "number") return undefined;
    const file = keepOpen(open);
    let symbols: SymbolTable | undefined;
    const listFiles = (): string[] => {
      const source = file !== undefined && kept.has(file) ? file.path : open;
      const debug = findDebugFile(port, { open: source, path, info }, roots);
      return debug === undefined ? [source] : [source, debug];
    };
    const readSymbols = (): SymbolTable => {
      const files = listFiles();
      let packed = port.elfSymbols(files, null);
      if (typeof packed === "number" && files.length > 1) packed = port.elfSymbols(files.slice(0, 1), null);
      release(file);
      return typeof packed === "number" ? emptySymbolTable : openSymbolTable(packed);
    };
    return {
      path,
      info,
      get symbols() {
        return (symbols ??= readSymbols());
      },
      findObject(name) {
        const address = port.elfFindObject(listFiles(), name, false);
        return address < 0 ? undefined : address;
      },
      findThreadOffset(name) {
        // x86-64 keeps what a program's threads have below that address.
        const offset = port.elfFindObject(listFiles(), name, true);
        return offset < 0 ? undefined : offset - info.threadBytes;
      },
      findAddress: (fileOffset) => translate(info, fileOffset, "offset", "address", true),
      findOffset: (address) => translate(info, address, "address", "offset", false),
    };
  };

  return {
    find(open, path, roots) {
      const key = identifyFile(open);
      if (key === undefined) return undefined;
      if (!known.has(key)) {
        const binary = openBinary(open, path, roots);
        known.set(key, binary);
        if (binary !== undefined && binary.info.buildId !== "") byBuildId.set(cutZeros(binary.info.buildId), binary);
      }
      return known.get(key);
    },
    findByBuildId: (buildId) => byBuildId.get(cutZeros(buildId)),
    close() {
      for (const file of [...kept]) release(file);
      known.clear();
      byBuildId.clear();
    },
  };
}

/** The kernel writes zeros behind an id that is shorter than its 20 bytes. */
function cutZeros(buildId: string): string {
  return buildId.replace(/(?:00)+$/, "");
}

/** Names a file for as long as it does not change; undefined for what is no file, such as a pipe that would never answer. */
export function identifyFile(path: string): string | undefined {
  const found = systemFiles.find(path);
  return found?.isFile() === true ? `${found.dev}:${found.ino}:${found.mtimeNs}` : undefined;
}

function translate(
  info: ElfInfo,
  value: number,
  from: "offset" | "address",
  to: "offset" | "address",
  executable: boolean,
): number | undefined {
  for (const segment of info.segments) {
    const within = value - Number(segment[from]);
    if (within >= 0 && within < Number(segment.size) && (segment.executable || !executable))
      return Number(segment[to]) + within;
  }
  return undefined;
}
