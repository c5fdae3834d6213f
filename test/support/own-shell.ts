import { spawn } from "node:child_process";
import { once } from "node:events";
import { afterAll } from "vitest";

/** A shell that changes its directory as often as it is told: that many system calls of a process of the test's own. */
export interface OwnShell {
  readonly pid: number;
  /** Comes back when it has done so. */
  changeDirectory(times: number): Promise<void>;
}

/** Starts a shell, which ends after the file's tests. */
export function startShell(): OwnShell {
  const shell = spawn("sh", [
    "-c",
    "while read n; do i=0; while [ $i -lt $n ]; do cd /; i=$((i+1)); done; echo done; done",
  ]);
  afterAll(() => void shell.kill("SIGKILL"));
  return {
    pid: shell.pid!,
    async changeDirectory(times) {
      shell.stdin.write(`${times}\n`);
      await once(shell.stdout, "data");
    },
  };
}
