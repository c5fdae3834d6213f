import { readFileSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join, relative, sep } from "node:path";

/**
 * Finds the folder whose files belong to a script: the folder of the nearest `package.json`, or the script's own where
 * there is none. A package of a workspace belongs with the whole workspace, and a script that npm installed belongs with
 * the packages beside it.
 *
 * A `package.json` in the root folder, in a home folder or in a folder that everybody may write to makes no project: a
 * script of a stranger in `~/downloads` must not read all of `~`.
 *
 * @param script the script's path without symbolic links
 */
export function findScriptTree(script: string): string {
  const folder = dirname(script);
  const installed = /^.*?\/node_modules(?=\/)/.exec(folder)?.[0];
  if (installed !== undefined) return installed;
  const above = listFoldersAbove(folder).filter(isProject);
  const project = above[0] ?? folder;
  return above.slice(1).find((candidate) => isWorkspace(candidate, project)) ?? project;
}

/** The folder itself first, the root folder last. */
export function listFoldersAbove(folder: string): string[] {
  const above = dirname(folder);
  return above === folder ? [folder] : [folder, ...listFoldersAbove(above)];
}

function isProject(folder: string): boolean {
  if (folder === "/" || folder === homedir() || folder === "/root") return false;
  try {
    return statSync(join(folder, "package.json")).isFile() && (statSync(folder).mode & 0o002) === 0;
  } catch {
    return false;
  }
}

/** Source: `workspaces` of npm's package.json; pnpm takes every package below its own file for one of the workspace. */
function isWorkspace(root: string, project: string): boolean {
  const path = relative(root, project).split(sep).join("/");
  const patterns = readWorkspaces(root);
  const fits = (pattern: string): boolean => makeExpression(pattern).test(path);
  return (
    patterns.some((pattern) => !pattern.startsWith("!") && fits(pattern)) &&
    !patterns.some((pattern) => pattern.startsWith("!") && fits(pattern.slice(1)))
  );
}

function readWorkspaces(root: string): readonly string[] {
  try {
    if (statSync(join(root, "pnpm-workspace.yaml"), { throwIfNoEntry: false })?.isFile() === true) return ["**"];
    const { workspaces } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { workspaces?: unknown };
    const patterns: unknown = Array.isArray(workspaces)
      ? workspaces
      : (workspaces as { packages?: unknown } | undefined)?.packages;
    return Array.isArray(patterns) ? patterns.filter((pattern): pattern is string => typeof pattern === "string") : [];
  } catch {
    return [];
  }
}

function makeExpression(pattern: string): RegExp {
  const text = pattern.replace(/^\.\//, "").replace(/\/+$/, "");
  const parts = text.split("/").map((part) =>
    part === "**"
      ? "\u0000"
      : part
          .replace(/[.+^${}()|[\]\\]/g, "\\$&")
          .replaceAll("*", "[^/]*")
          .replaceAll("?", "[^/]"),
  );
  return new RegExp(`^${parts.join("/").replaceAll("\u0000/", "(?:.*/)?").replaceAll("\u0000", ".*")}$`);
}
