import { existsSync, mkdirSync, statfsSync } from "node:fs";
import { dirname } from "node:path";
import { MapError } from "../../base/errors.ts";

/** Source: BPF_FS_MAGIC of linux/magic.h. */
const bpfMagic = 0xcafe4a11;

/** Makes the folders that a map is to be pinned in, as BCC does. @throws MapError when they would not lie in a BPF file system */
export function makePinFolder(map: string, path: string): void {
  let folder = dirname(path);
  while (!existsSync(folder)) folder = dirname(folder);
  // Files of this kind have a number above 2^31, which older Nodes answer as a negative one.
  if (statfsSync(folder).type >>> 0 !== bpfMagic) {
    throw new MapError(`Cannot pin map "${map}" at "${path}": "${folder}" is no BPF file system`, {
      hint: "as root: mount -t bpf bpf /sys/fs/bpf, and pin below it",
    });
  }
  mkdirSync(dirname(path), { recursive: true });
}
