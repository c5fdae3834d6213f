import "../events/event-stream.ts";
import { flush } from "../print/output.ts";
import { renderValue } from "../print/render-value.ts";
import { defineLazyGlobals } from "../lazy/lazy-globals.ts";
import { guestConsole } from "./console.ts";
import { runEndHandlers, startScript, warnUnused } from "./process.ts";
import { haveHost } from "../wire/host.ts";
import { runAsync } from "../time/async-functions.ts";
import { queueMicrotask, throwUnhandled, watchPromises } from "../time/promises.ts";
import { GUEST_HOOKS, RUN_ASYNC } from "../wire/guest-hooks.ts";
import type { GuestHooks } from "../wire/guest-hooks.ts";
import { clearInterval, clearTimeout, setInterval, setTimeout } from "../time/timers.ts";
import { interruptWaits, takeTurn } from "../time/wait.ts";

const hooks: GuestHooks = {
  start: startScript,
  turn: () => takeTurn(true),
  interrupt: () => interruptWaits(),
  end: runEndHandlers,
  warnUnused() {
    warnUnused();
    flush();
  },
  describe: (value) => renderValue(value, { bigints: "n", depth: 1 }),
  flush() {
    flush();
    // What an end handler left to a promise.
    throwUnhandled();
  },
};

/** Gives the script the globals that every JavaScript program expects, and the host its hooks. */
export function installGlobals(): void {
  if (!haveHost()) return;
  watchPromises();
  defineLazyGlobals();
  const timers = { setTimeout, setInterval, clearTimeout, clearInterval, queueMicrotask };
  const names = { console: guestConsole, ...timers, [GUEST_HOOKS]: hooks, [RUN_ASYNC]: runAsync };
  for (const [name, value] of Object.entries(names)) {
    Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: false });
  }
}

installGlobals();
