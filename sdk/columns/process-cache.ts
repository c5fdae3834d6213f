/** What is known of processes by a number. */
export interface ProcessCache<Key, Value> {
  /** Null for what nobody knows. */
  find(key: Key): Value | null;
}

/** How long an answer counts: a process may change its user, and its number may become another one's. Units: milliseconds. */
const FRESH_MS = 1000;
/** How many answers are kept. */
const MAX_KNOWN = 4096;

/** Opens a cache of what `ask` answers. What is known of a process stays known for a while when the process is gone. */
export function openProcessCache<Key, Value>(
  ask: (key: Key) => Value | null,
  now: () => number = Date.now,
): ProcessCache<Key, Value> {
  const known = new Map<Key, { value: Value | null; until: number }>();
  let last: { readonly key: Key; readonly value: Value | null; readonly until: number } | undefined;
  return {
    find(key) {
      const time = now();
      // Rows of one process often follow each other.
      if (last !== undefined && last.key === key && time < last.until) return last.value;
      const old = known.get(key);
      if (old !== undefined && time < old.until) {
        last = { key, ...old };
        return old.value;
      }
      if (known.size >= MAX_KNOWN) known.clear();
      const value = ask(key) ?? old?.value ?? null;
      known.set(key, { value, until: time + FRESH_MS });
      return value;
    },
  };
}
