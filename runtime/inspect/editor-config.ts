import { existsSync, mkdirSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { UsageError } from "../base/errors.ts";
import { findPackageFile } from "../session/build/package-files.ts";

/** What became of a folder's `tsconfig.json`. */
export interface WrittenConfig {
  readonly path: string;
  readonly outcome: "written" | "replaced" | "unchanged";
}

/**
 * Writes a `tsconfig.json` with which an editor checks the scripts of a folder, wherever bpfts itself lies.
 *
 * @throws UsageError when there is one already that says something else, unless `force` is set; when the folder cannot be written
 */
export function writeEditorConfig(folder: string, force: boolean): WrittenConfig {
  const path = join(resolve(folder), "tsconfig.json");
  const text = renderEditorConfig(folder);
  const found = existsSync(path) ? readFileSync(path, "utf8") : undefined;
  if (found === text) return { path, outcome: "unchanged" };
  if (found !== undefined && !force) {
    throw new UsageError(`Cannot write "${path}": there is one already`, {
      hint: `add this to its compilerOptions: "types": [${JSON.stringify(findGlobals(findTypes(resolve(folder))))}], "paths": { "bpfts": [${JSON.stringify(findTypes(resolve(folder)))}] }; or replace it with bpfts init --force`,
    });
  }
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  } catch (cause) {
    throw new UsageError(`Cannot write "${path}": ${(cause as Error).message}`, { cause });
  }
  return { path, outcome: found === undefined ? "written" : "replaced" };
}

/** The text of a `tsconfig.json` for the scripts in a folder. */
export function renderEditorConfig(folder: string): string {
  const types = findTypes(resolve(folder));
  const compilerOptions = {
    target: "ES2022",
    // The types of the globals name what the engine has of newer ones.
    lib: ["ES2016"],
    module: "ESNext",
    moduleResolution: "Bundler",
    allowImportingTsExtensions: true,
    noEmit: true,
    strict: true,
    skipLibCheck: true,
    // Scripts run in a sandbox without Node and without a browser: its own globals, and a word on those that it does not have.
    types: [findGlobals(types)],
    paths: { bpfts: [types] },
  };
  return `${JSON.stringify({ compilerOptions }, undefined, 2)}\n`;
}

/** Where the types are, as seen from a folder: by a path within its project where there is one, so that the project may move. */
function findTypes(folder: string): string {
  const types = findPackageFile("dist", "types", "index.d.ts");
  const install = dirname(dirname(dirname(types)));
  for (let above = folder; ; above = dirname(above)) {
    const inside = join(above, "node_modules", "bpfts");
    if (existsSync(inside) && realpathSync(inside) === realpathSync(install))
      return renderRelative(folder, join(inside, "dist", "types", "index.d.ts"));
    if (above === dirname(above)) break;
  }
  const within = relative(install, existsSync(folder) ? realpathSync(folder) : folder);
  return within.startsWith(`..${sep}`) || within === ".." || isAbsolute(within) ? types : renderRelative(folder, types);
}

function findGlobals(types: string): string {
  return types.replace(/index\.d\.ts$/, "globals.d.ts");
}

function renderRelative(from: string, to: string): string {
  const path = relative(from, to);
  return path.startsWith(".") ? path : `./${path}`;
}
