import { AttachError, BpftsError, InternalError, InterruptedError, MapError } from "../../base/errors.ts";
import type { Closable } from "../../base/scope.ts";
import { ANSWER_MARK, ERROR_MARK, INTERRUPTED_CODE, callKinds } from "../../../sdk/wire/protocol.ts";
import type { ErrorMessage } from "../../../sdk/wire/error-message.ts";
import type { CallName } from "../../../sdk/wire/protocol.ts";
import { encodeUtf8, isPlainText } from "../../../sdk/wire/utf8.ts";
import { openEventCalls } from "./bridge-events.ts";
import { openFunctionHandlers } from "./bridge-functions.ts";
import { openLookupCalls } from "./bridge-lookup.ts";
import { openInnerMapCalls } from "./bridge-inner-maps.ts";
import { openMapCalls } from "./bridge-map.ts";
import { openIteratorCalls } from "./bridge-iterators.ts";
import { openNetworkCalls } from "./bridge-network.ts";
import { openPerfCounterCalls } from "./bridge-perf-counters.ts";
import { openProgramCalls } from "./bridge-program.ts";
import { openRunCalls } from "./bridge-runs.ts";
import { openUserRingCalls } from "./bridge-user-ring.ts";
import type { BridgeState, Handlers } from "./bridge-state.ts";
import { openSystemCalls } from "./bridge-system.ts";
import { openWebCalls } from "./bridge-web.ts";
import { openColumnCalls } from "./split-columns.ts";
import { openTraceCalls } from "./bridge-trace.ts";
import { openTestCalls } from "./bridge-tests.ts";
import { openUserCalls } from "./bridge-users.ts";

/** The host's side of the guest's one door. */
export interface Bridge extends Closable {
  /** Answers a call as `sdk/wire/protocol.ts` says; never throws. */
  call(name: string, argument: string, bytes: Uint8Array): string | Uint8Array;
  /** The host's own error object that crossed under this number, undefined for one long ago. */
  findError(id: number): BpftsError | undefined;
  /** Says on the log what was lost. */
  reportLosses(): void;
  /** Says on the log that a limit of events had nothing to count. */
  reportUncounted(): void;
}

/** Calls whose argument is text. */
export const textArguments: ReadonlySet<string> = new Set<CallName>(["write", "write_error", "record_output"]);

/** Errors that the script may still throw back at the host. */
const KEPT_ERRORS = 64;

/** Opens the bridge: every call of the protocol with its handler. `isStopped` says that the script is to get no more answers. */
export function openBridge(state: BridgeState, isStopped: () => boolean): Bridge {
  const programs = openProgramCalls(state);
  const requireMap = (map: number): ReturnType<typeof programs.requireMap> => programs.requireMap(map);
  const events = openEventCalls(state, requireMap);
  const trace = openTraceCalls(state);
  const handlers: Handlers<CallName> = {
    ...openSystemCalls(state),
    ...openWebCalls(),
    ...programs.handlers,
    ...openRunCalls(state.port, programs.requireProgram),
    ...openFunctionHandlers(programs.requireProgram),
    ...openNetworkCalls(programs.requireProgram),
    ...openIteratorCalls(state.port, programs.requireProgram),
    ...openMapCalls(state, requireMap, programs.lookups),
    ...openColumnCalls(),
    ...openInnerMapCalls(state.port, programs),
    ...openPerfCounterCalls(state.port, requireMap),
    ...openUserRingCalls(state.port, requireMap),
    ...events.handlers,
    ...trace.handlers,
    ...openLookupCalls(state),
    ...openUserCalls(),
    ...openTestCalls(state),
    interrupt() {
      events.stopCounting();
      trace.stopCounting();
      state.detachAll?.();
      state.port.signalAfter(1);
      return null;
    },
  };
  const errors = new Map<number, BpftsError>();
  let lastError = 0;

  const crossError = (error: unknown): string => {
    const known =
      error instanceof BpftsError
        ? error
        : new InternalError(error instanceof Error ? error.message : String(error), { cause: error });
    const id = ++lastError;
    errors.set(id, known);
    errors.delete(id - KEPT_ERRORS);
    return ERROR_MARK + JSON.stringify(describeError(known, id));
  };

  return {
    call(name, argument, bytes) {
      try {
        if (isStopped()) throw new InterruptedError("The script is being ended");
        if (!Object.hasOwn(handlers, name))
          throw new InternalError(`The script called "${name}", which the host does not know`);
        const handler = handlers[name as CallName] as (argument: unknown, bytes: Uint8Array) => unknown;
        return crossAnswer(name as CallName, handler(textArguments.has(name) ? argument : JSON.parse(argument), bytes));
      } catch (error) {
        return crossError(error);
      }
    },
    findError: (id) => errors.get(id),
    reportLosses() {
      for (const { name, lost, cause } of events.listLosses()) {
        state.log.warn(`Lost ${lost} event${lost === 1 ? "" : "s"} of "${name}"${cause}`);
      }
      const lines = trace.countLost();
      if (lines > 0)
        state.log.warn(
          `Lost ${lines} line${lines === 1 ? "" : "s"} of the trace pipe: the script read them too slowly`,
        );
    },
    reportUncounted() {
      if (state.maxEvents === undefined || events.wereOpened() || trace.wasRead()) return;
      state.log.warn(
        "--max-events counted nothing: the script reads no events. Rows of tables that it prints are none",
      );
    },
    close: () => events.close(),
  };
}

/** An answer as it crosses. */
export function crossAnswer(name: CallName, answer: unknown): string | Uint8Array {
  switch (callKinds[name]) {
    case "json":
      return ANSWER_MARK + JSON.stringify(answer);
    case "text":
      return isPlainText(answer as string) ? ANSWER_MARK + (answer as string) : encodeUtf8(answer as string);
    case "bytes":
      return answer === undefined ? ANSWER_MARK : (answer as Uint8Array);
  }
}

/** An error as it crosses. */
export function describeError(error: BpftsError, id: number): ErrorMessage {
  return {
    name: error.name,
    code: error instanceof InterruptedError ? INTERRUPTED_CODE : error.code,
    message: error.message,
    id,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    ...(error.detail === undefined ? {} : { detail: error.detail }),
    ...(error.errno === undefined ? {} : { errno: error.errno }),
    ...(error instanceof MapError || error instanceof AttachError ? { reason: error.reason } : {}),
    ...(error.location === undefined ? {} : { location: error.location }),
  };
}
