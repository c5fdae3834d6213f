import { basename, join } from "node:path";
import { listFolder } from "../../base/list-folder.ts";
import { systemFiles } from "../door/system-files.ts";

/** Where the kernel shows the types of itself and of its modules. Since: Linux 5.11 for modules. */
export const btfFolder = "/sys/kernel/btf";

/** Lists what lies in `btfFolder`, or in a folder with such files of another kernel: `vmlinux` and the loaded modules that have types. */
export function listTypedModules(folder: string = btfFolder): string[] {
  return listFolder(folder).sort();
}

/** Reads the types of the kernel (`vmlinux`) or of a module; undefined when there are none. */
export function readModuleTypes(module: string, folder: string = btfFolder): Buffer | undefined {
  return readIfThere(join(folder, module));
}

/** A module that could be loaded. */
export interface ModuleFile {
  readonly module: string;
  readonly path: string;
  /** Whether it can be read as it lies there. */
  readonly isPacked: boolean;
}

/** Lists the modules that a kernel's packages brought, loaded or not. Source: modules.dep(5). */
export function listModuleFiles(release: string): ModuleFile[] {
  const root = ["/lib/modules", "/usr/lib/modules"]
    .map((place) => join(place, release))
    .find((place) => systemFiles.exists(join(place, "modules.dep")));
  if (root === undefined) return [];
  const dependencies = readIfThere(join(root, "modules.dep"))?.toString("latin1") ?? "";
  return [...dependencies.matchAll(/^([^:\n]+):/gm)].map((match) => ({
    path: join(root, match[1]!),
    module: basename(match[1]!)
      .replace(/\.ko(\.\w+)?$/, "")
      .replaceAll("-", "_"),
    isPacked: !match[1]!.endsWith(".ko"),
  }));
}

/** Reads a module's file; undefined when it is not there. */
export function readModuleFile(path: string): Buffer | undefined {
  return readIfThere(path);
}

function readIfThere(path: string): Buffer | undefined {
  try {
    return systemFiles.readBytes(path);
  } catch {
    return undefined;
  }
}
