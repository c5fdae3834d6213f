import { spawn } from "node:child_process";
import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { createInterface } from "node:readline";
import type { Diagnostic } from "../base/diagnostic.ts";

/** What the checking process answered about a text. */
export interface CheckAnswer {
  readonly text: string;
  readonly diagnostics: readonly Diagnostic[];
  /** Why nothing could be said: clang is missing, the addon is not built. */
  readonly failure?: string;
}

interface Reply {
  readonly id: number;
  readonly diagnostics?: readonly Diagnostic[];
  readonly error?: { readonly message: string; readonly hint?: string };
}

/** Units: ms before a process that ended is started again. */
const REST_MS = 10_000;

/** One process that looks at the texts of scripts while the editor goes on. Started at the first text, ended with the editor. */
export class CheckClient {
  private child: ChildProcessWithoutNullStreams | undefined;
  private endedAt = -Infinity;
  private count = 0;
  private readonly asked = new Map<
    number,
    { readonly file: string; readonly text: string; readonly done: () => void }
  >();
  private readonly pending = new Map<string, string>();
  private readonly answers = new Map<string, CheckAnswer>();

  constructor(private readonly command: readonly string[]) {}

  /** The newest answer about a file, which may be about an older text of it. */
  findAnswer(file: string): CheckAnswer | undefined {
    return this.answers.get(file);
  }

  /** Has a file's text looked at, unless it is or was; `verify` has it loaded, too. `done` is called when there is an answer. */
  ask(file: string, text: string, verify: boolean, done: () => void): void {
    if (this.answers.get(file)?.text === text || this.pending.get(file) === text) return;
    const child = this.open();
    if (child === undefined) return;
    const id = ++this.count;
    this.asked.set(id, { file, text, done });
    this.pending.set(file, text);
    child.stdin.write(`${JSON.stringify({ id, file, text, verify })}\n`);
  }

  /** Ends the process. */
  close(): void {
    this.child?.stdin.end();
  }

  private open(): ChildProcessWithoutNullStreams | undefined {
    if (this.child !== undefined) return this.child;
    if (performance.now() - this.endedAt < REST_MS) return undefined;
    const [program, ...args] = this.command;
    const child = spawn(program!, args, { stdio: ["pipe", "pipe", "pipe"], env: describeEnvironment() });
    child.stderr.resume();
    createInterface({ input: child.stdout }).on("line", (line) => this.take(line));
    const forget = (): void => {
      if (this.child !== child) return;
      this.child = undefined;
      this.endedAt = performance.now();
      this.asked.clear();
      this.pending.clear();
    };
    child.on("error", forget).on("exit", forget);
    child.stdin.on("error", forget);
    // The editor's server may end while the process rests.
    child.unref();
    for (const stream of [child.stdin, child.stdout, child.stderr]) (stream as unknown as { unref?(): void }).unref?.();
    this.child = child;
    return child;
  }

  private take(line: string): void {
    const { id, diagnostics = [], error } = JSON.parse(line) as Reply;
    const asked = this.asked.get(id);
    for (const [other, { file }] of this.asked) if (other <= id && file === asked?.file) this.asked.delete(other);
    if (asked === undefined) return;
    if (this.pending.get(asked.file) === asked.text) this.pending.delete(asked.file);
    const failure = error && `${error.message}${error.hint === undefined ? "" : ` (${error.hint})`}`;
    this.answers.set(asked.file, { text: asked.text, diagnostics, ...(failure !== undefined && { failure }) });
    asked.done();
  }
}

/** VS Code's own program is Node when it is told to be. */
function describeEnvironment(): NodeJS.ProcessEnv {
  // Node would read certificates at its start, which take 50 ms and which no check needs.
  const environment = { ...process.env, NODE_EXTRA_CA_CERTS: undefined };
  return process.versions["electron"] === undefined ? environment : { ...environment, ELECTRON_RUN_AS_NODE: "1" };
}
