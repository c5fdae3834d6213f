import { readClock } from "../../base/clock.ts";
import { constants } from "node:os";
import type { Log } from "../../base/log.ts";
import { errno, renderErrno } from "../../kernel/door/errno.ts";
import type { KernelPort } from "../../kernel/door/port.ts";
import { useDescriptor } from "../../kernel/door/use-descriptor.ts";
import { findProcess, listProcesses, listTree } from "../../kernel/user/process-tree.ts";
import type { ProcessEntry } from "../../kernel/user/process-tree.ts";

/** What a process gets to end by itself. Units: milliseconds. */
const TERM_MS = 1000;
/** What the kernel gets to end it. Units: milliseconds. */
const KILL_MS = 1000;
/** Between two looks: a program that heeds SIGTERM has mostly ended at the second one. Units: milliseconds. */
const FIRST_LOOK_MS = 1;
const LAST_LOOK_MS = 32;

/** Processes of bpfts's own that may begin after the command and outlive it. Source: `native/helper_process.h` */
const ownHelpers: ReadonlySet<string> = new Set(["bpfts-detach", "bpfts-guard"]);

const { SIGCONT, SIGKILL, SIGTERM } = constants.signals;

/**
 * Ends everything that a command started: SIGTERM, and a second later SIGKILL for what is left. What its parents left behind has come to this
 * process, so all of it lies below this one. A daemon is named and goes on: it was left behind in a session of its own, which nobody does by accident.
 * `haveChildren` takes notice of the ended ones and answers whether any runs.
 */
export function endTree(port: KernelPort, command: ProcessEntry, haveChildren: () => boolean, log: Log): void {
  const start = readClock();
  const asked = new Set<string>();
  const refused = new Map<number, number>();
  let daemonSessions: ReadonlySet<number> | undefined;
  for (let lookMs = FIRST_LOOK_MS; haveChildren(); lookMs = Math.min(LAST_LOOK_MS, lookMs * 2)) {
    const all = listProcesses();
    // Programs of bpfts's own began before the command.
    const children = all.filter(({ parent, startTicks }) => parent === process.pid && startTicks >= command.startTicks);
    const spared = (daemonSessions ??= nameDaemons(children, command, log));
    const roots = children.filter(({ session }) => !spared.has(session));
    const targets = listTree(roots, all).filter(({ pid }) => !refused.has(pid));
    const age = readClock() - start;
    if (age >= TERM_MS + KILL_MS) for (const { pid } of targets) refused.set(pid, errno.EBUSY);
    if (targets.length === 0 || age >= TERM_MS + KILL_MS) {
      for (const { pid, name } of all) {
        const status = refused.get(pid);
        if (status === undefined) continue;
        log.warn(`Cannot end "${name}", pid ${pid}, which the command started (${renderErrno(status)})`);
      }
      return;
    }
    for (const target of targets) {
      const key = `${target.pid} ${target.startTicks}`;
      if (age < TERM_MS && asked.has(key)) continue;
      asked.add(key);
      const status = signalProcess(port, target, age < TERM_MS ? [SIGTERM, SIGCONT] : [SIGKILL]);
      if (status === errno.EPERM) refused.set(target.pid, status);
    }
    sleep(lookMs);
  }
}

/** Answers the sessions of what the command left to run on, and tells of it. */
function nameDaemons(children: readonly ProcessEntry[], command: ProcessEntry, log: Log): ReadonlySet<number> {
  const sessions = new Set<number>();
  const ownSession = findProcess(process.pid)?.session;
  for (const { pid, name, session } of children) {
    // A command may begin a session itself.
    if (pid === command.pid || session === command.pid || session === ownSession) continue;
    sessions.add(session);
    if (ownHelpers.has(name)) continue;
    log.warn(`"${name}", pid ${pid}, goes on: the command left it in a session of its own, as a daemon`);
  }
  return sessions;
}

/** Signals a process unless another one has its pid by now. */
function signalProcess(port: KernelPort, target: ProcessEntry, signals: readonly number[]): number {
  const process = port.pidfdOpen(target.pid);
  if (process < 0) return process;
  return useDescriptor(port, process, () => {
    if (findProcess(target.pid)?.startTicks !== target.startTicks) return errno.ESRCH;
    return signals.map((signal) => port.pidfdSignal(process, signal))[0] ?? 0;
  });
}

function sleep(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
