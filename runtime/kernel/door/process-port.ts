import type { Handle, Status } from "./handle.ts";

/** The state of a child that `processSpawn` made. */
export interface ProcessState {
  readonly exited: boolean;
  /** Exit status, or 128 + signal number, once it has exited. */
  readonly code: number;
  /** The number of the signal that ended it, 0 for none. */
  readonly signal: number;
  /** Why it could not be run, as an errno; 0 when it was. */
  readonly refused: number;
}

/** The calls that keep signals and start processes; the rules of `port.ts` hold. */
export interface ProcessPort {
  /**
   * Opens the kernel's records of what a process and the children that it will have map to execute it. Source: perf_event_open(2), `mmap2`, `comm_exec`, `task` and
   * `inherit`, with the time behind each record.
   */
  mappedCodeOpen(pid: number): Handle;
  /** All records since the last call, those of each CPU in their order. Shape: struct perf_event_header and what follows it. */
  mappedCodeRead(log: Handle): Uint8Array | Status;
  /** How many records there was no room for, by now; EOPNOTSUPP before Linux 6.0, where a record says so, and only with the next one that has room. */
  mappedCodeLost(log: Handle): number;
  mappedCodeClose(log: Handle): Status;

  // Signals: SIGINT, SIGTERM and SIGHUP are kept, not delivered to Node. A second one while the first is still pending ends the
  // process. The same one again within a quarter of a second is the echo that npm sends and does not count.

  signalsCatch(): Status;
  /** The number of a signal that came and was not taken yet, or 0. Cheap: one atomic load. */
  signalPending(): number;
  /** Takes the pending signal: answers it and clears it. */
  signalTake(): number;
  /** The number of a descriptor that is readable while a signal is pending, for a child of Node's that is to end then; -1 when signals are not caught. */
  signalFd(): number;
  /** From now on the next signal ends the process, whether one is pending or not. */
  signalsFinish(): Status;
  /** The same as one signal, some time from now; 0 takes that back. Units: milliseconds */
  signalAfter(delayMs: number): Status;
  signalsRelease(): Status;
  /**
   * Calls a function: the one call of the door's into JavaScript. Answers 1 when it was ended from outside, wherever it was: a signal was pending
   * for half a second, or the deadline of `guardDeadline` is over. Nothing in it can catch that, its `finally` does not run. Source: v8::Isolate::TerminateExecution
   */
  runGuarded(run: () => void): Status;
  /** Units: milliseconds from now, -1 for none. */
  guardDeadline(timeoutMs: number): Status;
  /** Another time than half a second for a pending signal; below 0 half a second again. Units: milliseconds */
  guardHeed(timeoutMs: number): Status;
  /** From 1 to 0 no time passes for `runGuarded`: work of the host's own that takes long is not the code's fault. A second signal still ends the process. */
  guardPause(pauses: number): Status;

  // A child process that is held before its exec until it is released.

  /** The child is in the cgroup of the path `cgroup` and the network namespace of the file `net` from the start; where a path is "", in that of this process. */
  processSpawn(argv: readonly string[], variables: readonly string[], cgroup: string, net: string): Handle;
  processPid(process: Handle): number;
  processRelease(process: Handle): Status;
  processState(process: Handle): ProcessState | Status;
  /**
   * Takes notice of ended processes that a child left behind: they come to this process once `processSpawn` was called. Answers 1 while this
   * process has children that run, 0 when it has none. Source: PR_SET_CHILD_SUBREAPER(2const)
   */
  processReap(process: Handle): Status;
  /** Kills it when it still runs and reaps it. */
  processClose(process: Handle): Status;
  /** Opens any process or, since Linux 6.9, thread. Owner: the caller closes it with descriptorClose. Since: Linux 5.3 */
  pidfdOpen(pid: number): Handle;
  /** Sends a signal to the process of a `pidfdOpen`, which cannot have become another one. Since: Linux 5.1 */
  pidfdSignal(pidfd: Handle, signal: number): Status;
  /** A copy of another process's descriptor, by its number there. Owner: the caller closes it with descriptorClose. Since: Linux 5.6 */
  pidfdCopy(pid: number, number: number): Handle;
}
