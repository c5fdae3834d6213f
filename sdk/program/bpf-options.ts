import type { USDT } from "./usdt.ts";

/** What `new BPF(…)` is made from: exactly one of `text` and `src_file`. */
export interface BpfOptions<T extends string = string> {
  /** C in BCC's dialect. */
  readonly text?: T;
  /** A C file, found from the working directory or beside the script. */
  readonly src_file?: string;
  readonly cflags?: readonly string[];
  /** BCC's debug bits. */
  readonly debug?: number;
  /** USDT probes to attach, enabled beforehand. */
  readonly usdt_contexts?: readonly USDT[];
  /** Trace every process that runs the probes' binaries, not only those that `new USDT({ pid })` names. */
  readonly attach_usdt_ignore_pid?: boolean;
}
