import type { Status } from "./handle.ts";

/** A part of a binary that is mapped into memory. */
export interface ElfSegment {
  /** Where the binary wants it, before any bias. */
  readonly address: bigint;
  /** Units: bytes from the start of the file. */
  readonly offset: bigint;
  /** Units: bytes in the file. */
  readonly size: bigint;
  readonly executable: boolean;
}

/** What a binary says of itself. */
export interface ElfInfo {
  /** Source: ET_EXEC 2, ET_DYN 3. */
  readonly type: number;
  /** Source: EM_X86_64 62, EM_AARCH64 183. */
  readonly machine: number;
  /** Units: bytes of an address. */
  readonly wordSize: number;
  /** Hexadecimal, empty when there is none. */
  readonly buildId: string;
  /** The name of the debug file in `.gnu_debuglink`, empty when there is none. */
  readonly debugLink: string;
  readonly debugLinkCrc: number;
  /** What each thread has of its own of a program's variables, rounded up as the loader does. Units: bytes, 0 for none. */
  readonly threadBytes: number;
  readonly segments: readonly ElfSegment[];
}

/** The functions of a binary, sorted by address; the best known of several names for one address comes first. */
export interface ElfSymbolTable {
  readonly count: number;
  /** u64 each: where a symbol starts. */
  readonly starts: Uint8Array;
  /** u64 each: where it ends. One without a size ends at the next one, or after a byte when the table is not whole. */
  readonly ends: Uint8Array;
  /** u32 each: where its name starts in `names`. */
  readonly nameOffsets: Uint8Array;
  /** u8 each: 1 when the symbol is a resolver that picks the function (STT_GNU_IFUNC). */
  readonly indirect: Uint8Array;
  /** u8 each: which function wins when several have the same name; the lowest number does. 0: global, 1: static, 2: an old version, 3: a label. */
  readonly standings: Uint8Array;
  /** UTF-8, each with a NUL at its end. */
  readonly names: Uint8Array;
}

/** A USDT probe's note. Source: SystemTap's note format, version 3. */
export interface UsdtNote {
  readonly provider: string;
  readonly name: string;
  /** `"-4@%edi 8@-24(%rbp)"` */
  readonly arguments: string;
  /** An address as in the binary's segments. */
  readonly location: bigint;
  /** The address of the counter that switches the probe on, 0n for none. */
  readonly semaphore: bigint;
}

/** The calls that read binaries; the rules of `port.ts` hold. */
export interface BinaryPort {
  // Binaries. Source: libelf. -ENOEXEC (-8) for a file that is no ELF file.

  elfDescribe(path: string): ElfInfo | Status;
  /** The functions of one binary, out of its own file and its debug file, or of an image that was read from memory. */
  elfSymbols(paths: readonly string[], image: Uint8Array | null): ElfSymbolTable | Status;
  /**
   * The address of a variable by its name, or of one that each thread has its own of: then from the start of what threads have. -ENOENT when none
   * of the files has it, -ENOTUNIQ when several are called so.
   */
  elfFindObject(paths: readonly string[], name: string, ofThread: boolean): Status;
  elfUsdtNotes(path: string): readonly UsdtNote[] | Status;
  /** The checksum by which `.gnu_debuglink` knows its file. */
  fileCrc32(path: string): Status;
  /** A C++ or Rust symbol as people write it; any other name as it is. Rust's newer names (`_R…`) need an addon that was built with libiberty. */
  demangle(name: string): string;
}
