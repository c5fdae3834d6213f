import type { KernelScript } from "./fake-kernel.ts";

export interface FakeMapShape {
  readonly type: number;
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
}

const ENOENT = -2;
const E2BIG = -7;
const EEXIST = -17;
const EINVAL = -22;

/** A kernel with one map under every handle: a hash, an array (type 2 or 6) or a queue (22). Values of per-CPU kinds are as long as they cross. */
export function makeFakeMap(shape: FakeMapShape): KernelScript {
  const entries = new Map<string, Uint8Array>();
  const isArray = shape.type === 2 || shape.type === 6;
  const crossing = [5, 6, 10].includes(shape.type) ? 2 * ((shape.valueSize + 7) & ~7) : shape.valueSize;
  const toKey = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
  const fromKey = (key: string): Uint8Array => Uint8Array.from(Buffer.from(key, "hex"));
  if (isArray)
    for (let i = 0; i < shape.maxEntries; i++)
      entries.set(toKey(new Uint8Array(Uint32Array.of(i).buffer)), new Uint8Array(crossing));
  const update = (key: Uint8Array, value: Uint8Array, flags: number): number => {
    if (key.length !== shape.keySize || value.length !== crossing) return EINVAL;
    const name = shape.type === 22 ? String(entries.size).padStart(8, "0") : toKey(key);
    if (isArray && !entries.has(name)) return E2BIG;
    if (flags === 1 && entries.has(name)) return EEXIST;
    if (!entries.has(name) && entries.size >= shape.maxEntries) return E2BIG;
    entries.set(name, value.slice());
    return 0;
  };
  const first = (): string | undefined => entries.keys().next().value;
  return {
    mapInfo: () => ({ id: 1, name: "m", flags: 0, ...shape }),
    mapLookup: (_, key) => (shape.type === 22 ? entries.get(first() ?? "") : entries.get(toKey(key))) ?? ENOENT,
    mapLookupAndDelete(_, key) {
      const name = shape.type === 22 ? (first() ?? "") : toKey(key);
      const value = entries.get(name);
      entries.delete(name);
      return value ?? ENOENT;
    },
    mapUpdate: (_, key, value, flags) => update(key, value, flags),
    mapDelete: (_, key) => (isArray ? EINVAL : entries.delete(toKey(key)) ? 0 : ENOENT),
    mapReadAll(_, remove) {
      const keys = Uint8Array.from([...entries.keys()].flatMap((key) => [...fromKey(key)]));
      const values = Uint8Array.from([...entries.values()].flatMap((value) => [...value]));
      const count = entries.size;
      if (remove) entries.clear();
      return { keys, values, count };
    },
    mapUpdateAll(_, batch, flags) {
      for (let i = 0; i < batch.count; i++) {
        const status = update(
          batch.keys.subarray(i * shape.keySize, (i + 1) * shape.keySize),
          batch.values.subarray(i * crossing, (i + 1) * crossing),
          flags,
        );
        if (status < 0) return status;
      }
      return batch.count;
    },
    mapDeleteAll(_, keys) {
      const names =
        keys === null
          ? [...entries.keys()]
          : Array.from({ length: keys.length / shape.keySize }, (_unused, i) =>
              toKey(keys.subarray(i * shape.keySize, (i + 1) * shape.keySize)),
            );
      return names.filter((name) => entries.delete(name)).length;
    },
  };
}
