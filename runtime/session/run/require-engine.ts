import { UsageError } from "../../base/errors.ts";
import { findSimilar } from "../../base/similar.ts";
import { engineTricks, PLAIN_ENGINE, readPlainEngine } from "../../engine/tricks.ts";
import type { EngineTrick } from "../../engine/tricks.ts";

/** Reads which tricks of the engine the user runs without. @throws UsageError for a name that is no trick's */
export function requireEngine(environment: Readonly<Record<string, string | undefined>>): ReadonlySet<EngineTrick> {
  const { without, unknown } = readPlainEngine(environment);
  const [name] = unknown;
  if (name === undefined) return without;
  const similar = findSimilar(name, engineTricks);
  throw new UsageError(`${PLAIN_ENGINE} has "${name}", which turns nothing off`, {
    hint: similar === undefined ? `it takes ${engineTricks.join(", ")} or all` : `did you mean "${similar}"?`,
  });
}
