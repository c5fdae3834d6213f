import type { BridgeState } from "../bridge/bridge-state.ts";
import type { Bridge } from "../bridge/bridge.ts";
import type { Waiter } from "../wait/waiter.ts";

/** What stands at the door of a script in the place of the bridge alone: a recorder, or a recording. */
export interface Tape {
  openBridge(state: BridgeState, isStopped: () => boolean): Bridge;
  /** The waiter for the time between the script's turns; `runJobs` lets promises go on and answers how many did. */
  wrapTurns(waiter: Waiter, runJobs: () => number): Waiter;
}
