import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { adviseBuild } from "../base/advise-build.ts";
import { findNativeFile } from "../base/native-file.ts";
import { ToolchainError } from "../base/errors.ts";

/**
 * Finds the program that confines others, from the sources as from the bundle.
 *
 * @throws ToolchainError when it is not built.
 */
export function requireLauncher(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    const isTop = folder === dirname(folder);
    if (!existsSync(join(folder, "binding.gyp")) && !isTop) continue;
    const path = findNativeFile(folder, "bpfts-confine", existsSync);
    if (existsSync(path)) return path;
    throw new ToolchainError(`The program that confines compilers is not built: "${path}" is missing`, {
      hint: adviseBuild(folder, existsSync),
    });
  }
}

/** What keeps a confined program in on this machine. */
export interface ConfinementWalls {
  /** The version of Landlock's interface; 0 when the kernel has none, or has it switched off. */
  readonly landlock: number;
  /** The user that the program gets; 0 when it keeps the caller's. */
  readonly user: number;
  /** Whether system calls are filtered. */
  readonly filter: boolean;
}

/** Finds out what keeps a confined program in, by confining one. @throws ToolchainError */
export function probeWalls(): ConfinementWalls {
  const { status, stdout, stderr } = spawnSync(requireLauncher(), ["--probe"], { encoding: "utf8" });
  if (status !== 0)
    throw new ToolchainError(`Programs cannot be confined here: ${stderr.trim()}`, {
      hint: "run bpfts as root or as a user without special rights",
    });
  return JSON.parse(stdout) as ConfinementWalls;
}
