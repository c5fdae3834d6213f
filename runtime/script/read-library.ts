import { createRequire } from "node:module";
import { dirname } from "node:path";
import { buildId } from "../base/build-id.ts";
import type { BundleStore } from "./read-script.ts";

/** What scripts import by name; the sandbox holds it once, apart from the script's own bundle. */
export interface Library {
  readonly code: string;
  readonly exports: readonly string[];
}

/** The name by which scripts import the library, and which its frames have in stack traces. */
export const libraryName = "bpfts";

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

async function bundleLibrary(entry: string): Promise<Library> {
  const { build } = createRequire(import.meta.url)("esbuild") as typeof import("esbuild");
  const result = await build({
    entryPoints: [entry],
    absWorkingDir: dirname(entry),
    bundle: true,
    write: false,
    format: "esm",
    platform: "neutral",
    target: "es2023",
    metafile: true,
    legalComments: "none",
    minifySyntax: true,
    minifyWhitespace: true,
    logLevel: "silent",
  });
  const [output] = Object.values(result.metafile.outputs);
  return { code: result.outputFiles[0]!.text, exports: output!.exports };
}
