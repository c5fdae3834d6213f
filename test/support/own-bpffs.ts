import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { afterEach } from "vitest";
import { openLines } from "./read-lines.ts";

/** A BPF file system at /sys/fs/bpf that only those see who enter it. */
export interface OwnBpffs {
  /** The command line that runs another one in its sight. */
  readonly enter: readonly string[];
}

const holders: ChildProcess[] = [];
afterEach(() => {
  for (const holder of holders.splice(0)) holder.kill("SIGKILL");
});

/** Mounts a BPF file system that goes away after the test. Mounts that are made elsewhere later, as those of network namespaces, are not seen in it. */
export async function mountBpffs(): Promise<OwnBpffs> {
  const line = "mount -t bpf bpf /sys/fs/bpf && echo mounted && exec sleep 3600";
  const holder = spawn("unshare", ["-m", "sh", "-c", line], { stdio: ["ignore", "pipe", "inherit"] });
  holders.push(holder);
  await openLines(holder.stdout)();
  return { enter: ["nsenter", `--mount=/proc/${holder.pid}/ns/mnt`] };
}
