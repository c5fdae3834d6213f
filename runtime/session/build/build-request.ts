/** What `new BPF(…)` asks the session for. Source: BCC's `BPF(text=, src_file=, cflags=, debug=)`. */
export interface BuildRequest {
  readonly text?: string;
  /** A C file, found from the working directory or beside the script. */
  readonly srcFile?: string;
  readonly cflags?: readonly string[];
  /** BCC's debug bits. */
  readonly debug?: number;
}
