import { sep } from "node:path";
import { openFileScope } from "../../script/file-scope.ts";
import type { FileGrants, FileScope } from "../../script/file-scope.ts";
import type { ScriptText } from "../../script/read-script.ts";
import { findPackageFile } from "../build/package-files.ts";
import { systemFiles } from "../../kernel/door/system-files.ts";

/**
 * What a script may read while it runs, besides files below /proc and /sys: the folders of `--allow-read`, and for the tools that come with bpfts each file
 * that the user names as an argument. An argument of any other script is no permission: it may be a name to filter by.
 */
export function openReadable(script: string | ScriptText, args: readonly string[], grants: FileGrants): FileScope {
  const named = isTool(script)
    ? args.flatMap(listPaths).filter((path) => systemFiles.find(path)?.isDirectory() !== true)
    : [];
  return openFileScope(undefined, { include: [], read: [...grants.read, ...named] });
}

function isTool(script: string | ScriptText): boolean {
  if (typeof script !== "string") return false;
  try {
    return systemFiles.resolve(script).startsWith(systemFiles.resolve(findPackageFile("scripts")) + sep);
  } catch {
    return false;
  }
}

/** The whole argument, and what stands behind the `=` of an option. */
function listPaths(arg: string): readonly string[] {
  const value = /^--?\w[\w-]*=(.+)$/s.exec(arg)?.[1];
  return [arg, ...(value === undefined ? [] : [value])].filter((path) => path !== "");
}
