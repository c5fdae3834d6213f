import { dirname } from "node:path";
import { buildId } from "../base/build-id.ts";
import type { BundleStore } from "./bundle-store.ts";
import { withBundler } from "./confined-bundler.ts";

/** What scripts import by name; the sandbox holds it once, apart from the script's own bundle. */
export interface Library {
  readonly code: string;
  readonly exports: readonly string[];
}

/** The name by which scripts import the library, and which its frames have in stack traces. */
export const libraryName = "bpfts";

/** The module through which scripts' imports of the library go, as the bundler names it. */
export const listNamespace = "bpfts-exports";

const read = new Map<string, Promise<Library>>();

/** Reads the library from its entry file; from the store when this very build of bpfts has read it before. */
export function readLibrary(entry: string, store?: BundleStore): Promise<Library> {
  let library = read.get(entry);
  if (library === undefined) read.set(entry, (library = findOrBundle(entry, store)));
  return library;
}

async function findOrBundle(entry: string, store: BundleStore | undefined): Promise<Library> {
  // The build's name covers the library's files; sources that may change under it have none.
  const name = buildId === "source" ? undefined : `library/${buildId}`;
  const found = name === undefined ? undefined : store?.find(name);
  if (found !== undefined) return JSON.parse(found.toString("utf8")) as Library;
  const library = await bundleLibrary(entry);
  if (name !== undefined) store?.write(name, Buffer.from(JSON.stringify(library)));
  return library;
}

/** How code is bundled for QuickJS, the library as well as scripts. */
export const guestBundle = {
  bundle: true,
  write: false,
  format: "esm",
  platform: "neutral",
  target: "es2023",
  metafile: true,
  legalComments: "none",
  // QuickJS reads a whole script at every start; names stay for the stacks of errors.
  minifySyntax: true,
  minifyWhitespace: true,
  logLevel: "silent",
} as const;

async function bundleLibrary(entry: string): Promise<Library> {
  const folder = dirname(entry);
  const result = await withBundler([folder], (bundler) =>
    bundler.build({ ...guestBundle, entryPoints: [entry], absWorkingDir: folder }),
  );
  const [output] = Object.values(result.metafile.outputs);
  return { code: result.outputFiles[0]!.text, exports: output!.exports };
}
