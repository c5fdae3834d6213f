// Writes many entries at once and reads them again: a line for each shape of keys and values.
import { BPF, monotonic_ns, print } from "bpfts";

const b = new BPF({
  text: /* c */ `
struct three { u32 a; u32 b; u32 c; };
struct service { __be32 address; __be16 port; u8 protocol; u8 scope; };
struct backend { __be32 address; u8 mac[6]; __be16 port; };
BPF_HASH(numbers, u64, u64, 20000);
BPF_HASH(triples, struct three, u64, 20000);
BPF_HASH(services, struct service, struct backend, 20000);
`,
});
const each = [...Array(20_000).keys()];
const counts = each.map(BigInt);
const backend = (i: number) => ({ address: i, mac: Uint8Array.of(2, 0, 0, 0, i & 255, 1), port: 80 });
const { numbers, triples, services } = b.tables;

const measure = (name: string, write: () => void, read: () => number): void => {
  const start = monotonic_ns();
  write();
  const written = monotonic_ns();
  const seen = read();
  print(name, Number(written - start) / 1e6, Number(monotonic_ns() - written) / 1e6, seen);
};
const count = (entries: Iterable<unknown>): number => {
  let seen = 0;
  for (const _ of entries) seen++;
  return seen;
};
const threes = each.map((a) => ({ a, b: 1, c: 2 }));
const keys = each.map((address) => ({ address, port: 80, protocol: 6, scope: 0 }));
const backends = each.map(backend);
measure(
  "u64->u64",
  () => numbers.items_update_batch(counts, counts),
  () => count(numbers),
);
measure(
  "struct->u64",
  () => triples.items_update_batch(threes, counts),
  () => count(triples),
);
measure(
  "struct->struct",
  () => services.items_update_batch(keys, backends),
  () => count(services),
);
