import { createRequire } from "node:module";
import { join } from "node:path";
import { findCacheFolder } from "../compile/cache-folder.ts";
import type { CacheFolder } from "../compile/cache-folder.ts";
import { loadCode, openCode } from "../engine/code-cache.ts";
import type { CodeFile } from "../engine/code-cache.ts";
import { readPlainEngine } from "../engine/tricks.ts";
import { setV8Flags } from "../engine/v8-flags.ts";
import type { main } from "../cli/main.ts";

type MainModule = { main: typeof main };
type WrappedModule = (
  exports: object,
  require: (id: string) => unknown,
  module: { exports: object },
  filename: string,
  dirname: string,
) => void;

/** A file of the bundle that was loaded, and how to keep what V8 compiled of it. */
interface Part {
  readonly exports: object;
  readonly keep: () => void;
}

/**
 * Starts the rest of the CLI, which is two files: what a known script needs, and what the first call of anything else loads. V8 keeps what it
 * compiled of them between runs: Node's own loader would compile them anew each time, which was measured to take a fifth of a whole start.
 */
async function start(): Promise<void> {
  const { without } = readPlainEngine(process.env);
  // V8 takes a compiled file back only under the same flags.
  setV8Flags(without);
  const cache = without.has("code") ? undefined : findCacheFolder(process.env);
  // A tracer runs for days, and a new version may take the place of this one meanwhile: both files are of one build.
  const files: Readonly<Record<string, CodeFile>> = Object.fromEntries(
    ["./main.cjs", "./later.cjs"].map((name) => [name, openCode(join(__dirname, name))]),
  );
  const parts = new Map<string, Part>();
  const requirePart = (name: string): object => {
    let part = parts.get(name);
    if (part === undefined) {
      part = loadPart(files[name]!, cache, requirePart);
      parts.set(name, part);
    }
    return part.exports;
  };
  const args = process.argv.slice(2);
  process.exitCode = await (requirePart("./main.cjs") as MainModule).main(args);
  // A run that worked has compiled what runs need.
  if (args[0] === "run" && process.exitCode === 0) for (const { keep } of parts.values()) keep();
}

function loadPart(file: CodeFile, cache: CacheFolder | undefined, requirePart: (name: string) => object): Part {
  const { path } = file;
  const code = loadCode(file, cache);
  const loaded: { exports: object } = { exports: {} };
  const requireNode = createRequire(path);
  const requireAny = (id: string): unknown => (id.endsWith(".cjs") ? requirePart(id) : requireNode(id));
  (code.run() as WrappedModule)(loaded.exports, requireAny, loaded, path, __dirname);
  return { exports: loaded.exports, keep: () => code.keep() };
}

void start();
