import type { Log } from "../../base/log.ts";
import { openCacheFolder } from "../../compile/cache-folder.ts";
import { openAddon } from "../../kernel/door/addon.ts";
import { openEarlySandbox } from "../../sandbox/early-sandbox.ts";
import { defaultLimits } from "../../sandbox/sandbox.ts";
import type { openSandbox } from "../../sandbox/sandbox.ts";
import { openGuestLibrary } from "./guest-library.ts";
import { requireEngine } from "./require-engine.ts";

/** What of a run is done before the script is there to be read. */
export interface PreparedRun {
  readonly openSandbox: typeof openSandbox;
}

/** Does what every run begins with, for one that is to begin quickly later. */
export async function prepareRun(options: {
  readonly memoryBytes: number;
  readonly log: Log;
  readonly environment: Readonly<Record<string, string | undefined>>;
}): Promise<PreparedRun> {
  openAddon();
  const library = openGuestLibrary(openCacheFolder(options.environment, options.log)).guest;
  const limits = { ...defaultLimits, memoryBytes: options.memoryBytes };
  const without = requireEngine(options.environment);
  return { openSandbox: await openEarlySandbox({ limits, library, without }) };
}
