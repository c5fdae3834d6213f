import { existsSync } from "node:fs";
import { isAbsolute, join, resolve } from "node:path";
import type { BuildFailure, Metafile, OnLoadResult, Plugin } from "esbuild";
import { ScriptError } from "../base/errors.ts";
import { bundleName } from "./bundle-name.ts";
import { withBundler } from "./confined-bundler.ts";
import type { Bundler } from "./confined-bundler.ts";
import { describeBuildFailure } from "./describe-build-failure.ts";
import type { FileScope } from "./file-scope.ts";
import { haveAsync, lowerAsync } from "./lower-async.ts";
import type { MappedCode } from "./lower-async.ts";
import { guestBundle, libraryName, listNamespace } from "./read-library.ts";
import type { Library } from "./read-library.ts";
import { needsWait, rewriteForSession, sessionBundle } from "./session-code.ts";
import { listFoldersAbove } from "./script-tree.ts";

/** The file that a bundle begins with. */
export interface ScriptEntry {
  /** Absolute, without symbolic links. */
  readonly path: string;
  /** Where its relative imports start. */
  readonly folder: string;
  /** Its text where it cannot be read a second time: it came through a pipe. */
  readonly text?: string;
  /** Whether it has files of its own all the same. */
  readonly haveTree?: boolean;
  /** Whether it does no more at its end than show what it has. */
  readonly ends?: true;
}

/** One module of JavaScript made of a script and all that it imports. */
export interface ScriptBundle extends MappedCode {
  /** Every file that went in, by its absolute path. */
  readonly inputs: readonly string[];
}

/**
 * Bundles a script and what it imports. The bundler sees the files of the script alone.
 *
 * @throws ScriptError for a syntax error, an import that is not there, and one of a file that the script may not read.
 */
export async function bundleScript(
  entry: ScriptEntry,
  library: Library,
  files: FileScope,
  form: BundleForm = "module",
): Promise<ScriptBundle> {
  requireSettings(entry, files);
  return withBundler(files.folders, async (bundler) => {
    try {
      if (form === "session") return await buildForSession(bundler, { entry, library, files, minifyWhitespace: false });
      const bundle = await build(bundler, { entry, library, files, minifyWhitespace: true });
      if (!haveAsync(bundle.code)) return bundle;
      return {
        ...bundle,
        ...(await lowerAsync(bundler, await build(bundler, { entry, library, files, minifyWhitespace: false }))),
      };
    } catch (cause) {
      if (!isBuildFailure(cause)) throw cause;
      throw describeBuildFailure(cause, { path: entry.path, folder: entry.folder, library, files });
    }
  });
}

/** A module, or lines of a session: a script whose declarations stay when it has ended. */
export type BundleForm = "module" | "session";

/** The bundler makes generators of async functions, but of none where a line waits by itself. */
async function buildForSession(bundler: Bundler, input: BuildInput): Promise<ScriptBundle> {
  const isLowered = await build(bundler, input, sessionBundle(true)).catch((error: unknown) => {
    if (isBuildFailure(error) && error.errors.every(({ text }) => needsWait(text))) return undefined;
    throw error;
  });
  return rewriteForSession(isLowered ?? (await build(bundler, input, sessionBundle(false))));
}

/** The files above a script that the bundler reads on its own. A pipe among them would hold it up. */
function requireSettings({ folder }: ScriptEntry, files: FileScope): void {
  for (const above of listFoldersAbove(folder)) {
    for (const name of ["package.json", "tsconfig.json"]) {
      const path = join(above, name);
      if (files.covers(path) && existsSync(path)) files.requireFile(path);
    }
  }
}

interface BuildInput {
  readonly entry: ScriptEntry;
  readonly library: Library;
  readonly files: FileScope;
  readonly minifyWhitespace: boolean;
}

async function build(
  bundler: Bundler,
  { entry, library, files, minifyWhitespace }: BuildInput,
  session: ReturnType<typeof sessionBundle> | undefined = undefined,
): Promise<ScriptBundle> {
  const { folder } = entry;
  const result = await bundler.build({
    ...guestBundle,
    minifyWhitespace,
    entryPoints: [entry.path],
    absWorkingDir: folder,
    // Builds of packages for browsers need least of what is not here. The platform has the bundler follow their maps of files, too.
    platform: "browser",
    mainFields: ["browser", "module", "main"],
    conditions: ["browser", "module"],
    define: { "process.env.NODE_ENV": '"production"' },
    plugins: [keepLibraryApart(library, session !== undefined), keepToFiles(entry, files)],
    outfile: join(folder, bundleName),
    sourcemap: "external",
    sourcesContent: false,
    loader: { ".c": "text", ".h": "text" },
    ...session,
  });
  const code = result.outputFiles.find((file) => file.path.endsWith(".js"))!.text;
  const map = result.outputFiles.find((file) => file.path.endsWith(".map"))!.text;
  return { code, map: makeSourcesAbsolute(map, folder), inputs: listInputs(result.metafile, folder) };
}

/**
 * Leaves imports of the library to the sandbox, which has it. They go through a list of what it exports, so that a name
 * which it does not have is found here, with its place.
 */
function keepLibraryApart(library: Library, isSession: boolean): Plugin {
  return {
    name: "library",
    setup(build) {
      build.onResolve({ filter: new RegExp(`^${libraryName}$`) }, ({ namespace }) =>
        isSession || namespace === listNamespace
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

/**
 * Looks at each file before the bundler reads it. The bundler's program could not read a file of somebody else; here it is
 * said why, at the import, and a pipe or an endless file is not opened at all.
 */
function keepToFiles(entry: ScriptEntry, files: FileScope): Plugin {
  return {
    name: "files",
    setup(build) {
      // The bundler would leave addresses of the web in the bundle, for a browser.
      build.onResolve({ filter: /^(?:[a-zA-Z][\w+.-]*:)?\/\// }, ({ path }) => ({
        errors: [
          { text: `Cannot import "${path}"`, detail: "a script imports files and packages, no addresses: ./name.ts" },
        ],
      }));
      if (entry.text !== undefined) {
        build.onResolve({ filter: /.*/ }, ({ path, kind }) => (kind === "entry-point" ? { path } : undefined));
      }
      build.onLoad({ filter: /.*/, namespace: "file" }, ({ path, with: attributes }): OnLoadResult | undefined => {
        if (path === entry.path && entry.text !== undefined)
          return { contents: entry.text, loader: "ts", resolveDir: entry.folder };
        try {
          // C text is taken in the form in which errors are placed in it.
          if (/\.[ch]$/.test(path) && attributes["type"] === undefined)
            return { contents: files.readText(path), loader: "text" };
          files.requireFile(path);
          return undefined;
        } catch (error) {
          if (!(error instanceof ScriptError)) throw error;
          return { errors: [{ text: error.message, detail: error.hint }] };
        }
      });
    },
  };
}

function makeSourcesAbsolute(map: string, folder: string): string {
  const parsed = JSON.parse(map) as { sources: string[] };
  parsed.sources = parsed.sources.map((source) => resolve(folder, source));
  return JSON.stringify(parsed);
}

function listInputs(metafile: Metafile, folder: string): string[] {
  return Object.keys(metafile.inputs)
    .filter((name) => !name.startsWith(`${listNamespace}:`))
    .map((input) => (isAbsolute(input) ? input : join(folder, input)));
}

function isBuildFailure(error: unknown): error is BuildFailure {
  return error instanceof Error && "errors" in error && "warnings" in error;
}
