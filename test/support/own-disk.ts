import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, statfsSync } from "node:fs";
import { join } from "node:path";
import { afterAll } from "vitest";

/** The magic number of ext2, ext3 and ext4 in statfs(2). */
const EXT4 = 0xef53;

/**
 * A folder on ext4 for a test's files: below the given one where that lies on ext4 itself, else in a file system of the test's own, on a loop device, which goes after the
 * file's tests. A virtual machine's folders lie in memory.
 */
export function makeDiskFolder(folder: string): string {
  const path = join(folder, "disk");
  mkdirSync(path);
  if (statfsSync(path).type === EXT4) return path;
  const image = join(folder, "disk.img");
  const run = (command: string, ...args: readonly string[]): unknown => execFileSync(command, args, { stdio: "pipe" });
  run("modprobe", "-a", "loop", "ext4");
  run("truncate", "-s", "64M", image);
  run("mkfs.ext4", "-q", image);
  run("mount", "-o", "loop", image, path);
  afterAll(() => {
    run("umount", path);
    rmSync(image);
  });
  return path;
}
