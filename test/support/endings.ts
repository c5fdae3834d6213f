import { spawnSync } from "node:child_process";
import { expect } from "vitest";
import { startCli, writeScript } from "./run-cli.ts";

/** The ways in which a script ends. */
export const endings = ["its last line", "an exception", "SIGTERM", "SIGKILL"] as const;
export type Ending = (typeof endings)[number];

/** What a script does to end so, once it has said that it is ready. */
const lastWords: Readonly<Record<Ending, string>> = {
  "its last line": "",
  "an exception": 'throw new Error("on purpose");',
  SIGTERM: "sleep(60);",
  SIGKILL: "sleep(60);",
};

/**
 * Runs a script up to its end in one of the ways and looks that the kernel has no program left of that name, and so nothing that would hold it.
 * `body` imports what it needs but `sleep`; the name has 15 characters at most, and no other test uses it.
 */
export async function expectNothingLeft(
  folder: string,
  ending: Ending,
  program: string,
  body: string,
  options: readonly string[] = [],
): Promise<void> {
  const path = writeScript(
    folder,
    `${program}-${ending.replace(/\W/g, "-")}.ts`,
    `import { sleep as rest } from "bpfts";\n${body}\nconsole.log("ready");\n${lastWords[ending].replace("sleep", "rest")}\n`,
  );
  const run = startCli(["run", ...options, path]);
  await run.waitFor("ready");
  if (ending.startsWith("SIG")) {
    expect(listPrograms(program)).not.toEqual([]);
    run.child.kill(ending as NodeJS.Signals);
  }
  const { status, signal } = await run.ended;
  const wanted = { "its last line": 0, "an exception": 1, SIGTERM: 0, SIGKILL: null }[ending];
  expect({ status, signal }).toEqual({ status: wanted, signal: ending === "SIGKILL" ? "SIGKILL" : null });
  await expect.poll(() => listPrograms(program), { timeout: 10_000 }).toEqual([]);
}

/** The ids of programs that the kernel has by a name. */
export function listPrograms(name: string): number[] {
  const { stdout } = spawnSync("bpftool", ["-j", "prog", "show"], {
    encoding: "utf8",
    maxBuffer: 1 << 26,
    env: { ...process.env, PATH: `${process.env["PATH"]}:/usr/sbin` },
  });
  return (JSON.parse(stdout) as { id: number; name?: string }[]).flatMap((row) => (row.name === name ? row.id : []));
}
