import { readFileSync, readdirSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { UsageError } from "../base/errors.ts";

const ending = /\.test\.ts$/;

/** Deeper than anybody's folders; a loop of links ends here. */
const MAX_DEPTH = 32;

/**
 * Finds the files of tests: those that are named, and below the folders that are named each `*.test.ts` that imports from "bpfts", since other tools call their tests so,
 * too. Hidden folders and node_modules are left out.
 *
 * @throws UsageError for what is no such file or folder, and where nothing is found
 */
export function findTestFiles(paths: readonly string[]): readonly string[] {
  const wanted = paths.length === 0 ? ["."] : paths;
  const found = wanted.flatMap((path) => {
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat === undefined)
      throw new UsageError(`There is no file or folder "${path}"`, {
        hint: "name files NAME.test.ts, or folders that have some; -t chooses tests by their names",
      });
    if (stat.isDirectory()) return listFolder(resolve(path), 0);
    if (ending.test(path)) return [resolve(path)];
    const guess = path.replace(/(?:\.[cm]?[jt]s)?$/, ".test.ts");
    throw new UsageError(`"${path}" is no file of tests: its name does not end in .test.ts`, {
      hint: statSync(guess, { throwIfNoEntry: false })?.isFile() === true ? `did you mean "${guess}"?` : "rename it",
    });
  });
  if (found.length === 0)
    throw new UsageError(
      `There is no file of tests below ${wanted.map((path) => (path === "." ? "this folder" : `"${path}"`)).join(", ")}`,
      { hint: 'a file of tests is called NAME.test.ts and imports { test } from "bpfts"' },
    );
  return [...new Set(found)];
}

function listFolder(folder: string, depth: number): string[] {
  const entries = readdirSync(folder, { withFileTypes: true }).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  return entries.flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory())
      return entry.name.startsWith(".") || entry.name === "node_modules" || depth >= MAX_DEPTH
        ? []
        : listFolder(path, depth + 1);
    return entry.isFile() && ending.test(entry.name) && isOurs(path) ? [path] : [];
  });
}

function isOurs(path: string): boolean {
  return /\bfrom\s*["']bpfts["']/.test(readFileSync(path, "utf8"));
}
