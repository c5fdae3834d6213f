import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { InternalError } from "../../base/errors.ts";
import { systemFiles } from "../../kernel/door/system-files.ts";

/** Finds a file or folder of the package, whether this code runs from its sources or from `dist/`. */
export function findPackageFile(...parts: readonly string[]): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); folder !== dirname(folder); folder = dirname(folder)) {
    const path = join(folder, ...parts);
    if (systemFiles.exists(join(folder, "package.json")) && systemFiles.exists(path)) return path;
  }
  throw new InternalError(`Cannot find "${parts.join("/")}" in the package of bpfts`, { hint: "install bpfts again" });
}
