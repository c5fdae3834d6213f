import { createHash } from "node:crypto";
import { readFileSync, realpathSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, isAbsolute, join, resolve } from "node:path";
import type { BuildFailure, Message, Metafile, Plugin } from "esbuild";
import { buildId } from "../base/build-id.ts";
import type { Diagnostic } from "../base/diagnostic.ts";
import { ScriptError } from "../base/errors.ts";
import { findSimilar } from "../base/similar.ts";
import type { SourceLocation } from "../base/location.ts";
import type { BundleStore } from "./bundle-store.ts";
import { haveAsync, lowerAsync } from "./lower-async.ts";
import { guestBundle, libraryName, loadEsbuild } from "./read-library.ts";
import type { Library } from "./read-library.ts";
import { openSourceMap } from "./source-map.ts";

/** A script as it goes into the sandbox: one bundle of JavaScript and the way back to the `.ts` files. */
export interface Script {
  /** Absolute path of the file that the user named. */
  readonly path: string;
  readonly code: string;
  /** The user's own files in the bundle, the script first; no packages. */
  readonly files: readonly string[];
  /** From a place in `code` to the place in the user's file. Units: 1-based line and column. */
  mapPosition(line: number, column: number): SourceLocation | undefined;
}

export interface ReadScriptOptions {
  /** What `import … from "bpfts"` means; asked for when the script must be bundled. */
  readonly readLibrary: () => Promise<Library>;
  readonly store?: BundleStore;
}

interface Bundle {
  readonly code: string;
  readonly map: string;
  /** Every file that went in, with a hash of what it was. */
  readonly inputs: Readonly<Record<string, string>>;
}

/** The name of the script inside the bundle's stack traces. */
export const bundleName = "bpfts-script.js";

/**
 * Reads a script and everything that it imports, and bundles it for the sandbox.
 *
 * @throws ScriptError when a file cannot be read, has a syntax error or imports what is not there.
 */
export async function readScript(path: string, options: ReadScriptOptions): Promise<Script> {
  const absolute = requireFile(path);
  const name = `bundle/${createHash("sha256").update(`${buildId}\0${absolute}`).digest("hex").slice(0, 32)}`;
  let bundle = findBundle(options.store, name);
  if (bundle === undefined) {
    bundle = await bundleScript(absolute, await options.readLibrary());
    options.store?.write(name, Buffer.from(JSON.stringify(bundle)));
  }
  const { code, map } = bundle;
  const files = Object.keys(bundle.inputs).filter((file) => !file.includes("/node_modules/"));
  return {
    path: absolute,
    code,
    files: [absolute, ...files.filter((file) => file !== absolute)],
    mapPosition: (line, column) => openSourceMap(map)(line, column),
  };
}

function requireFile(path: string): string {
  const absolute = resolve(path);
  try {
    if (statSync(absolute).isDirectory())
      throw new ScriptError(`Cannot run "${path}": it is a directory`, {
        hint: "name the script itself, for example scripts/hello.ts",
      });
    return realpathSync(absolute);
  } catch (cause) {
    if (cause instanceof ScriptError) throw cause;
    const reason = (cause as NodeJS.ErrnoException).code === "ENOENT" ? "no such file" : (cause as Error).message;
    throw new ScriptError(`Cannot read script "${path}": ${reason}`, {
      cause,
      hint: "check the path; it is taken from the current directory",
    });
  }
}

function findBundle(store: BundleStore | undefined, name: string): Bundle | undefined {
  const body = store?.find(name);
  if (body === undefined) return undefined;
  const bundle = JSON.parse(body.toString("utf8")) as Bundle;
  return Object.entries(bundle.inputs).every(([file, hash]) => hashFile(file) === hash) ? bundle : undefined;
}

function hashFile(file: string): string | undefined {
  try {
    return createHash("sha256").update(readFileSync(file)).digest("hex");
  } catch {
    return undefined;
  }
}

async function bundleScript(path: string, library: Library): Promise<Bundle> {
  const folder = dirname(path);
  const build = async (minifyWhitespace: boolean): Promise<Bundle> => {
    const result = await loadEsbuild().build({
      ...guestBundle,
      minifyWhitespace,
      entryPoints: [path],
      absWorkingDir: folder,
      mainFields: ["module", "main"],
      plugins: [keepLibraryApart(library)],
      outfile: join(folder, bundleName),
      sourcemap: "external",
      sourcesContent: false,
      loader: { ".c": "text", ".h": "text" },
    });
    const code = result.outputFiles.find((file) => file.path.endsWith(".js"))!.text;
    const map = result.outputFiles.find((file) => file.path.endsWith(".map"))!.text;
    return { code, map: makeSourcesAbsolute(map, folder), inputs: hashInputs(result.metafile, folder) };
  };
  try {
    const bundle = await build(true);
    return haveAsync(bundle.code) ? { ...bundle, ...lowerAsync(await build(false)) } : bundle;
  } catch (cause) {
    if (!isBuildFailure(cause)) throw cause;
    throw describeFailure(cause, path, folder, library);
  }
}

const listNamespace = "bpfts-exports";

/**
 * Leaves imports of the library to the sandbox, which has it. They go through a list of what it exports, so that a name
 * which it does not have is found here, with its place.
 */
function keepLibraryApart(library: Library): Plugin {
  return {
    name: "library",
    setup(build) {
      build.onResolve({ filter: new RegExp(`^${libraryName}$`) }, ({ namespace }) =>
        namespace === listNamespace
          ? { path: libraryName, external: true }
          : { path: libraryName, namespace: listNamespace, sideEffects: false },
      );
      build.onLoad({ filter: /.*/, namespace: listNamespace }, () => ({
        contents: `export { ${library.exports.join(", ")} } from "${libraryName}";`,
        loader: "ts",
      }));
    },
  };
}

function makeSourcesAbsolute(map: string, folder: string): string {
  const parsed = JSON.parse(map) as { sources: string[] };
  parsed.sources = parsed.sources.map((source) => resolve(folder, source));
  return JSON.stringify(parsed);
}

function hashInputs(metafile: Metafile, folder: string): Record<string, string> {
  const inputs: Record<string, string> = {};
  for (const input of Object.keys(metafile.inputs).filter((name) => !name.startsWith(`${listNamespace}:`))) {
    const file = isAbsolute(input) ? input : join(folder, input);
    inputs[file] = hashFile(file) ?? "";
  }
  return inputs;
}

function isBuildFailure(error: unknown): error is BuildFailure {
  return error instanceof Error && "errors" in error && "warnings" in error;
}

function describeFailure(failure: BuildFailure, path: string, folder: string, library: Library): ScriptError {
  const diagnostics = failure.errors.map((message) => describeMessage(message, folder, library));
  const first = diagnostics[0];
  return new ScriptError(first?.message ?? `Cannot bundle "${path}"`, {
    cause: failure,
    diagnostics: diagnostics.slice(1),
    ...(first?.location && { location: first.location }),
    ...(first?.hint && { hint: first.hint }),
  });
}

function describeMessage(message: Message, folder: string, library: Library): Diagnostic {
  const { text, hint } = explainMessage(message, library);
  const place = message.location;
  return {
    severity: "error",
    message: text,
    ...(hint && { hint }),
    ...(place && {
      location: {
        file: resolve(folder, place.file),
        line: place.line,
        column: place.lineText.length === 0 ? 1 : countUtf16(place.lineText, place.column) + 1,
      },
      lineText: place.lineText,
    }),
  };
}

/** In our words where we know more than esbuild. */
function explainMessage(message: Message, library: Library): { text: string; hint: string | undefined } {
  const unresolved = /^Could not resolve "(.*)"/.exec(message.text)?.[1];
  if (unresolved !== undefined) return { text: `Cannot find "${unresolved}"`, hint: adviseImport(unresolved) };
  const unknown = new RegExp(`^No matching export in "${listNamespace}:.*" for import "(.*)"`).exec(message.text)?.[1];
  if (unknown === undefined) return { text: message.text, hint: message.notes[0]?.text };
  const similar = findSimilar(unknown, library.exports);
  return {
    text: `"${libraryName}" has no export "${unknown}"`,
    hint: similar === undefined ? "sdk/README.md lists what there is" : `did you mean "${similar}"?`,
  };
}

/** esbuild counts columns in UTF-8 bytes. */
function countUtf16(lineText: string, bytes: number): number {
  return Buffer.from(lineText, "utf8").subarray(0, bytes).toString("utf8").length;
}

function adviseImport(name: string): string {
  if (name.startsWith("node:") || createRequire(import.meta.url)("node:module").builtinModules.includes(name)) {
    return `scripts run in a sandbox without Node: what "bpfts" offers takes its place (sleep, printf, read_file, …)`;
  }
  if (name.startsWith(".")) return "paths are taken from the importing file and carry their ending: ./name.ts";
  return `install the package beside the script: npm install ${name}`;
}
