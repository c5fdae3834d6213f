import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { hashKey } from "./cache.ts";

/** The size and time of a file, or those of all files of a folder: they tell a changed file without reading it. Undefined when the path does not exist. */
export function describeInput(path: string): string | undefined {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return undefined;
  if (!stat.isDirectory()) return `${stat.size} ${stat.mtimeMs}`;
  const names = readdirSync(path).sort();
  return hashKey(...names.map((name) => `${name} ${describeInput(join(path, name))}`));
}
