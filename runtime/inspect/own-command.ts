import { existsSync, realpathSync } from "node:fs";
import { delimiter, dirname, join, resolve } from "node:path";
import { findPackageFile } from "../session/build/package-files.ts";

/**
 * Finds what a person types in a folder to start this bpfts: `bpfts` when the PATH leads to it, `npx bpfts` when npx finds it without asking
 * the registry, where a package of that name would be somebody else's, and else its path.
 */
export function findOwnCommand(folder: string, path: string): string {
  const cli = findPackageFile("dist", "bpfts.cjs");
  const isOwn = (file: string): boolean => existsSync(file) && realpathSync(file) === realpathSync(cli);
  if (path.split(delimiter).some((place) => place !== "" && isOwn(join(place, "bpfts")))) return "bpfts";
  const project = findProject(resolve(folder));
  if (project !== undefined) {
    const install = dirname(dirname(cli));
    if (isOwn(join(project, "node_modules", ".bin", "bpfts")) || realpathSync(project) === realpathSync(install))
      return "npx bpfts";
  }
  return /^[\w@%+=:,./-]+$/.test(cli) ? cli : `'${cli.replaceAll("'", "'\\''")}'`;
}

/** The folder that npx starts from: the nearest one with a package. Source: npm-prefix(1). */
function findProject(folder: string): string | undefined {
  for (let above = folder; ; above = dirname(above)) {
    if (["package.json", "node_modules"].some((name) => existsSync(join(above, name)))) return above;
    if (above === dirname(above)) return undefined;
  }
}
