import { requireText } from "../checks/check-options.ts";
import { testFunction } from "../runs/test-run.ts";
import type { TestRun, TestRunOptions } from "../runs/test-run.ts";
import type { FunctionReply } from "../wire/function-calls.ts";
import { callHost } from "../wire/host.ts";

/**
 * A function of the C text that is loaded, for program arrays and `attach_func`, or to be run on a packet of the script's. Its descriptor stays with the host.
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
  #reply: FunctionReply | undefined;

  constructor(name: string, program: number) {
    this.name = name;
    this.program = program;
  }

  /** The kernel's number for it, as `bpfts prog` and bpftool show it. */
  get id(): number {
    return this.#describe().id;
  }

  /** A hash of its instructions, in hexadecimal, as `bpfts prog` and bpftool show it. */
  get tag(): string {
    return this.#describe().tag;
  }

  /**
   * Runs it on a packet or a context of the script's, where it is attached or not: `b.load_func("filter").test_run({ packet }).action` is `"XDP_DROP"`.
   * Its tables are the real ones. The packet goes nowhere, whatever the function returns.
   *
   * Source: BPF_PROG_TEST_RUN. @throws BpfError for types of programs that no kernel runs so, and when this kernel does not take packet or context
   */
  test_run(options: TestRunOptions = {}): TestRun {
    return testFunction({ name: this.name, program: this.program, type: this.#describe().type }, options);
  }

  /**
   * Gives it a name in the BPF file system, where it stays after the script: `fn.pin("/sys/fs/bpf/filter")`. Removing the file takes it away.
   *
   * @throws BpfError when the path is in no BPF file system, or something is there already
   */
  pin(path: string): void {
    requireText("pin()", "the path", path);
    callHost("function_pin", { program: this.program, fnName: this.name, path });
  }

  #describe(): FunctionReply {
    return (this.#reply ??= callHost("function_describe", { program: this.program, fnName: this.name }));
  }
}
