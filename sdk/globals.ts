import { interruptWaiters, serveWaiters } from "./event-stream.ts";
import { flush, guestConsole } from "./output.ts";
import { runEndHandlers, startScript } from "./process.ts";
import { haveHost } from "./host.ts";
import { GUEST_HOOKS } from "./protocol.ts";
import type { GuestHooks } from "./protocol.ts";
import { clearInterval, clearTimeout, runTimers, setInterval, setTimeout } from "./timers.ts";

const hooks: GuestHooks = {
  start: startScript,
  turn() {
    const timerMs = runTimers() ?? null;
    const events = serveWaiters();
    flush();
    return { timerMs, events };
  },
  interrupt: () => interruptWaiters(),
  end: runEndHandlers,
  flush,
};

/** Gives the script the globals that every JavaScript program expects, and the host its hooks. */
export function installGlobals(): void {
  if (!haveHost()) return;
  const names = { console: guestConsole, setTimeout, setInterval, clearTimeout, clearInterval, [GUEST_HOOKS]: hooks };
  for (const [name, value] of Object.entries(names)) {
    Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: false });
  }
}

installGlobals();
