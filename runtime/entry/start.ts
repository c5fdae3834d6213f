import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { cachedDataVersionTag, setFlagsFromString } from "node:v8";
import { Script } from "node:vm";
import { buildId } from "../base/build-id.ts";
import { findCached, writeCached } from "../compile/cache.ts";
import { findCacheFolder } from "../compile/cache-folder.ts";
import { chooseV8Flags } from "../sandbox/v8-flags.ts";
import type { main } from "../cli/main.ts";

type MainModule = { main: typeof main };
type WrappedModule = (
  exports: object,
  require: NodeJS.Require,
  module: { exports: object },
  filename: string,
  dirname: string,
) => void;

/**
 * Starts the rest of the CLI, which is one file. V8 keeps what it compiled of it between runs: Node's own loader would
 * compile it anew each time, which was measured to take a fifth of a whole start.
 */
async function start(): Promise<void> {
  // V8 takes a compiled file back only under the same flags.
  for (const flag of chooseV8Flags(process.versions.node)) setFlagsFromString(flag);
  const path = join(__dirname, "main.cjs");
  const cache = findCacheFolder(process.env);
  const name = `code/${buildId}-${cachedDataVersionTag()}`;
  const cachedData = cache && findCached(cache, name);
  const script = new Script(readFileSync(path, "latin1"), {
    filename: path,
    ...(cachedData !== undefined && { cachedData }),
  });
  const loaded: { exports: object } = { exports: {} };
  (script.runInThisContext() as WrappedModule)(loaded.exports, createRequire(path), loaded, path, __dirname);
  const args = process.argv.slice(2);
  process.exitCode = await (loaded.exports as MainModule).main(args);
  // A run that worked has compiled what runs need.
  if (
    cache !== undefined &&
    (cachedData === undefined || script.cachedDataRejected === true) &&
    args[0] === "run" &&
    process.exitCode === 0
  ) {
    writeCached(cache, name, script.createCachedData());
  }
}

void start();
