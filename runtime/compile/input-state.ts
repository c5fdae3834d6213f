import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { hashKey } from "./cache.ts";

/** The size and time of a file, or those of all files of a folder: enough to see that one was changed, without reading them. Undefined where nothing is. */
export function describeInput(path: string): string | undefined {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return undefined;
  if (!stat.isDirectory()) return `${stat.size} ${stat.mtimeMs}`;
  const names = readdirSync(path).sort();
  return hashKey(...names.map((name) => `${name} ${describeInput(join(path, name))}`));
}
