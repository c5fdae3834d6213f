// Reads a hash that a program has filled, five times in each way: maps.ts PID ENTRIES. Prints WAY, ms of CPU, entries, sum.
import { BPF, argv, print, read_file, sleep } from "bpfts";

const b = new BPF({
  text: `
BPF_HASH(counts, u32, u64, 1 << 20);
BPF_ARRAY(filled, u64, 1);
TRACEPOINT_PROBE(syscalls, sys_enter_getppid) {
    u32 zero = 0;
    if (bpf_get_current_pid_tgid() >> 32 != ONLY_PID)
        return 0;
    u64 *count = filled.lookup(&zero);
    if (!count)
        return 0;
    u32 key = *count;
    u64 value = key * 3ull;
    counts.update(&key, &value);
    __sync_fetch_and_add(count, 1);
    return 0;
}
`,
  cflags: [`-DONLY_PID=${argv[0]}`],
});
const counts = b.get_table("counts");
const filled = b.get_table("filled");

// The first number of schedstat is the main thread's time on a CPU, in nanoseconds.
const readCpuMs = (): number => Number(read_file("/proc/self/schedstat").split(" ")[0]) / 1e6;

const ways: Readonly<Record<string, () => readonly [number, bigint]>> = {
  entries() {
    let seen = 0;
    let sum = 0n;
    for (const [key, value] of counts.items_lookup_batch()) {
      seen++;
      sum += BigInt(key) + value;
    }
    return [seen, sum];
  },
  forEach() {
    let seen = 0;
    let sum = 0n;
    counts.forEach((value, key) => {
      seen++;
      sum += BigInt(key) + value;
    });
    return [seen, sum];
  },
  columns() {
    const { count, keys, values } = counts.columns();
    let sum = 0n;
    for (let i = 0; i < count; i++) sum += BigInt(keys[i]!) + values[i]!;
    return [count, sum];
  },
  values() {
    let seen = 0;
    let sum = 0n;
    for (const value of counts.values()) {
      seen++;
      sum += value;
    }
    return [seen, sum];
  },
};

print("ready");
while (Number(filled.get(0)) < Number(argv[1])) sleep(0.02);
for (const [name, read] of Object.entries(ways)) {
  for (let run = 0; run < 5; run++) {
    const start = readCpuMs();
    const [seen, sum] = read();
    print(`${name} ${(readCpuMs() - start).toFixed(2)} ${seen} ${sum}`);
  }
}
