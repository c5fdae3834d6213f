import { expect } from "vitest";
import { runCli } from "./run-cli.ts";

/** What bpfts says after hundreds of probes on kernels without links to many functions at once. */
const slowDetach = /^warning: All programs are detached\. The process bpfts-detach stays .*\n/m;

/** Runs a tool beside one command, which must succeed as the tool must; answers what both print, line by line. */
export async function runTool(folder: string, command: string, ...args: readonly string[]): Promise<string[]> {
  const result = await runCli(["-c", command, ...args], { cwd: folder });
  expect(result.stderr.replace(slowDetach, "")).toBe("");
  expect(result.status).toBe(0);
  return result.stdout.trimEnd().split("\n");
}

/** The words of each row. */
export function split(rows: readonly string[]): string[][] {
  return rows.map((row) => row.trim().split(/\s+/));
}
