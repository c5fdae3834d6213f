import { expect } from "vitest";
import { writeScript } from "./run-cli.ts";
import type { CliResult } from "./run-cli.ts";

/** For C: whether it runs in the child of `-c`. */
export const onlyCommand = "if (bpf_get_current_pid_tgid() >> 32 != ONLY_PID) return 0;";

/**
 * Writes a script around its C text and its lines: `b` is the program, `json` prints a value, `fails` answers the message of what a call throws, `wait` waits for
 * the signal or the command's end. `ONLY_PID` in the C text is the child of `-c`.
 */
export function makeJsonScript(folder: string, name: string, c: string, lines: string): string {
  return writeScript(
    folder,
    `${name}.ts`,
    `import * as bpfts from "bpfts";
import { BPF, Interrupt, argv, command, print, sleep } from "bpfts";
const json = (value: unknown) => print(JSON.stringify(value, (_, item) => (typeof item === "bigint" ? \`\${item}n\` : item)));
const fails = (run: () => unknown): string => { try { return \`no error but \${String(run())}\`; } catch (error) { return (error as Error).message; } };
const wait = () => { try { sleep(300); } catch (error) { if (!(error instanceof Interrupt)) throw error; } };
void [bpfts, argv, json, fails, wait];
const b = new BPF({ text: \`${c}\`, cflags: [\`-DONLY_PID=\${command?.root_pid ?? 0}\`] });
${lines}
`,
  );
}

/** What the script printed, one value a line; lines that are plain words are left out. */
export function readJson(result: CliResult): unknown[] {
  expect(result).toMatchObject({ status: 0, stderr: "" });
  return result.stdout
    .split("\n")
    .filter((line) => /^[[{"\d]|^(?:true|false|null)$/.test(line))
    .map((line) => JSON.parse(line) as unknown);
}
