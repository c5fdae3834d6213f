import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { findPackageFile } from "../session/build/package-files.ts";

/** Lists the folders whose scripts have names of their own. */
export function listToolFolders(): readonly string[] {
  const scripts = join(dirname(findPackageFile("package.json")), "scripts");
  return ["tools", "net"].map((folder) => join(scripts, folder));
}

/** Finds the script of a tool by the tool's name; undefined when there is none. */
export function findTool(name: string): string | undefined {
  if (!/^[\w-]+$/.test(name)) return undefined;
  return listToolFolders()
    .map((folder) => join(folder, `${name}.ts`))
    .find((path) => existsSync(path));
}
