import { createHash } from "node:crypto";
import { closeSync, openSync, readSync, realpathSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { buildId } from "../base/build-id.ts";
import { ScriptError } from "../base/errors.ts";
import type { SourceLocation } from "../base/location.ts";
import { bundleScript } from "./bundle-script.ts";
import type { ScriptBundle, ScriptEntry } from "./bundle-script.ts";
import type { BundleStore } from "./bundle-store.ts";
import { noGrants, openFileScope } from "./file-scope.ts";
import type { FileGrants, FileScope } from "./file-scope.ts";
import type { Library } from "./read-library.ts";
import { findScriptTree } from "./script-tree.ts";
import { openSourceMap } from "./source-map.ts";

/** A script as it goes into the sandbox: one bundle of JavaScript and the way back to the `.ts` files. */
export interface Script {
  /** Absolute path of the file that the user named. */
  readonly path: string;
  /** The folder that its relative names start from: its own, or the current one of a script that came through a pipe. */
  readonly folder: string;
  readonly code: string;
  /** The user's own files in the bundle, the script first; no packages. */
  readonly files: readonly string[];
  /** What else it may read. */
  readonly scope: FileScope;
  /** From a place in `code` to the place in the user's file. Units: 1-based line and column. */
  mapPosition(line: number, column: number): SourceLocation | undefined;
}

export interface ReadScriptOptions {
  /** What `import … from "bpfts"` means; asked for when the script must be bundled. */
  readonly readLibrary: () => Promise<Library>;
  readonly store?: BundleStore;
  /** What the user lets it read besides its own files. */
  readonly grants?: FileGrants;
}

interface Bundle {
  readonly code: string;
  readonly map: string;
  /** Every file that went in, with a hash of what it was. */
  readonly inputs: Readonly<Record<string, string>>;
}

/**
 * Reads a script and everything that it imports, and bundles it for the sandbox.
 *
 * @throws ScriptError when a file cannot be read, has a syntax error or imports what is not there or not the script's.
 */
export async function readScript(path: string, options: ReadScriptOptions): Promise<Script> {
  const entry = findEntry(path);
  const scope = openFileScope(
    entry.text === undefined ? findScriptTree(entry.path) : undefined,
    options.grants ?? noGrants,
  );
  if (entry.text !== undefined) scope.keep(entry.path, entry.text);
  const { code, map, inputs } = await findOrBundle(entry, scope, options);
  const paths = Object.keys(inputs);
  return {
    path: entry.path,
    folder: entry.folder,
    code,
    files: [entry.path, ...paths.filter((file) => file !== entry.path && !file.includes("/node_modules/"))],
    scope,
    mapPosition: (line, column) => openSourceMap(map)(line, column),
  };
}

async function findOrBundle(
  entry: ScriptEntry,
  scope: FileScope,
  { store, readLibrary }: ReadScriptOptions,
): Promise<Bundle> {
  const name = `bundle/${createHash("sha256").update(`${buildId}\0${entry.path}`).digest("hex").slice(0, 32)}`;
  const isPiped = entry.text !== undefined;
  const found = isPiped ? undefined : findBundle(store, name, scope);
  if (found !== undefined) return found;
  const made = await bundleScript(entry, await readLibrary(), scope);
  const bundle = hashInputs(made, scope);
  if (!isPiped) store?.write(name, Buffer.from(JSON.stringify(bundle)));
  return bundle;
}

/** The largest script that is taken from a pipe. Units: bytes. */
const MAX_PIPED_BYTES = 16 * 1024 * 1024;

/** Finds the file that the user named. What is no file on a disk, such as `/dev/stdin`, is read at once. */
function findEntry(path: string): ScriptEntry {
  const absolute = resolve(path);
  try {
    const stat = statSync(absolute);
    if (stat.isDirectory())
      throw new ScriptError(`Cannot run "${path}": it is a directory`, {
        hint: "name the script itself, for example scripts/hello.ts",
      });
    if (!stat.isFile()) return { path: absolute, folder: process.cwd(), text: readPipe(absolute, path) };
    const real = realpathSync(absolute);
    return { path: real, folder: dirname(real) };
  } catch (cause) {
    if (cause instanceof ScriptError) throw cause;
    const reason = (cause as NodeJS.ErrnoException).code === "ENOENT" ? "no such file" : (cause as Error).message;
    throw new ScriptError(`Cannot read script "${path}": ${reason}`, {
      cause,
      hint: "check the path; it is taken from the current directory",
    });
  }
}

function readPipe(path: string, shown: string): string {
  const fd = openSync(path, "r");
  try {
    const chunks: Buffer[] = [];
    for (let total = 0; ; ) {
      const chunk = Buffer.allocUnsafe(65536);
      const size = readSync(fd, chunk);
      if (size === 0) return Buffer.concat(chunks).toString("utf8");
      total += size;
      if (total > MAX_PIPED_BYTES)
        throw new ScriptError(
          `Cannot read script "${shown}": it has no end after ${MAX_PIPED_BYTES / 1024 / 1024} MiB`,
          { hint: "name a file, or a pipe that a script comes through" },
        );
      chunks.push(chunk.subarray(0, size));
    }
  } finally {
    closeSync(fd);
  }
}

/** A bundle that was made before of the very files that are there now, each of which the script may read now. */
function findBundle(store: BundleStore | undefined, name: string, scope: FileScope): Bundle | undefined {
  const body = store?.find(name);
  if (body === undefined) return undefined;
  const bundle = JSON.parse(body.toString("utf8")) as Bundle;
  return Object.entries(bundle.inputs).every(([file, hash]) => hashFile(file, scope) === hash) ? bundle : undefined;
}

function hashInputs({ code, map, inputs }: ScriptBundle, scope: FileScope): Bundle {
  return { code, map, inputs: Object.fromEntries(inputs.map((file) => [file, hashFile(file, scope) ?? ""])) };
}

function hashFile(file: string, scope: FileScope): string | undefined {
  try {
    return createHash("sha256").update(scope.readBytes(file)).digest("hex");
  } catch {
    return undefined;
  }
}
