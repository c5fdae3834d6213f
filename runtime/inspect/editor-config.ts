import {
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  realpathSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { UsageError } from "../base/errors.ts";
import { findPackageFile } from "../session/build/package-files.ts";

/** What became of a folder's `tsconfig.json`. */
export interface WrittenConfig {
  readonly path: string;
  readonly outcome: "written" | "replaced" | "unchanged";
  /** Whether TypeScript's server finds the plugin from that folder: a package is found in `node_modules` alone. */
  readonly plugin: "found" | "linked" | "missing";
  /** Whether the TypeScript of that folder loads plugins; it looks for them beside itself. */
  readonly typescript: "found" | "missing" | "without plugins";
}

/**
 * Writes a `tsconfig.json` with which an editor checks the scripts of a folder, wherever bpfts itself lies.
 *
 * @throws UsageError when there is one already that says something else, unless `force` is set; when the folder cannot be written
 */
export function writeEditorConfig(folder: string, force: boolean): WrittenConfig {
  const path = join(resolve(folder), "tsconfig.json");
  // First, since the types are named by the link.
  const plugin = linkPlugin(dirname(path));
  const typescript = findTypeScript(dirname(path));
  const text = renderEditorConfig(folder);
  const found = existsSync(path) ? readFileSync(path, "utf8") : undefined;
  if (found === text) return { path, outcome: "unchanged", plugin, typescript };
  if (found !== undefined && !force) {
    if (plugin === "linked") unlinkPlugin(dirname(path));
    throw new UsageError(`Cannot write "${path}": there is one already`, {
      hint: `add this to its compilerOptions: "types": [${JSON.stringify(findGlobals(findTypes(resolve(folder))))}], "paths": { "bpfts": [${JSON.stringify(findTypes(resolve(folder)))}] }, "plugins": [{ "name": "bpfts" }]; or replace it with bpfts init --force`,
    });
  }
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  } catch (cause) {
    throw new UsageError(`Cannot write "${path}": ${(cause as Error).message}`, { cause });
  }
  return { path, outcome: found === undefined ? "written" : "replaced", plugin, typescript };
}

/** Takes the link back, and the folder with it where that has nothing else. */
function unlinkPlugin(folder: string): void {
  rmSync(join(folder, "node_modules", "bpfts"));
  if (readdirSync(join(folder, "node_modules")).length === 0) rmdirSync(join(folder, "node_modules"));
}

/** Makes the plugin findable from a folder of scripts, unless an installer is to: the link lasts until one tidies `node_modules`. */
function linkPlugin(folder: string): WrittenConfig["plugin"] {
  const install = dirname(dirname(dirname(findPackageFile("dist", "types", "index.d.ts"))));
  for (let above = folder; ; above = dirname(above)) {
    if (existsSync(join(above, "node_modules", "bpfts", "package.json"))) return "found";
    if (above === dirname(above)) break;
  }
  if (dependsOnUs(join(folder, "package.json"))) return "missing";
  try {
    mkdirSync(join(folder, "node_modules"), { recursive: true });
    // One that leads nowhere is of a bpfts that was moved.
    const link = lstatSync(join(folder, "node_modules", "bpfts"), { throwIfNoEntry: false });
    if (link?.isSymbolicLink() === true) rmSync(join(folder, "node_modules", "bpfts"));
    symlinkSync(install, join(folder, "node_modules", "bpfts"));
    return "linked";
  } catch (error) {
    // A folder that cannot be written is told of where the configuration is.
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    return "missing";
  }
}

function dependsOnUs(path: string): boolean {
  return existsSync(path) && /"bpfts"\s*:\s*"/.test(readFileSync(path, "utf8"));
}

/** Version 7, a program of its own, has no server that loads plugins. */
function findTypeScript(folder: string): WrittenConfig["typescript"] {
  for (let above = folder; ; above = dirname(above)) {
    const found = join(above, "node_modules", "typescript");
    if (existsSync(found)) return existsSync(join(found, "lib", "tsserver.js")) ? "found" : "without plugins";
    if (above === dirname(above)) return "missing";
  }
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
    // What the editor knows of the C. TypeScript's server takes a package's name alone.
    plugins: [{ name: "bpfts" }],
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
