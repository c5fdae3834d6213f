import type { Handle, Status } from "./handle.ts";

/** Many elements of a map at once. */
export interface MapBatch {
  /** Keys one after another, `count * keySize` bytes. */
  readonly keys: Uint8Array;
  /** Values one after another; per-CPU maps have `possibleCpus * roundUp(valueSize, 8)` bytes each. */
  readonly values: Uint8Array;
  readonly count: number;
}

/** The calls that read and change the elements of maps; the rules of `port.ts` hold. */
export interface MapPort {
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
}
