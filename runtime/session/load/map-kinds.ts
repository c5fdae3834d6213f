/** Numbers of enum bpf_map_type that the session treats in ways of their own. */
const array = 2;
const perfEventArray = 4;
const percpuHash = 5;
const percpuArray = 6;
const cgroupArray = 8;
const lruPercpuHash = 10;
const sockmap = 15;
const sockhash = 18;
const percpuCgroupStorage = 21;
const queue = 22;
const stack = 23;
const bloomFilter = 30;

/** Arrays, and arrays of programs, counters, cgroups, maps, devices, CPUs and sockets. */
const indexed = new Set([array, percpuArray, 3, perfEventArray, cgroupArray, 12, 14, sockmap, 16, 17, 20]);

/** Whether a map has a value for each CPU under each key. */
export function isPerCpu(type: number): boolean {
  return type === percpuHash || type === percpuArray || type === lruPercpuHash || type === percpuCgroupStorage;
}

/** Whether every index always has a value, so that deleting can only mean zero. */
export function isArray(type: number): boolean {
  return type === array || type === percpuArray;
}

/** Whether keys are indices, of which there are as many as the map has entries. */
export function hasIndices(type: number): boolean {
  return indexed.has(type);
}

/** Whether the kernel does not say that there was nothing to delete: device maps and CPU maps. */
export function deletesBlindly(type: number): boolean {
  return type === 14 || type === 16;
}

/** Whether a map has no keys: reading takes the next value. */
export function isQueue(type: number): boolean {
  return type === queue || type === stack;
}

/** Whether a map is asked by value: it has no keys. */
export function isBloomFilter(type: number): boolean {
  return type === bloomFilter;
}

/** Whether the kernel keeps what lies in the map to itself, as it does with cgroups, counters and sockets. */
export function isSecretive(type: number): boolean {
  return type === perfEventArray || type === cgroupArray || type === sockmap || type === sockhash;
}

/** Whether a map holds sockets, where deleting what is not there is -EINVAL. */
export function holdsSockets(type: number): boolean {
  return type === sockmap || type === sockhash;
}
