import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { statSync } from "node:fs";
import { afterAll } from "vitest";

/** A network namespace of the test's own. */
export interface OwnNetns {
  /** The number of the namespace, as in `ls -Li /proc/PID/ns/net`. */
  readonly inode: number;
  /** The process that keeps it. */
  readonly pid: number;
  /** Its file. */
  readonly path: string;
  /** A command line that runs another one in it. */
  enter(command: string): string;
}

const holders: ChildProcess[] = [];
afterAll(() => {
  for (const holder of holders.splice(0)) holder.kill("SIGKILL");
});

/** Makes a network namespace that goes away after the file's tests. */
export async function makeNetns(): Promise<OwnNetns> {
  const holder = spawn("unshare", ["-n", "sh", "-c", "echo; exec sleep 3600"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  holders.push(holder);
  await new Promise((resolve) => holder.stdout.once("data", resolve));
  const path = `/proc/${holder.pid}/ns/net`;
  return { inode: statSync(path).ino, pid: holder.pid!, path, enter: (command) => `nsenter --net=${path} ${command}` };
}
