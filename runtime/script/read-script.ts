import { createHash } from "node:crypto";
import { closeSync, openSync, readSync, realpathSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { buildId } from "../base/build-id.ts";
import { ScriptError } from "../base/errors.ts";
import type { SourceLocation } from "../base/location.ts";
import { bundleScript } from "./bundle-script.ts";
import type { BundleForm, ScriptEntry } from "./bundle-script.ts";
import type { BundleStore } from "./bundle-store.ts";
import { noGrants, openFileScope } from "./file-scope.ts";
import type { FileGrants, FileScope } from "./file-scope.ts";
import type { Library } from "./read-library.ts";
import { readRegularFile } from "./read-regular-file.ts";
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
  /** Whether it does no more at its end than show what it has, as the script around a file of C. */
  readonly ends?: true;
  /** Where a place in its file comes from, for a script that was made from another text. */
  readonly findOrigin?: ScriptText["findOrigin"];
  /** From a place in `code` to the place in the user's file. Units: 1-based line and column. */
  mapPosition(line: number, column: number): SourceLocation | undefined;
}

/** A script that stands in no file, and the texts that it was made from. */
export interface ScriptText {
  /** The name that it would have as a file. */
  readonly name: string;
  readonly text: string;
  /** Whether `name` is the path of a file, whose text is not saved: it lies where the file does. */
  readonly isUnsaved?: true;
  /** The texts that its places lead to, by name. */
  readonly sources: Readonly<Record<string, string>>;
  /** From a place in `text` to one in a source; absent where its places are the user's own. Units: 1-based line and column. */
  findOrigin?(line: number, column: number): Required<Omit<SourceLocation, "endColumn" | "lineText">> | undefined;
}

export interface ReadScriptOptions {
  /** What `import … from "bpfts"` means; asked for when the script must be bundled. */
  readonly readLibrary: () => Promise<Library>;
  readonly store?: BundleStore;
  /** What the user lets it read besides its own files. */
  readonly grants?: FileGrants;
  /** Told of each file that the script asks for. */
  readonly noteFile?: (path: string) => void;
  /** A module unless given. */
  readonly form?: BundleForm;
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
export async function readScript(script: string | ScriptText, options: ReadScriptOptions): Promise<Script> {
  const made = typeof script === "string" ? undefined : script;
  const entry = typeof script === "string" ? findEntry(script) : describeText(script);
  const scope = openFileScope(
    entry.text === undefined || entry.haveTree === true ? findScriptTree(entry.path) : undefined,
    options.grants ?? noGrants,
    options.noteFile,
  );
  if (entry.text !== undefined) scope.keep(entry.path, entry.text);
  for (const [name, text] of Object.entries(made?.sources ?? {})) scope.keep(name, text);
  const { code, map, inputs } = await findOrBundle(entry, scope, options).catch((error: unknown) => {
    throw made === undefined ? error : placeInSources(error, entry.path, made);
  });
  const paths = Object.keys(inputs);
  return {
    path: entry.path,
    folder: entry.folder,
    code,
    files: [
      entry.path,
      ...paths.filter((file) => file !== entry.path && !file.includes("/node_modules/")),
      ...Object.keys(made?.sources ?? {}),
    ],
    scope,
    ...(entry.ends && { ends: true }),
    mapPosition: (line, column) => {
      const found = openSourceMap(map)(line, column);
      if (made?.findOrigin === undefined || found?.file !== entry.path) return found;
      return made.findOrigin(found.line, found.column ?? 1);
    },
    ...(made?.findOrigin && { findOrigin: (line: number, column: number) => made.findOrigin?.(line, column) }),
  };
}

/** The same error at the place in the user's text that the script was made of. */
function placeInSources(error: unknown, path: string, { findOrigin, sources }: ScriptText): unknown {
  if (!(error instanceof ScriptError) || findOrigin === undefined) return error;
  const place = (location: SourceLocation | undefined): SourceLocation | undefined => {
    if (location?.file !== path) return location;
    const column = location.column ?? 1;
    // What is missing is told behind the last character that is there.
    const found = findOrigin(location.line, column) ?? findOrigin(location.line, Math.max(1, column - 1));
    const lineText = found && sources[found.file]?.split("\n")[found.line - 1];
    return found && { ...found, ...(lineText !== undefined && { lineText }) };
  };
  const location = place(error.location);
  return new ScriptError(error.message, {
    cause: error.cause,
    diagnostics: error.diagnostics.map(({ location: at, ...rest }) => {
      const moved = place(at);
      return { ...rest, ...(moved && { location: moved }) };
    }),
    ...(location && { location }),
    ...(error.hint !== undefined && { hint: error.hint }),
  });
}

async function findOrBundle(
  entry: ScriptEntry,
  scope: FileScope,
  { store, readLibrary, form = "module" }: ReadScriptOptions,
): Promise<Bundle> {
  const key = `${buildId}\0${entry.path}${entry.text === undefined ? "" : `\0${entry.text}`}`;
  const name = `${form === "module" ? "bundle" : form}/${hash(key).slice(0, 32)}`;
  const hashInput = (file: string): string | undefined =>
    file === entry.path && entry.text !== undefined ? hash(entry.text) : hashFile(file, scope);
  const found = findBundle(store, name, hashInput);
  if (found !== undefined) return found;
  const { code, map, inputs } = await bundleScript(entry, await readLibrary(), scope, form);
  const hashes = Object.fromEntries(inputs.map((file) => [file, hashInput(file) ?? ""]));
  const bundle = { code, map, inputs: hashes };
  store?.write(name, Buffer.from(JSON.stringify(bundle)));
  return bundle;
}

function hash(data: string | Buffer): string {
  return createHash("sha256").update(data).digest("hex");
}

function describeText({ name, text, isUnsaved }: ScriptText): ScriptEntry {
  if (isUnsaved === true) return { path: resolve(name), folder: dirname(resolve(name)), text, haveTree: true };
  return { path: resolve(name), folder: process.cwd(), text };
}

/** The largest script that is taken from a pipe. Units: bytes. */
const MAX_PIPED_BYTES = 16 * 1024 * 1024;

/** Finds the file that the user named. What is no file on a disk, such as `/dev/stdin`, is read at once. */
function findEntry(path: string): ScriptEntry {
  if (path === "-") return { path: resolve("stdin.ts"), folder: process.cwd(), text: readStandardInput() };
  const absolute = resolve(path);
  try {
    const stat = statSync(absolute);
    if (stat.isDirectory())
      throw new ScriptError(`Cannot run "${path}": it is a directory`, {
        hint: "name the script itself, for example scripts/hello.ts",
      });
    if (!stat.isFile()) return { path: absolute, folder: process.cwd(), text: readNamedPipe(absolute, path) };
    const real = realpathSync(absolute);
    const entry = { path: real, folder: dirname(real) };
    return real.endsWith(".c") ? describeSource(entry) : entry;
  } catch (cause) {
    if (cause instanceof ScriptError) throw cause;
    const reason = (cause as NodeJS.ErrnoException).code === "ENOENT" ? "no such file" : (cause as Error).message;
    throw new ScriptError(`Cannot read script "${path}": ${reason}`, {
      cause,
      hint: "check the path; it is taken from the current directory",
    });
  }
}

/** A file of C in the dialect as a script: its tables and events are reported. */
function describeSource({ path, folder }: ScriptEntry): ScriptEntry {
  const read = readRegularFile(path, { maxBytes: MAX_PIPED_BYTES, isWanted: () => true });
  const c = read.kind === "read" ? read.bytes.toString("utf8") : "";
  const histograms = [...c.matchAll(/\bBPF_HISTOGRAM\s*\(\s*(\w+)/g)].map(([, name]) => name!);
  const text = [
    'import { BPF, report } from "bpfts";',
    `const b = new BPF({ src_file: ${JSON.stringify(path)} });`,
    `report(b, { histograms: ${JSON.stringify(histograms)} });`,
  ];
  return { path: `${path}.ts`, folder, text: `${text.join("\n")}\n`, haveTree: true, ends: true };
}

function readStandardInput(): string {
  try {
    return readNamedPipe("/dev/stdin", "-");
  } catch (error) {
    // A socket cannot be opened a second time.
    if ((error as NodeJS.ErrnoException).code === "ENXIO") return readPipe(0, "-");
    throw error;
  }
}

function readNamedPipe(path: string, shown: string): string {
  const fd = openSync(path, "r");
  try {
    return readPipe(fd, shown);
  } finally {
    closeSync(fd);
  }
}

function readPipe(fd: number, shown: string): string {
  const chunks: Buffer[] = [];
  for (let total = 0; ; ) {
    const chunk = Buffer.allocUnsafe(65536);
    const size = readSync(fd, chunk);
    if (size === 0) return Buffer.concat(chunks).toString("utf8");
    total += size;
    if (total > MAX_PIPED_BYTES)
      throw new ScriptError(`Cannot read script "${shown}": it has no end after ${MAX_PIPED_BYTES / 1024 / 1024} MiB`, {
        hint: "name a file, or a pipe that a script comes through",
      });
    chunks.push(chunk.subarray(0, size));
  }
}

/** A bundle that was made before of the very files that are there now, each of which the script may read now. */
function findBundle(
  store: BundleStore | undefined,
  name: string,
  hashInput: (file: string) => string | undefined,
): Bundle | undefined {
  const body = store?.find(name);
  if (body === undefined) return undefined;
  const bundle = JSON.parse(body.toString("utf8")) as Bundle;
  return Object.entries(bundle.inputs).every(([file, kept]) => hashInput(file) === kept) ? bundle : undefined;
}

function hashFile(file: string, scope: FileScope): string | undefined {
  try {
    return hash(scope.readBytes(file));
  } catch {
    return undefined;
  }
}
