/** Numbers of enum bpf_map_type that the session treats in ways of their own. */
const array = 2;
const percpuHash = 5;
const percpuArray = 6;
const stackTrace = 7;
const lruPercpuHash = 10;
const percpuCgroupStorage = 21;
const queue = 22;
const stack = 23;

/** Whether a map has a value for each CPU under each key. */
export function isPerCpu(type: number): boolean {
  return type === percpuHash || type === percpuArray || type === lruPercpuHash || type === percpuCgroupStorage;
}

/** Whether every index always has a value, so that deleting can only mean zero. */
export function isArray(type: number): boolean {
  return type === array || type === percpuArray;
}

/** Whether a map has no keys: reading takes the next value. */
export function isQueue(type: number): boolean {
  return type === queue || type === stack;
}

/** Whether entries go away only as a whole; BCC leaves these maps alone when they are cleared. */
export function isStackTrace(type: number): boolean {
  return type === stackTrace;
}
