/** What `new BPF(…)` asks the session for. Source: BCC's `BPF(text=, src_file=, cflags=, debug=)`. */
export interface BuildRequest {
  readonly text?: string;
  /** A C file, found from the working directory or beside the script. */
  readonly srcFile?: string;
  readonly cflags?: readonly string[];
  /** BCC's debug bits. */
  readonly debug?: number;
  /** Where tables of the text are pinned, by their names. */
  readonly pins?: TablePins;
}

/** Places of tables in the BPF file system; `create` makes and pins a table where there is none. */
export type TablePins = Readonly<Record<string, { readonly path: string; readonly create: boolean }>>;
