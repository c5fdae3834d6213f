import type { Handle, Status } from "./handle.ts";
import type { IteratorPort } from "./iterator-port.ts";
import type { NetworkPort } from "./network-port.ts";
import type { PerfPort } from "./perf-port.ts";
import type { ProgramPort } from "./program-port.ts";

export type { Handle, Status };

/**
 * The door to the kernel: everything that bpfts asks of it goes through this
 * interface, which the native addon implements (`addon.ts`) and a fake answers
 * in unit tests. Rules of the border, for every call:
 *
 * - Numbers, bigints, strings and bytes only. No policy and no decoding behind it.
 * - A failure is a negative errno (`-2` is ENOENT); nothing is thrown but a
 *   `TypeError` for a wrong JavaScript type.
 * - Handles are small integers that carry a generation: a stale one answers
 *   `-EBADF`. Closing an object closes its links and rings first; twice is fine.
 * - Calls that wait return early with what they have when a signal arrives.
 */

/** What an object says of one of its maps, or the kernel of a map that is open. Source: struct bpf_map_info. */
export interface ObjectMapInfo {
  readonly name: string;
  readonly type: number;
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
  readonly flags: number;
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

/** Many elements of a map at once. */
export interface MapBatch {
  /** Keys one after another, `count * keySize` bytes. */
  readonly keys: Uint8Array;
  /** Values one after another; per-CPU maps have `possibleCpus * roundUp(valueSize, 8)` bytes each. */
  readonly values: Uint8Array;
  readonly count: number;
}

/** A place in the code of user programs. Source: struct bpf_uprobe_opts of libbpf. */
export interface UprobeTarget {
  readonly path: string;
  /** Units: bytes from the start of the file. */
  readonly offset: bigint;
  readonly retprobe: boolean;
  /** -1 for every process. */
  readonly pid: number;
  /** File offset of a USDT semaphore, 0n for none. Since: Linux 4.20. */
  readonly refCtrOffset: bigint;
  readonly cookie: bigint;
}

/** Many places in the code of one binary. What there is one of for each place is a u64 each, in one order. */
export interface UprobeMultiTarget {
  readonly path: string;
  readonly offsets: Uint8Array;
  /** Empty when no place has a semaphore. */
  readonly refCtrOffsets: Uint8Array;
  readonly cookies: Uint8Array;
  readonly retprobe: boolean;
  /** -1 for every process. */
  readonly pid: number;
}

/** The state of a child that `processSpawn` made. */
export interface ProcessState {
  readonly exited: boolean;
  /** Exit status, or 128 + signal number, once it has exited. */
  readonly code: number;
  /** The number of the signal that ended it, 0 for none. */
  readonly signal: number;
  /** Why it could not be run, as an errno; 0 when it was. */
  readonly refused: number;
}

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
  /** u8 each: of several functions with its name the lowest is meant. 0 for what other files see, 1 for a static one, 2 for an old version, 3 for a label. */
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

/** Kinds of objects that exist in the kernel by themselves. Source: the order of native/live.cc. */
export const liveKinds = { program: 0, map: 1, link: 2, btf: 3 } as const;

/** What the kernel says of a live object. */
export interface LiveInfo {
  /** The kernel's struct. Source: struct bpf_prog_info, bpf_map_info, bpf_link_info, bpf_btf_info of linux/bpf.h. */
  readonly info: Uint8Array;
  /** What it wrote into each room that was asked for. */
  readonly parts: readonly Uint8Array[];
}

/** What a wait can leave out. Source: WaitSource of native/poller.h. */
export const waitSources = { rings: 1, files: 2 } as const;

/** Every call that bpfts makes to the kernel; the rules above hold for each. */
export interface KernelPort extends IteratorPort, NetworkPort, PerfPort, ProgramPort {
  // Objects. Source: libbpf bpf_object__*, bpf_program__*, bpf_map__*.

  /** Opens an object from memory; creates nothing in the kernel yet. */
  objectOpen(bytes: Uint8Array, name: string): Handle;
  objectMaps(object: Handle): readonly ObjectMapInfo[];
  objectPrograms(object: Handle): readonly ObjectProgramInfo[];
  programSetAutoload(object: Handle, program: string, autoload: boolean): Status;
  /** Source: enum bpf_prog_type, enum bpf_attach_type. */
  programSetType(object: Handle, program: string, type: number, expectedAttachType: number): Status;
  /** For tracing programs: the function in vmlinux or a module; fd 0 means vmlinux. */
  programSetAttachTarget(object: Handle, program: string, attachProgramFd: number, functionName: string): Status;
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
  programFd(program: Handle): number;
  /** Source: struct bpf_prog_info; `recursionMisses` since Linux 5.12. */
  programInfo(
    program: Handle,
  ):
    | { readonly id: number; readonly runCount: bigint; readonly runTimeNs: bigint; readonly recursionMisses: bigint }
    | Status;
  mapHandle(object: Handle, map: string): Handle;
  /** Opens a pinned map. Owner: the caller closes it. */
  mapOpenPinned(path: string): Handle;
  /** Opens a map by its id in the kernel. Owner: the caller closes it. */
  mapOpenId(id: number): Handle;
  mapInfo(map: Handle): (ObjectMapInfo & { readonly id: number }) | Status;
  mapFd(map: Handle): number;
  mapClose(map: Handle): Status;
  mapPin(map: Handle, path: string): Status;

  // Map elements. Sizes are checked before the call: a wrong one is -EINVAL.

  /** For a bloom filter, `key` is the value to look for. */
  mapLookup(map: Handle, key: Uint8Array, flags: number): Uint8Array | Status;
  /** In one step where the kernel can (hash maps since Linux 5.14), else in two. */
  mapLookupAndDelete(map: Handle, key: Uint8Array): Uint8Array | Status;
  /** Source: BPF_ANY 0, BPF_NOEXIST 1, BPF_EXIST 2. */
  mapUpdate(map: Handle, key: Uint8Array, value: Uint8Array, flags: number): Status;
  mapDelete(map: Handle, key: Uint8Array): Status;
  /** The key after `key`, the first one for null, `-ENOENT` at the end. */
  mapNextKey(map: Handle, key: Uint8Array | null): Uint8Array | Status;
  /**
   * Reads the whole map, in batches where the kernel has them (BPF_MAP_LOOKUP_BATCH,
   * since Linux 5.6) and key by key where not. With `remove`, takes the elements out
   * as it reads them. Entries that come or go meanwhile may or may not be seen.
   * Queues and stacks have no keys and can only be read with `remove`.
   */
  mapReadAll(map: Handle, remove: boolean): MapBatch | Status;
  mapUpdateAll(map: Handle, batch: MapBatch, flags: number): Status;
  /** Deletes the given keys, or all of them for null. Answers how many went. */
  mapDeleteAll(map: Handle, keys: Uint8Array | null): Status;
  possibleCpus(): number;

  // Links. Source: bpf_program__attach_*. Owner: the caller closes them with linkClose.

  /** Attaches by the section name alone, for programs whose section says it all (fentry, tp_btf, lsm, iter). */
  attachAuto(program: Handle): Handle;
  /** A cookie that is not 0n needs Linux 5.15. */
  attachTracepoint(program: Handle, category: string, name: string, cookie: bigint): Handle;
  attachRawTracepoint(program: Handle, name: string): Handle;
  attachKprobe(program: Handle, symbol: string, offset: bigint, retprobe: boolean, cookie: bigint): Handle;
  attachUprobe(program: Handle, target: UprobeTarget): Handle;
  /** One link for many places of one binary, for a program that was loaded for it. All of them or none. Source: BPF_TRACE_UPROBE_MULTI. Since: Linux 6.6 */
  attachUprobeMulti(program: Handle, target: UprobeMultiTarget): Handle;
  /**
   * One link for many kernel functions, for a program that was loaded for it. All of them or none. `addresses` and `cookies` are u64 each, in one order.
   * Source: BPF_TRACE_KPROBE_MULTI, BPF_TRACE_KPROBE_SESSION. Since: Linux 5.18, with a session 6.10
   */
  attachKprobeMulti(
    program: Handle,
    addresses: Uint8Array,
    cookies: Uint8Array,
    retprobe: boolean,
    session: boolean,
  ): Handle;
  attachUsdt(program: Handle, pid: number, path: string, provider: string, name: string, cookie: bigint): Handle;
  /** Attaches to a cgroup or a network namespace by its descriptor. Source: BPF_LINK_CREATE, enum bpf_attach_type. Since: Linux 5.7 */
  attachTarget(program: Handle, targetFd: number, attachType: number): Handle;
  /** Puts a program in the place of a function of another program, by that one's descriptor. Source: bpf_program__attach_freplace. */
  attachFreplace(program: Handle, targetFd: number, functionName: string): Handle;
  /** Attaches to a sockmap or sockhash. Source: BPF_PROG_ATTACH. */
  attachMap(program: Handle, map: Handle, attachType: number): Handle;
  /**
   * Registers a table of struct_ops of a loaded object by its map's name. With BPF_F_LINK among the map's flags the kernel takes it back when the
   * link's last descriptor is gone (since Linux 6.4); without, a process of its own does so when this one ends. Source: bpf_map__attach_struct_ops. Since: Linux 5.6
   */
  attachStructOps(object: Handle, map: string): Handle;
  linkClose(link: Handle): Status;
  /**
   * Detaches every program that sits on a probe, all at once, when there are so many that the kernel would take long to detach one after another.
   * A process of its own, `bpfts-detach`, lives until the kernel has freed their perf events. Answers how many those are.
   */
  detachProbes(): Status;

  // Objects that exist in the kernel, whoever made them. Source: BPF_OBJ_GET_INFO_BY_FD, enum bpf_stats_type.

  /** The id after `id`, 0 for the first one; -ENOENT at the end. `kind` is one of `liveKinds`. */
  liveNextId(kind: number, id: number): Status;
  /** A descriptor of a live object. Owner: the caller closes it with close(2). -ENOENT when the object is gone. */
  liveOpen(kind: number, id: number): Status;
  /**
   * Fills in a request: the kernel's struct with the counts that ask for more. `rooms` has two u32 for each pointer of the struct that is
   * to be answered: its place in the struct and how many bytes it may fill. -ENOENT when the object is gone.
   */
  liveInfo(kind: number, id: number, request: Uint8Array, rooms: Uint8Array): LiveInfo | Status;
  /** A descriptor of a pinned program, map or link. Owner: the caller closes it with close(2). */
  pinOpen(path: string): Status;
  /** The kernel counts runs and run times of programs until the descriptor is closed. Owner: the caller closes it with close(2). Since: Linux 5.8 */
  statsEnable(): Status;

  // Rings. A record in a batch is: u32 size, u32 cpu, then the bytes, padded to 8.

  /** Opens one ring of `pages` (a power of two) per online CPU on a perf event array. */
  perfBufferOpen(map: Handle, pages: number): Handle;
  ringBufferOpen(map: Handle): Handle;
  /**
   * Copies records into `room` until there are none or the next one does not fit: it stays. Answers how many
   * bytes they take, -EMSGSIZE when not even the first one fits. With `timed`, the first eight of a perf record's bytes are the time
   * when the program handed it over, in nanoseconds of CLOCK_MONOTONIC; a ring buffer's records have none.
   */
  ringRead(ring: Handle, room: Uint8Array, timed: boolean): Status;
  /** Records that found no room in this ring so far (perf buffers only). Exact since Linux 6.0, before that told with the next record that finds room. */
  ringLost(ring: Handle): number;
  ringClose(ring: Handle): Status;
  /** Opens a user ring buffer to write into. Since: Linux 6.1. Owner: the map's object closes it. */
  userRingOpen(map: Handle): Handle;
  /** Writes one record: -ENOSPC when there is no room now, -E2BIG when there never is. */
  userRingWrite(ring: Handle, record: Uint8Array): Status;

  // Waiting. One wait watches every open ring, watched file, child and the signals.

  /**
   * Waits until something is ready, a signal came or the time is over. `sources`
   * (of `waitSources`, added up) leaves out what the caller is not going to read;
   * children and signals always wake it. An ended child wakes every wait until
   * `processState` has told of it, a signal until `signalTake` has.
   *
   * Units: milliseconds, -1 waits for ever. Answers about how many things are ready.
   */
  wait(timeoutMs: number, sources?: number): Status;
  /** Opens a file for reading without blocking and watches it in `wait`. */
  fileOpen(path: string): Handle;
  /** What can be read at once; empty when nothing is there. */
  fileRead(file: Handle, maxBytes: number): Uint8Array | Status;
  fileClose(file: Handle): Status;
  /** Writes all of it unless the reader is gone (-EPIPE), a signal came or the time is over: answers how much was written. */
  write(fd: number, bytes: Uint8Array, timeoutMs: number): Status;

  // Signals: SIGINT, SIGTERM and SIGHUP are kept, not delivered to Node. A second one while the first is still pending ends the
  // process. The same one again within a quarter of a second is the echo that npm sends and does not count.

  signalsCatch(): Status;
  /** The number of a signal that came and was not taken yet, or 0. Cheap: one atomic load. */
  signalPending(): number;
  /** Takes the pending signal: answers it and clears it. */
  signalTake(): number;
  /** A descriptor that is readable while a signal is pending, for a child that is to end then; -1 when signals are not caught. */
  signalFd(): number;
  /** From now on the next signal ends the process, whether one is pending or not. */
  signalsFinish(): Status;
  signalsRelease(): Status;
  /**
   * Calls a function: the one call of the door's into JavaScript. Answers 1 when it was ended from outside, wherever it was: a signal was pending
   * for half a second, or the deadline of `guardDeadline` is over. Nothing in it can catch that, its `finally` does not run. Source: v8::Isolate::TerminateExecution
   */
  runGuarded(run: () => void): Status;
  /** Units: milliseconds from now, -1 for none. */
  guardDeadline(timeoutMs: number): Status;

  // A child process that is held before its exec until it is released.

  processSpawn(argv: readonly string[], variables: readonly string[]): Handle;
  processPid(process: Handle): number;
  processRelease(process: Handle): Status;
  processState(process: Handle): ProcessState | Status;
  /**
   * Takes notice of ended processes that a child left behind: they come to this process once `processSpawn` was called. Answers 1 while this
   * process has children that run, 0 when it has none. Source: PR_SET_CHILD_SUBREAPER(2const)
   */
  processReap(process: Handle): Status;
  /** Kills it when it still runs and reaps it. */
  processClose(process: Handle): Status;
  /** A descriptor of any process or, since Linux 6.9, thread. Owner: the caller closes it with close(2). Since: Linux 5.3 */
  pidfdOpen(pid: number): Status;
  /** Sends a signal to the process of a `pidfdOpen`, which cannot have become another one. Since: Linux 5.1 */
  pidfdSignal(fd: number, signal: number): Status;
  /** A copy of another process's descriptor. Owner: the caller closes it with close(2). Since: Linux 5.6 */
  pidfdCopy(pid: number, fd: number): Status;

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

  // The rest of the outside.

  /**
   * The BTF at a path as C, the way `bpftool btf dump … format c` prints it. `base` is the vmlinux
   * BTF for a module's split BTF, of which only its own types and what they need are printed.
   */
  btfDumpC(path: string, base: string | null): string | Status;
  mount(source: string, target: string, type: string): Status;
  /** Source: libbpf_probe_bpf_prog_type and friends: 1 yes, 0 no, negative cannot tell. */
  probeProgramType(type: number): Status;
  probeMapType(type: number): Status;
  probeHelper(programType: number, helper: number): Status;
  libbpfVersion(): string;
}
