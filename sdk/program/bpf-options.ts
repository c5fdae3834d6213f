import type { USDT } from "./usdt.ts";

/** What `new BPF(…)` takes beside the C. */
export interface BuildOptions {
  /** Options for clang: `["-DMAX=3", "-Iinclude"]`. */
  readonly cflags?: readonly string[] | undefined;
  /** BCC's debug bits. */
  readonly debug?: number | undefined;
  /** USDT probes to attach, enabled beforehand. */
  readonly usdt_contexts?: readonly USDT[] | undefined;
  /** Trace every process that runs the probes' binaries, not only those that `new USDT({ pid })` names. */
  readonly attach_usdt_ignore_pid?: boolean | undefined;
}

/** What `new BPF(…)` is made from: the C, and how to compile it. */
export type BpfOptions<Text extends string = string> = BuildOptions &
  (
    | {
        /** C in BCC's dialect. */
        readonly text: Text;
        /** Not with `text`. */
        readonly src_file?: undefined;
      }
    | {
        /** Not with `src_file`. */
        readonly text?: undefined;
        /** A C file, found from the working directory or beside the script. */
        readonly src_file: string;
      }
  );
