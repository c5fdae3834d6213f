import { haveOpenRing, takeEvents } from "../events/rings.ts";
import { EventTable } from "../events/table-ring.ts";
import { loadModuleWith } from "../lazy/load-module.ts";
import { countOutput, dropOutput, print } from "../print/output.ts";
import { BPF } from "../program/bpf.ts";
import { openEvents } from "../report/report.ts";
import { showTable } from "../report/show-table.ts";
import { readRows } from "../report/table-rows.ts";
import { TableBase } from "../tables/table-base.ts";
import { StackTraceTable } from "../tables/table-stack-trace.ts";
import { Table } from "../tables/table.ts";
import { takeTurn } from "../time/wait.ts";
import { haveHost } from "../wire/host.ts";
import { GUEST_HOOKS, LIVE_HOOK, LIVE_NAMES } from "../wire/guest-hooks.ts";

/** What the module of a session uses of the SDK, by the paths of its imports. */
const parts: Readonly<Record<string, object>> = {
  "../events/rings.ts": { haveOpenRing, takeEvents },
  "../events/table-ring.ts": { EventTable },
  "../print/output.ts": { countOutput, dropOutput, print },
  "../program/bpf.ts": { BPF },
  "../report/report.ts": { openEvents },
  "../report/show-table.ts": { showTable },
  "../report/table-rows.ts": { readRows },
  "../tables/table-base.ts": { TableBase },
  "../tables/table-stack-trace.ts": { StackTraceTable },
  "../tables/table.ts": { Table },
  "../time/wait.ts": { takeTurn },
  "../wire/guest-hooks.ts": { GUEST_HOOKS, LIVE_NAMES },
};

/** Has the host read the module of a session, which no other run needs. */
if (haveHost()) {
  const hooks = (globalThis as unknown as Record<string, object>)[GUEST_HOOKS]!;
  Object.assign(hooks, {
    [LIVE_HOOK]: () => {
      const { makeLiveHooks } = loadModuleWith("live-hooks", parts) as typeof import("./live-hooks.ts");
      Object.assign(hooks, makeLiveHooks());
    },
  });
}
