import { dirname, join } from "node:path";
import type { Log } from "../base/log.ts";
import { findPackageFile } from "../session/build/package-files.ts";
import type { KernelAnswer } from "../vm/capture-on-kernels.ts";
import { captureOnKernels } from "../vm/capture-on-kernels.ts";
import { requireKernelRows } from "../vm/kernels.ts";
import { openVmFolder } from "../vm/vm-folder.ts";

/** What `bpfts check --json` says of one file. */
interface FileVerdict {
  readonly file: string;
  readonly ok: boolean;
  readonly error?: { readonly message: string; readonly location?: { readonly file: string; readonly line: number } };
}

/** One field of the table. */
export interface KernelVerdict extends FileVerdict {
  readonly kernel: string;
  readonly release: string;
}

/**
 * Checks files on other kernels, each in a virtual machine, and prints a table: loads, or the first error.
 * Answers the exit status: 0 when everything loads everywhere.
 */
export async function checkOnKernels(
  name: string,
  files: readonly string[],
  checkArguments: readonly string[],
  options: { readonly json: boolean; readonly log: Log },
): Promise<number> {
  const rows = requireKernelRows(name);
  const bpfts = join(dirname(findPackageFile("package.json")), "dist/bpfts.cjs");
  const answers = await captureOnKernels(
    openVmFolder(process.env),
    rows,
    [process.execPath, bpfts, "check", "--json", ...files, ...checkArguments],
    {},
    options.log,
  );
  const verdicts = answers.flatMap((answer) => readVerdicts(answer, files));
  if (options.json) for (const verdict of verdicts) process.stdout.write(`${JSON.stringify(verdict)}\n`);
  else process.stdout.write(renderVerdicts(verdicts));
  return verdicts.every(({ ok }) => ok) ? 0 : 1;
}

/** Takes the verdicts out of what a guest wrote; a file that none speaks of has the guest's trouble as its own. */
export function readVerdicts(answer: KernelAnswer, files: readonly string[]): KernelVerdict[] {
  const { kernel, release } = answer;
  const found = new Map<string, FileVerdict>();
  for (const line of answer.stdout.split("\n")) {
    // A script may print lines of its own while it is checked.
    if (!line.startsWith('{"file":')) continue;
    try {
      const verdict = JSON.parse(line) as FileVerdict;
      found.set(verdict.file, verdict);
    } catch {
      // Not ours either.
    }
  }
  const trouble = answer.error?.message ?? answer.stderr.trim().split("\n")[0] ?? "";
  return files.map((file) => ({
    kernel,
    release,
    ...(found.get(file) ?? {
      file,
      ok: false,
      error: { message: trouble === "" ? `the check ended with status ${answer.status}` : trouble },
    }),
  }));
}

/** Renders a line for each file, a column for each kernel, and the errors below. */
export function renderVerdicts(verdicts: readonly KernelVerdict[]): string {
  const kernels = [...new Set(verdicts.map(({ kernel }) => kernel))];
  const files = [...new Set(verdicts.map(({ file }) => file))];
  const width = Math.max(...files.map((file) => file.length), 4);
  const line = (first: string, cells: readonly string[]): string =>
    `${first.padEnd(width)}  ${cells.map((cell) => cell.padEnd(8)).join("")}`.trimEnd();
  const find = (file: string, kernel: string): KernelVerdict | undefined =>
    verdicts.find((verdict) => verdict.file === file && verdict.kernel === kernel);
  const lines = [line("file", kernels)];
  for (const file of files)
    lines.push(
      line(
        file,
        kernels.map((kernel) => (find(file, kernel)?.ok === true ? "loads" : "fails")),
      ),
    );
  for (const { kernel, release, file, error } of verdicts) {
    if (error !== undefined)
      lines.push(
        `${file} on ${release === "" ? kernel : release}: ${error.location === undefined ? "" : `line ${error.location.line}: `}${error.message}`,
      );
  }
  return `${lines.join("\n")}\n`;
}
