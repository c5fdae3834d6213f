import { spawn, type ChildProcessByStdio } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Readable } from "node:stream";

const addon = fileURLToPath(new URL("../../build/Release/bpfts.node", import.meta.url));

/** How a child ended, and what it wrote. */
export interface ChildEnd {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface NativeChild {
  readonly process: ChildProcessByStdio<null, Readable, Readable>;
  /** Comes when the child has written this on stdout. */
  reads(text: string): Promise<void>;
  readonly end: Promise<ChildEnd>;
}

/** Runs JavaScript in a Node of its own, with the addon at hand as `port`, `say` that writes a line, and `await` at the top. */
export function runNative(body: string): NativeChild {
  const text = `
    import { createRequire } from "node:module";
    import { writeSync } from "node:fs";
    const port = createRequire("/")(${JSON.stringify(addon)});
    const say = (line) => writeSync(1, line + "\\n");
    ${body}`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", text], { stdio: ["ignore", "pipe", "pipe"] });
  let stdout = "";
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => void (stderr += chunk.toString()));
  child.stdout.on("data", (chunk: Buffer) => void (stdout += chunk.toString()));
  const end = new Promise<ChildEnd>((resolve) =>
    child.on("close", (code, signal) => resolve({ code, signal, stdout, stderr })),
  );
  return {
    process: child,
    end,
    reads: (wanted) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (stdout.includes(wanted)) resolve();
        };
        child.stdout.on("data", look);
        child.on("close", () => reject(new Error(`ended before it said "${wanted}": ${stdout}${stderr}`)));
        look();
      }),
  };
}
