import { execFileSync } from "node:child_process";
import { rmSync, truncateSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { afterAll } from "vitest";

/** A disk of the test's own: a loop device over a sparse file of 8 MiB in the folder. It goes after the file's tests. Answers its path. */
export function makeLoopDevice(folder: string, name: string): string {
  const image = join(folder, `${name}.img`);
  const run = (command: string, ...args: readonly string[]): string =>
    execFileSync(command, args, { encoding: "utf8", stdio: "pipe" });
  // A kernel that has it built in knows no such module.
  try {
    run("modprobe", "loop");
  } catch {}
  writeFileSync(image, "");
  truncateSync(image, 8 << 20);
  const path = run("losetup", "-f", "--show", image).trim();
  afterAll(() => {
    run("losetup", "-d", path);
    rmSync(image);
  });
  return path;
}

/** The name of a disk as the kernel has it. */
export function nameDisk(path: string): string {
  return basename(path);
}
