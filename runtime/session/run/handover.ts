import { readClock } from "../../base/clock.ts";
import type { KernelPort } from "../../kernel/door/port.ts";
import { openKeptTables } from "../load/kept-tables.ts";
import type { KeptTables, TableRecord } from "../load/kept-tables.ts";
import type { ProcessWatch } from "../wait/process-watch.ts";

/** What a version of a script is given when versions follow each other (`bpfts run --watch`). */
export interface Handover {
  /** The tables of the version before. */
  readonly tables: readonly TableRecord[];
  /** Told of each file that the script reads, whether it is there or not. */
  noteFile(path: string): void;
  /** Tells that this version is loaded and attached, and answers when the version before has ended. */
  takeTurn(tables: KeptTables): void;
  /** Tells that nothing of this version is attached any more and all its output is written. */
  leave(): void;
  /** Asked every second while the script waits: without a supervisor the version ends like at Ctrl-C. */
  haveSupervisor(): boolean;
}

/** A version's side of a handover. */
export interface Turn {
  readonly tables: KeptTables;
  /** Ends the version before and lets this one print. Twice is fine. */
  take(): void;
  /** Writes what the script has printed although its turn has not come: it has failed. */
  release(): void;
  /** The port of a script whose output waits for its turn. */
  readonly port: KernelPort;
}

/** What prints so much before it waits is no heading. */
const MAX_HELD_BYTES = 1024 * 1024;

/** Units: milliseconds. */
const ASK_MS = 1000;

/** Adds to what is looked at while a version waits whether its supervisor is there. */
export function watchSupervisor(handover: Handover, watch: ProcessWatch, now: () => number = readClock): ProcessWatch {
  let askAt = 0;
  return {
    watch: (pid) => watch.watch(pid),
    look() {
      if (now() >= askAt) {
        askAt = now() + ASK_MS;
        if (!handover.haveSupervisor()) process.kill(process.pid, "SIGTERM");
      }
      return Math.min(watch.look(), askAt - now());
    },
  };
}

/** Opens a version's side; `port` is that of a run without versions. */
export function openTurn(handover: Handover, port: KernelPort): Turn {
  const tables = openKeptTables(handover.tables);
  const held: Uint8Array[] = [];
  let heldBytes = 0;
  let isTaken = false;
  let isHeld = true;
  const release = (): void => {
    isHeld = false;
    for (const bytes of held.splice(0)) port.write(1, bytes, -1);
  };
  const write: KernelPort["write"] = (fd, bytes, timeoutMs) => {
    if (fd !== 1 || !isHeld) return port.write(fd, bytes, timeoutMs);
    held.push(bytes.slice());
    heldBytes += bytes.length;
    if (heldBytes > MAX_HELD_BYTES) release();
    return bytes.length;
  };
  return {
    tables,
    take() {
      if (isTaken) return;
      isTaken = true;
      handover.takeTurn(tables);
      release();
    },
    release,
    port: Object.create(port, { write: { value: write } }) as KernelPort,
  };
}
