import type { FunctionSignature } from "./kernel-types.ts";
import type { ListMachine } from "./list-machine.ts";

/** Something that a script can attach to or call, by its kind and its name. */
export interface Probe {
  /** The `kind` of a `ProbeSource`. */
  readonly kind: string;
  /** As a pattern names it behind the kind: `syscalls:sys_enter_openat`, `/bin/bash:readline`. */
  readonly name: string;
}

/** A value that a probe hands to a program. */
export interface ProbeArgument {
  readonly name: string;
  /** In C. */
  readonly type: string;
  /** Where it lies in the program's context. Units: bytes. */
  readonly offset?: number;
  /** Units: bytes. */
  readonly size?: number;
  readonly signed?: boolean;
}

/** What is known about one probe. */
export interface ProbeDetails {
  readonly args: readonly ProbeArgument[];
  /** The type in C that a function returns. */
  readonly returns?: string;
  /** How a script attaches to it or calls it, as one line of its text. */
  readonly use: string;
  /** Anything else, one line each. */
  readonly notes?: readonly string[];
}

/** Which names are wanted. */
export interface NameQuery {
  test(name: string): boolean;
  /** The pattern behind its kind, as it was given. */
  readonly text: string;
  /** Set when the pattern has no wildcard: the one name that it stands for. */
  readonly exact?: string;
}

/** In which user program probes are looked for. */
export interface UserPlace {
  /** A path, a library's short name or a command; every file that the process has mapped when it is absent. */
  readonly path?: string;
  readonly pid: number;
}

/** One kind of probe: a row of `probe-sources.ts`. */
export interface ProbeSource {
  readonly kind: string;
  /** Other names of the kind, as BCC and bpftrace have them. */
  readonly aliases: readonly string[];
  /** What it is, as one line of help. */
  readonly title: string;
  /** Whether it needs a user program to look into. */
  readonly isUser?: boolean;
  /** Whether programs call it and do not attach to it: it is listed when its kind is named. */
  readonly isCallable?: boolean;
  /** Why no program can use any of them on this machine; undefined when programs can. */
  findObstacle?(machine: ListMachine): string | undefined;
  list(machine: ListMachine, query: NameQuery, place: UserPlace | undefined): Iterable<Probe>;
  describe(machine: ListMachine, probe: Probe, place: UserPlace | undefined): ProbeDetails;
  /** The kernel function behind a probe, for questions about its types; absent where there is none. */
  findSignature?(machine: ListMachine, probe: Probe): FunctionSignature | undefined;
}
