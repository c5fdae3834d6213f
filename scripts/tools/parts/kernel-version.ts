import { read_file } from "bpfts";

/** Whether the running kernel is older than this version: for what no type or tracepoint of the kernel's tells. */
export function is_older_than(major: number, minor: number): boolean {
  const [ownMajor = 0, ownMinor = 0] = read_file("/proc/sys/kernel/osrelease")
    .split(".")
    .map((part) => parseInt(part, 10));
  return ownMajor < major || (ownMajor === major && ownMinor < minor);
}
