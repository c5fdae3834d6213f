import { systemFiles } from "../door/system-files.ts";

/** The first one's, which the kernel gives its number. Source: PROC_PID_INIT_INO of linux/proc_ns.h */
const INITIAL = "4026531836";

/** Where /proc does not tell. */
const UNKNOWN = "0";

/** The number of this process's PID namespace; "0" where /proc does not tell. */
export function readPidNamespace(): string {
  try {
    return /\d+/.exec(systemFiles.readLink("/proc/self/ns/pid"))?.[0] ?? UNKNOWN;
  } catch {
    return UNKNOWN;
  }
}

/** Whether processes have other pids here than programs in the kernel see, as in a container. */
export function haveOwnPids(): boolean {
  const namespace = readPidNamespace();
  return namespace !== UNKNOWN && namespace !== INITIAL;
}
