import "../events/event-stream.ts";
import { flush, guestConsole } from "../print/output.ts";
import { runEndHandlers, startScript } from "./process.ts";
import { haveHost } from "../wire/host.ts";
import { throwUnhandled, watchPromises } from "../time/promises.ts";
import { GUEST_HOOKS } from "../wire/protocol.ts";
import type { GuestHooks } from "../wire/protocol.ts";
import { clearInterval, clearTimeout, setInterval, setTimeout } from "../time/timers.ts";
import { interruptWaits, takeTurn } from "../time/wait.ts";

const hooks: GuestHooks = {
  start: startScript,
  turn: () => takeTurn(true),
  interrupt: () => interruptWaits(),
  end: runEndHandlers,
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
  const names = { console: guestConsole, setTimeout, setInterval, clearTimeout, clearInterval, [GUEST_HOOKS]: hooks };
  for (const [name, value] of Object.entries(names)) {
    Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: false });
  }
}

installGlobals();
