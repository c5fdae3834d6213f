import type { Log } from "../../base/log.ts";
import type { KernelPort } from "../../kernel/door/port.ts";
import type { TracePipe } from "../../kernel/machine/trace-pipe.ts";
import type { CallArgument, CallName, CallReply } from "../../../sdk/wire/protocol.ts";
import type { RowChoice } from "../../../sdk/wire/row-choice.ts";
import type { HistogramMessage } from "../../../sdk/wire/histogram-message.ts";
import type { PacketMessage } from "../../../sdk/wire/packet-message.ts";
import type { ReplayArgument, ReplayReply, TestAnswer, TestNote } from "../../../sdk/wire/test-calls.ts";
import type { StackMessage } from "../../../sdk/wire/stack-message.ts";
import type { LabPlace } from "../../../sdk/wire/lab-place.ts";
import type { FileScope } from "../../script/file-scope.ts";
import type { Guard } from "../../permit/guard.ts";
import type { Command } from "../wait/command.ts";
import type { KernelLookups } from "./lookups.ts";
import type { BuildRequest } from "../build/build-request.ts";
import type { BuiltProgram } from "../load/program.ts";
import type { Waiter } from "../wait/waiter.ts";

/** Why the host stops a script for good. */
export type StopReason =
  | { readonly kind: "exit"; readonly code: number }
  | { readonly kind: "closed-output" }
  | { readonly kind: "checked" };

/** What every part of the bridge works with. */
export interface BridgeState {
  readonly port: KernelPort;
  readonly log: Log;
  /** The name of the script's file, without its folder and ending. */
  readonly scriptName: string;
  readonly guard: Guard;
  readonly args: readonly string[];
  /** Answers what the user lets the script read while it runs, besides files below /proc and /sys. */
  readonly findReadable: () => FileScope;
  readonly command: Command | undefined;
  /** The places of the lab that the script runs in. */
  readonly lab: readonly LabPlace[];
  readonly waiter: Waiter;
  readonly lookups: KernelLookups;
  /** Which rows and columns the user wants to see; all when absent. */
  readonly rows?: RowChoice;
  /** Paths of the cgroups whose processes the user wants to see; all processes when absent. */
  readonly cgroups?: readonly string[];
  /** How many events the script may show; any number when absent. */
  readonly maxEvents?: number;
  /** Adds a stack to the pictures; absent when the user asked for none. */
  readonly recordStack?: (stack: StackMessage) => void;
  /** Takes the histograms for the heat map; absent when the user asked for none. */
  readonly recordHistogram?: (histogram: HistogramMessage) => void;
  /** Takes records of what the script shows; absent when nobody reads them. */
  readonly records?: RecordSink;
  /** Takes what a file of tests says of its tests; absent for any other script. */
  readonly tests?: TestTarget;
  /** Takes the packets of the capture; absent when the user asked for none. */
  readonly capture?: CaptureTarget;
  /** Sees what came through a buffer, before the host prints rows of it; absent when nobody records. */
  readonly noteRecords?: (ring: number, lost: number, records: Uint8Array) => void;
  /** Takes the programs off their places before the script ends; absent where nothing is attached. */
  detachAll?(): void;
  build(request: BuildRequest): BuiltProgram;
  openTracePipe(): TracePipe;
  /** How long the script's end may still take; Infinity while there is no hurry. Units: milliseconds. */
  findTimeLeft(): number;
  /** Tells that the guest was given events, or has come back for more. */
  noteBatch(isThere: boolean): void;
  /** Does work of the host's own that takes long now and then. Its time does not count as the script's. */
  excuse<Answer>(work: () => Answer): Answer;
  /** The frames of a stack of the script's that stand in its files, one a line. */
  renderStack(stack: string): readonly string[];
  /** From now on nothing is answered and the script is stopped. */
  stop(reason: StopReason): void;
}

/** Who reads records of what a script shows. */
export interface RecordSink {
  /** How often reports send their tables; 0 for no more often than they print them. Units: milliseconds. */
  readonly everyMs: number;
  /** A JSON object a line. */
  take(lines: string): void;
  /** What the script prints. */
  takeText?(text: string): void;
}

/** Who runs a file of tests. */
export interface TestTarget {
  note(note: TestNote): TestAnswer;
  replay(argument: ReplayArgument): ReplayReply;
}

/** Where captured packets go. */
export interface CaptureTarget {
  /** As the user called it. */
  readonly path: string;
  /** The bytes that a packet adds to it. */
  encode(message: PacketMessage, data: Uint8Array): Uint8Array;
  /** Answers how many bytes it took, or a negative errno. */
  write(bytes: Uint8Array, timeoutMs: number): number;
}

/** One handler for each of the named calls. `bytes` lie in the guest's memory and are gone when the call returns. */
export type Handlers<Name extends CallName> = {
  readonly [N in Name]: (argument: CallArgument<N>, bytes: Uint8Array) => CallReply<N>;
};
