import { readClock } from "../../base/clock.ts";
import type { Closable } from "../../base/scope.ts";
import type { Log } from "../../base/log.ts";

/** Work of many steps. */
export interface Progress extends Closable {
  step(): void;
}

/** Shorter work is over before anybody wonders. Units: milliseconds. */
const SILENT_MS = 1000;
/** Units: milliseconds between two pictures. */
const REDRAW_MS = 100;
/** Units: characters. */
const BAR_WIDTH = 30;

/** Opens a bar for work of `total` steps, which is shown when it takes long: `attaching "f": 120 of 500 [#######      ]`. */
export function openProgress(log: Log, title: string, total: number, now: () => number = readClock): Progress {
  const started = now();
  let drawnAt = started + SILENT_MS - REDRAW_MS;
  let isDrawn = false;
  let done = 0;
  return {
    step() {
      done++;
      if (now() - drawnAt < REDRAW_MS) return;
      drawnAt = now();
      isDrawn = true;
      const filled = Math.round((BAR_WIDTH * done) / total);
      log.progress?.(`${title}: ${done} of ${total} [${"#".repeat(filled)}${" ".repeat(BAR_WIDTH - filled)}]`);
    },
    close() {
      if (isDrawn) log.progress?.(undefined);
    },
  };
}
