import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { adviseBuild } from "../../base/advise-build.ts";
import { findNativeFile } from "../../base/native-file.ts";
import { ToolchainError } from "../../base/errors.ts";
import type { KernelPort } from "./port.ts";

let opened: KernelPort | undefined;

/**
 * Opens the door to the kernel: loads the native addon, once.
 *
 * @throws ToolchainError when it is not built, or does not fit this Node or this libbpf.
 */
export function openAddon(): KernelPort {
  opened ??= loadAddon(findAddon());
  return opened;
}

/** The place of the addon's file, from the sources as from the bundle. */
function findAddon(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    if (existsSync(join(folder, "binding.gyp")) || folder === dirname(folder))
      return findNativeFile(folder, "bpfts.node", existsSync);
  }
}

/**
 * Loads the addon from a file.
 *
 * @throws ToolchainError
 */
export function loadAddon(path: string): KernelPort {
  if (!existsSync(path))
    throw new ToolchainError(`The native addon is not built: "${path}" is missing`, {
      hint: adviseBuild(dirname(dirname(dirname(path))), existsSync),
    });
  try {
    const load = createRequire(import.meta.url) as (id: string) => KernelPort;
    return load(path);
  } catch (error) {
    const reason = error instanceof Error ? error.message.split("\n")[0]! : String(error);
    throw new ToolchainError(`The native addon cannot be loaded: ${reason}`, {
      cause: error,
      hint: path.includes("/prebuilt/")
        ? "the one that the package brings needs glibc 2.36 and libelf; build one for this machine: npm rebuild --build-from-source bpfts"
        : "build it again for this Node and this libbpf: npx node-gyp rebuild",
    });
  }
}
