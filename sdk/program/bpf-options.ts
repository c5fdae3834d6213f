import type { USDT } from "./usdt.ts";

/**
 * What `new BPF(…)` takes beside the C.
 *
 * @example
 * import { BPF, print, type BuildOptions } from "bpfts";
 * const common: BuildOptions = { cflags: ["-DSIZE=64"] };
 * const b = new BPF({ text: `BPF_HASH(counts, u32, u64, SIZE);`, ...common });
 * print(b.tables.counts.size); // 0
 */
export interface BuildOptions {
  /** Options for clang: `["-DMAX=3", "-Iinclude"]`. */
  readonly cflags?: readonly string[] | undefined;
  /**
   * What to print on standard error while the program is made: `DEBUG_SOURCE`, `DEBUG_PREPROCESSOR` and the other bits, joined by `|`.
   *
   * @default 0
   */
  readonly debug?: number | undefined;
  /**
   * Where tables are pinned, by their names: `{ counts: "/sys/fs/bpf/bpfts/web/counts" }`. What is pinned there is used, and must be of the same kind and types; where nothing is, the
   * table is made and pinned, and stays after the script until the file is removed. With `{ path, create: false }` it must be there.
   */
  readonly pins?:
    | Readonly<Record<string, string | { readonly path: string; readonly create?: boolean | undefined }>>
    | undefined;
  /** USDT probes to attach, enabled beforehand. */
  readonly usdt_contexts?: readonly USDT[] | undefined;
  /** Trace every process that runs the probes' binaries, not only those that `new USDT({ pid })` names. */
  readonly attach_usdt_ignore_pid?: boolean | undefined;
}

/**
 * What `new BPF(…)` is made from: the C, and how to compile it.
 *
 * @example
 * import { BPF, print, type BpfOptions } from "bpfts";
 * const text = `BPF_HASH(counts, u32, u64, SIZE);`;
 * const options: BpfOptions<typeof text> = { text, cflags: ["-DSIZE=64"] };
 * print(new BPF(options).tables.counts.size); // 0
 */
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
