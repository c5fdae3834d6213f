import { existsSync } from "node:fs";
import { builtinModules } from "node:module";
import { dirname, join, resolve } from "node:path";
import type { BuildFailure, Message } from "esbuild";
import type { Diagnostic } from "../base/diagnostic.ts";
import { ScriptError } from "../base/errors.ts";
import type { SourceLocation } from "../base/location.ts";
import { findSimilar } from "../base/similar.ts";
import type { FileScope } from "./file-scope.ts";
import { libraryName, listNamespace } from "./read-library.ts";
import type { Library } from "./read-library.ts";
import { listFoldersAbove } from "./script-tree.ts";

interface Context {
  /** The script. */
  readonly path: string;
  /** The folder from which the bundler counts its paths. */
  readonly folder: string;
  readonly library: Library;
  readonly files: FileScope;
}

/** Makes an error of what the bundler refused: its messages at their places, in our words where we know more. */
export function describeBuildFailure(failure: BuildFailure, context: Context): ScriptError {
  const closed = failure.errors.flatMap((message) => findClosed(message, context));
  // A folder that could not be opened has no place: it is told with the import that leads there.
  const told = failure.errors.filter(
    (message) => message.location !== null || findClosed(message, context).length === 0,
  );
  const diagnostics = (told.length === 0 ? failure.errors : told).map((message) =>
    describeMessage(message, context, closed[0]),
  );
  const first = diagnostics[0];
  return new ScriptError(first?.message ?? `Cannot bundle "${context.path}"`, {
    cause: failure,
    diagnostics: diagnostics.slice(1),
    ...(first?.location && { location: first.location }),
    ...(first?.hint && { hint: first.hint }),
  });
}

/** The path that a message says could not be opened. The bundler's own words. */
function findClosed({ text }: Message, { folder }: Context): string[] {
  const path = /^(?:Cannot|Could not) read (?:directory|file|from file:?) "?(.*?)"?: permission denied$/.exec(
    text,
  )?.[1];
  return path === undefined ? [] : [resolve(folder, path)];
}

function describeMessage(message: Message, context: Context, closed: string | undefined): Diagnostic {
  const place = message.location;
  const file = place === null ? undefined : resolve(context.folder, place.file);
  const { text, hint } = explainMessage(message, context, file, closed);
  const location: SourceLocation | undefined =
    place === null || !context.files.covers(file!)
      ? undefined
      : {
          file: file!,
          line: place.line,
          column: countUtf16(place.lineText, place.column) + 1,
          lineText: place.lineText,
        };
  return { severity: "error", message: text, ...(hint !== undefined && { hint }), ...(location && { location }) };
}

interface Explanation {
  readonly text: string;
  readonly hint: string | undefined;
}

function explainMessage(
  message: Message,
  context: Context,
  importer: string | undefined,
  closed: string | undefined,
): Explanation {
  const { library, files } = context;
  // The bundler quotes what it read; where it could read another's file, its words are not for anybody.
  if (importer !== undefined && !files.covers(importer)) return refuse(files, importer, "Cannot read");
  // Ours, of the plugin that looks at each file.
  if (message.pluginName === "files") return { text: message.text, hint: message.detail as string | undefined };
  const refused = findClosed(message, context)[0];
  if (refused !== undefined) return refuse(files, refused, "Cannot read");
  const unresolved = /^Could not resolve "(.*?)"/.exec(message.text)?.[1];
  if (unresolved !== undefined)
    return (
      explainNodeImport(unresolved, importer) ??
      explainUnresolved(unresolved, files, importer === undefined ? context.folder : dirname(importer), closed)
    );
  const unknown = new RegExp(`^No matching export in "${listNamespace}:.*" for import "(.*)"`).exec(message.text)?.[1];
  if (unknown === undefined) return { text: message.text, hint: message.notes[0]?.text };
  const similar = findSimilar(unknown, library.exports);
  return {
    text: `"${libraryName}" has no export "${unknown}"`,
    hint: similar === undefined ? "sdk/README.md lists what there is" : `did you mean "${similar}"?`,
  };
}

function refuse(files: FileScope, path: string, action: string): Explanation {
  if (files.covers(path))
    return { text: `${action} "${path}": permission denied`, hint: "the user who runs bpfts must be able to read it" };
  const { message, hint } = files.describeRefusal(path, action);
  return { text: message, hint };
}

const isNodeModule = (name: string): boolean => name.startsWith("node:") || builtinModules.includes(name);

/** A package that was written for Node: which one, and where it says so. */
function explainNodeImport(name: string, importer: string | undefined): Explanation | undefined {
  const [, owner, file] = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\/(.*)$/.exec(importer ?? "") ?? [];
  if (owner === undefined || !isNodeModule(name)) return undefined;
  return {
    text: `The package "${owner}" needs Node: its file "${file}" imports "${name}"`,
    hint: "scripts run in a sandbox without Node: import a part of the package that does without, if it has one, or take a package that runs in browsers",
  };
}

function explainUnresolved(name: string, files: FileScope, folder: string, closed: string | undefined): Explanation {
  if (/^\.{0,2}\//.test(name)) {
    const path = resolve(folder, name.replace(/[?#].*$/, ""));
    if (!files.covers(path)) return refuse(files, path, "Cannot import");
  } else if (closed !== undefined && !files.covers(closed)) {
    const { message, hint } = files.describeRefusal(closed, "Cannot read");
    return { text: `Cannot import "${name}". ${message}`, hint };
  }
  const foreign = findForeignPackage(name, folder, files);
  if (foreign !== undefined) {
    const { message, hint } = files.describeRefusal(foreign, "Cannot read");
    return { text: `Cannot import "${name}". ${message}`, hint };
  }
  return { text: `Cannot find "${name}"`, hint: adviseImport(name) };
}

/** Where Node would find a package that the script may not read: above its project, or by a link that leads out. */
function findForeignPackage(name: string, folder: string, files: FileScope): string | undefined {
  const own = /^(?:@[^/]+\/)?[^/.#][^/]*/.exec(name)?.[0];
  if (own === undefined || name.includes(":")) return undefined;
  for (const above of listFoldersAbove(folder)) {
    const packages = join(above, "node_modules");
    const path = join(packages, own);
    if (!existsSync(path) || files.covers(path)) continue;
    return files.covers(packages) ? path : packages;
  }
  return undefined;
}

/** esbuild counts columns in UTF-8 bytes. */
function countUtf16(lineText: string, bytes: number): number {
  return Buffer.from(lineText, "utf8").subarray(0, bytes).toString("utf8").length;
}

function adviseImport(name: string): string {
  if (isNodeModule(name)) {
    return `scripts run in a sandbox without Node: what "bpfts" offers takes its place (sleep, printf, read_file, …)`;
  }
  if (/^[a-z][a-z0-9+.-]+:/i.test(name))
    return "a script imports files and packages, no addresses: give the path, ./name.ts";
  if (name.startsWith(".") || name.startsWith("/"))
    return "paths are taken from the importing file and carry their ending: ./name.ts";
  if (name.startsWith("#")) return 'names with # are those of "imports" in the package.json above the script';
  return `install the package beside the script: npm install ${name}`;
}
