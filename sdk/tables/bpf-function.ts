/**
 * A function of the C text that is loaded, for program arrays and `attach_func`. Its descriptor stays with the host.
 * Source: BCC's BPF.Function.
 *
 * @example
 * import { BPF, print } from "bpfts";
 * const b = new BPF({
 *   text: `
 * BPF_PROG_ARRAY(steps, 1);
 * int on_exec(void *ctx) { return 0; }`,
 * });
 * const on_exec = b.load_func("on_exec", BPF.TRACEPOINT);
 * b.tables.steps.set(0, on_exec);
 * print(on_exec.name); // on_exec
 */
export class BpfFunction {
  /** The function's name in the C. */
  readonly name: string;
  /** The host's number for the program that it belongs to. */
  readonly program: number;

  constructor(name: string, program: number) {
    this.name = name;
    this.program = program;
  }
}
