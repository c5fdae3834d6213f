/**
 * A function of the C text that is loaded, for program arrays and `attach_func`. Its descriptor stays with the host.
 * Source: BCC's BPF.Function.
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
