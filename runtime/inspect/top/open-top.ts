import type { Closable } from "../../base/scope.ts";
import { openAddon } from "../../kernel/door/addon.ts";
import type { KernelPort } from "../../kernel/door/port.ts";
import { compareSamples, openStatistics, takeSample } from "./program-statistics.ts";
import { openNames } from "./top-rows.ts";
import type { TopRow } from "./top-rows.ts";

/** What the programs cost, from one question to the next. Owner: whoever opened it closes it, and the kernel counts no longer. */
export interface Top extends Closable {
  /** What each program did since the last question, or since the opening. */
  next(): readonly TopRow[];
}

/** Makes the kernel count, and takes the first sample. @throws PrivilegeError, UnsupportedFeatureError */
export function openTop(port: KernelPort = openAddon()): Top {
  const statistics = openStatistics(port);
  const name = openNames(port);
  let before = takeSample(port);
  return {
    next() {
      const after = takeSample(port);
      const rows = name(compareSamples(before, after));
      before = after;
      return rows;
    },
    close: () => statistics.close(),
  };
}
