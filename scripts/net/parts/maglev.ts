/** Sizes of tables, all prime: every step through one reaches each of its places. Source: the sizes that Cilium takes */
export const maglev_sizes = [251, 509, 1021, 2039, 4093, 8191, 16381, 32749, 65521, 131071] as const;

/** A hash of a text that differs with the seed. Source: FNV-1a, then the last steps of MurmurHash3, since the low bits of FNV alone are poor */
export function hash_text(text: string, seed: number): number {
  let hash = (0x811c9dc5 ^ seed) >>> 0;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/**
 * The table of Maglev: for each of `size` places the number of a backend in the list. Backends take turns, each at the next free place of its own order, so each has
 * as many places as another, but one; and when one goes, few places of the others change. The order of the list does not count.
 * Source: Eisenbud et al., "Maglev: A Fast and Reliable Software Network Load Balancer", 3.4
 */
export function build_maglev_table(backends: readonly string[], size: number): Uint32Array {
  const table = new Uint32Array(size);
  if (backends.length === 0) return table;
  const turns = backends
    .map((name, backend) => ({
      name,
      backend,
      at: hash_text(name, 0x6d61676c) % size,
      skip: (hash_text(name, 0x65760000) % (size - 1)) + 1,
    }))
    .sort((one, other) => (one.name < other.name ? -1 : 1));
  const taken = new Uint8Array(size);
  for (let filled = 0; ; )
    for (const turn of turns) {
      while (taken[turn.at] === 1) turn.at = (turn.at + turn.skip) % size;
      taken[turn.at] = 1;
      table[turn.at] = turn.backend;
      if (++filled === size) return table;
    }
}
