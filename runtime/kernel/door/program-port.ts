import type { Handle, Status } from "./handle.ts";

/** How a program went that ran on a packet or a context of the caller's. */
export interface ProgramTest {
  /** What it returned. */
  readonly answer: number;
  /** The mean of all runs, 0 where the kernel measures none. */
  readonly durationNs: number;
  /** The packet as it was left; empty where none was given. For flow dissectors: struct bpf_flow_keys. */
  readonly packet: Uint8Array;
  /** The context as it was left; empty where it was not asked for. */
  readonly context: Uint8Array;
}

/** The calls that take a loaded program in hand; the rules of `port.ts` hold. */
export interface ProgramPort {
  /** Runs a program once with a context, and answers what it returned and left there. Source: BPF_PROG_RUN. Since: Linux 5.14 for system call programs */
  programRun(program: Handle, context: Uint8Array): { readonly answer: number; readonly context: Uint8Array } | Status;
  /**
   * Runs a program on a packet and a context, `repeat` times; what is empty is not given. -ENOTSUPP where the kernel has no way for programs of its type.
   * Source: BPF_PROG_TEST_RUN.
   */
  programTest(
    program: Handle,
    packet: Uint8Array,
    context: Uint8Array,
    repeat: number,
    keepsContext: boolean,
  ): ProgramTest | Status;
  /** Gives a program a name in a BPF file system. Source: BPF_OBJ_PIN. */
  programPin(program: Handle, path: string): Status;
}
