import { readClock } from "../base/clock.ts";
import {
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import { makeTemporaryName } from "./cache.ts";

/** How long a run waits for another one at most: somebody who was stopped while he built must hold nobody up. */
const PATIENCE_MS = 60_000;
const LOOK_MS = 20;

/**
 * Builds what many first runs want at once in one of them; the others wait for it. `isBuilt` says whether there is anything to do. The lock saves work and
 * guards nothing: what is built is renamed into place, so that two builders do no harm, and a lock that cannot be made is none.
 *
 * @param wait passes a moment. @throws whatever it throws, so that a signal ends the wait
 */
export function buildOnce(
  path: string,
  isBuilt: () => boolean,
  build: () => unknown,
  wait: (ms: number) => unknown,
): void {
  const lock = `${path}.lock`;
  for (const giveUpAt = readClock() + PATIENCE_MS; !isBuilt() && readClock() < giveUpAt; wait(LOOK_MS)) {
    const taken = takeLock(lock);
    if (taken === "held") continue;
    try {
      if (!isBuilt()) build();
    } finally {
      if (taken === "ours") rmSync(lock, { force: true });
    }
    return;
  }
  if (!isBuilt()) build();
}

/** Makes the lock with its holder's name in it, in one step. */
function takeLock(lock: string): "ours" | "held" | "impossible" {
  const temporary = makeTemporaryName(lock);
  try {
    mkdirSync(dirname(lock), { recursive: true, mode: 0o700 });
    writeFileSync(temporary, describeProcess(process.pid) ?? "", { mode: 0o600 });
    linkSync(temporary, lock);
    return "ours";
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException;
    if (code !== "EEXIST" || syscall !== "link") return "impossible";
    if (isHeld(lock)) return "held";
    removeStale(lock);
    return "held";
  } finally {
    if (existsSync(temporary)) rmSync(temporary);
  }
}

/** Renamed first: of several runs that find it stale, one removes it, and none a fresh one. */
function removeStale(lock: string): void {
  const stale = makeTemporaryName(lock);
  try {
    renameSync(lock, stale);
    rmSync(stale);
  } catch {
    // Another run was quicker.
  }
}

function isHeld(lock: string): boolean {
  try {
    const holder = readFileSync(lock, "utf8");
    const [pid, namespace] = holder.split(" ");
    // In another container its number means somebody else here: only time tells.
    if (namespace !== findNamespace()) return Date.now() - statSync(lock).mtimeMs < PATIENCE_MS;
    return describeProcess(Number(pid)) === holder;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ENOENT";
  }
}

/** Names a process for good: numbers are given again, but not with the same start. Undefined when it has ended. Source: proc(5), field 22 of stat */
function describeProcess(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    const [state, ...fields] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return state === "Z" || state === "X" ? undefined : `${pid} ${findNamespace()} ${fields[18]}`;
  } catch {
    return undefined;
  }
}

function findNamespace(): string {
  try {
    return readlinkSync("/proc/self/ns/pid");
  } catch {
    return "";
  }
}
