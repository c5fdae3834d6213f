import { createInterface } from "node:readline";
import { text as readAll } from "node:stream/consumers";
import { UsageError } from "../base/errors.ts";
import { diagnoseScript } from "../inspect/diagnose-script.ts";
import type { Diagnostic } from "../base/diagnostic.ts";
import { escapeJson, escapeText } from "../../sdk/wire/escape-text.ts";
import { readGrants } from "./file-grants.ts";
import type { GrantFlags } from "./file-grants.ts";
import { renderDiagnostic, renderErrorJson } from "./render-error.ts";

interface StdinFlags extends GrantFlags {
  readonly stdinFilename?: string;
  readonly json?: boolean;
  readonly verify?: boolean;
}

/** Looks at a text that comes through standard input, for editors that start a command for each look. Answers the exit status. @throws BpftsError */
export async function checkStdin(flags: StdinFlags): Promise<number> {
  if (flags.stdinFilename === undefined)
    throw new UsageError("--stdin needs the name of the file whose text it is", {
      hint: "bpfts check --stdin --stdin-filename hello.ts < hello.ts",
    });
  const file = flags.stdinFilename;
  const diagnostics = await diagnose(
    { file, text: await readAll(process.stdin), verify: flags.verify === true },
    flags,
  );
  const ok = !diagnostics.some(({ severity }) => severity === "error");
  if (flags.json) process.stdout.write(`${escapeJson(JSON.stringify({ file, ok, diagnostics }))}\n`);
  else if (diagnostics.length === 0) process.stdout.write(`${escapeText(file)}: the C is in order\n`);
  else process.stdout.write(`${escapeText(diagnostics.flatMap(renderDiagnostic).join("\n"), "\n\t")}\n`);
  return ok ? 0 : 1;
}

/** A look that an editor asks for. A later request for the same file takes the place of one that has not begun. */
interface CheckRequest {
  readonly id: number;
  readonly file: string;
  readonly text: string;
  /** Whether what compiles is loaded, too. */
  readonly verify?: boolean;
}

/** Answers requests, one JSON object a line, in one process, until standard input ends. Each answer has the request's `id` and `diagnostics`, or an `error` that is not about the text. */
export async function serveChecks(flags: StdinFlags): Promise<number> {
  const waiting = new Map<string, CheckRequest>();
  const lines = createInterface({ input: process.stdin, crlfDelay: Infinity });
  let working = Promise.resolve();
  lines.on("line", (line) => {
    const request = parseRequest(line);
    if (request === undefined) return;
    waiting.set(request.file, request);
    working = working.then(async () => {
      if (waiting.get(request.file) !== request) return;
      waiting.delete(request.file);
      process.stdout.write(await answer(request, flags));
    });
  });
  await new Promise((resolve) => lines.on("close", resolve));
  await working;
  return 0;
}

function parseRequest(line: string): CheckRequest | undefined {
  try {
    const request = JSON.parse(line) as Partial<CheckRequest>;
    if (typeof request.file === "string" && typeof request.text === "string") return request as CheckRequest;
  } catch {
    // An editor that writes something else hears nothing of it: there is no request to answer.
  }
  return undefined;
}

async function answer(request: CheckRequest, flags: StdinFlags): Promise<string> {
  const { id, file } = request;
  try {
    return `${escapeJson(JSON.stringify({ id, file, diagnostics: await diagnose(request, flags) }))}\n`;
  } catch (error) {
    return `${JSON.stringify({ id, file, ...(JSON.parse(renderErrorJson(error)) as object) })}\n`;
  }
}

function diagnose({ file, text, verify }: Omit<CheckRequest, "id">, flags: StdinFlags): Promise<readonly Diagnostic[]> {
  return diagnoseScript(file, text, {
    grants: readGrants(flags),
    environment: process.env,
    memoryBytes: 64 * 1024 * 1024,
    verifies: verify === true,
  });
}
