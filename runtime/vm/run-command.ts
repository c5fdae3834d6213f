import { spawn } from "node:child_process";
import { delimiter } from "node:path";
import { listToolFolders } from "./vm-tools.ts";

/** What a finished command left. */
export interface CommandResult {
  /** The exit status, or 128 and the signal's number, or 127 when there is no such program. */
  readonly status: number;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** Runs a program to its end and collects what it wrote. Never throws for a status: the caller knows what it means. */
export function runCommand(
  command: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly input?: Uint8Array } = {},
): Promise<CommandResult> {
  return new Promise((resolve) => {
    const stdout: Buffer[] = [];
    let stderr = "";
    const child = spawn(command, [...args], {
      cwd: options.cwd,
      stdio: ["pipe", "pipe", "pipe"],
      // Messages are read: no translations.
      env: { ...process.env, LC_ALL: "C", PATH: listToolFolders().join(delimiter) },
    });
    child.once("error", (error) => resolve({ status: 127, stdout: Buffer.alloc(0), stderr: error.message }));
    child.stdout.on("data", (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
    child.stdin.on("error", () => {
      // The program did not want its input; its status tells the rest.
    });
    child.stdin.end(options.input);
    child.once("close", (status) => resolve({ status: status ?? 128, stdout: Buffer.concat(stdout), stderr }));
  });
}
