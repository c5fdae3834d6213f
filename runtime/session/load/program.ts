import type { AttachArgument } from "../../../sdk/wire/attach-argument.ts";
import type { IteratorArgument, IteratorReply } from "../../../sdk/wire/iterator-calls.ts";
import type { Layout } from "../../../sdk/wire/layout.ts";
import type { Closable } from "../../base/scope.ts";
import type { Handle } from "../../kernel/door/port.ts";
import type { ObjectSpec } from "../../object/spec.ts";
import type { FunctionCalls } from "./function-calls.ts";
import type { NetworkPrograms } from "./network-programs.ts";

/** What an `attach_*` call asks for, as it crosses from the script: one row of `attach-rows.ts` each, by `kind`. Names are BCC's. */
export type AttachRequest = AttachArgument;

/** What a function is to be loaded as; null is what its name or section says. Source: enum bpf_prog_type, enum bpf_attach_type. */
export interface FunctionType {
  readonly type: number | null;
  readonly attachType: number | null;
}

/** A function that the verifier did not look at, and why. */
export interface UnverifiedFunction {
  readonly name: string;
  readonly reason: string;
}

/** What an iterator writes. */
export interface OpenedIterator {
  /** Undefined where nothing is read. Owner: whoever opened it closes it. */
  readonly handle: Handle | undefined;
  readonly record: IteratorReply["record"];
}

/** A system call program that can be run. */
export interface OpenedRun {
  /** Undefined where nothing is run. */
  readonly handle: Handle | undefined;
  readonly context: Layout | undefined;
}

/** A program that was built for a script: its maps exist, its named functions are attached. Owner: the session's scope. */
export interface BuiltProgram extends Closable {
  readonly spec: ObjectSpec;
  /** The struct that each perf or ring buffer carries, by map name, where the C text tells. */
  readonly eventStructs: Readonly<Record<string, string>>;
  /** The handle of a map of this program, undefined when there is none of that name. */
  findMap(name: string): Handle | undefined;
  /** Records of a perf or ring buffer that its programs could not hand over, by CPU: the dialect counts every failed output. Empty where nothing counts. */
  listFailedOutputs(map: string): readonly number[];
  /** Loads a function and attaches it nowhere; the one that was loaded before when there is one. @throws VerifierError, AttachError */
  loadFunction(name: string, as: FunctionType): Handle;
  /** Loads `fnName` when it is not loaded yet and attaches it. Answers how many places it now sits on. @throws AttachError */
  attach(request: AttachRequest): number;
  /** Detaches what an equal request attached. Answers how many links were closed. @throws AttachError when there are none */
  detach(request: AttachRequest): number;
  /** Takes everything off its place; the maps stay, and the script may detach what is gone. */
  detachAll(): void;
  readonly network: NetworkPrograms;
  readonly functions: FunctionCalls;
  /** Loads an iterator's function and begins to read what it writes; a check only loads it. @throws AttachError, ArgumentError, UnsupportedFeatureError, VerifierError */
  openIterator(fnName: string, options: IteratorArgument): OpenedIterator;
  /** Loads a system call program; a check does no more. @throws AttachError, VerifierError */
  openRun(fnName: string): OpenedRun;
  /** Loads a table of struct_ops and registers it with the kernel; a check only loads it. @throws AttachError, PrivilegeError, UnsupportedFeatureError, VerifierError */
  attachStructOps(name: string): void;
  /** Takes a table of struct_ops back. @throws AttachError when it is not attached */
  detachStructOps(name: string): void;
  /** Has the verifier look at the functions that nothing loaded, for a check. Answers those that it could not look at. @throws VerifierError */
  verifyRest(): readonly UnverifiedFunction[];
  /** The name of the place that a function was hit at, by the cookie that it got there; undefined for a number of nobody's. */
  findAttachedName(cookie: number): string | undefined;
  /** Places that functions sit on, by kind. Source: BCC's num_open_kprobes and friends. */
  countAttached(kind: AttachRequest["kind"]): number;
}
