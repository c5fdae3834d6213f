import { release, version } from "node:os";
import { buildId } from "../../base/build-id.ts";
import { BpftsError } from "../../base/errors.ts";
import { LineIndex } from "../../base/line-index.ts";
import type { Log } from "../../base/log.ts";
import { findSimilar } from "../../base/similar.ts";
import { makePlaceRuns } from "../../base/text-place.ts";
import { findCached, hashKey, writeCached } from "../../compile/cache.ts";
import { openCacheFolder } from "../../compile/cache-folder.ts";
import type { CSource } from "../../dialect/text/unit.ts";
import { openAddon } from "../../kernel/door/addon.ts";
import { haveKernelSymbol } from "../../kernel/machine/kallsyms.ts";
import { listTypedModules } from "../../kernel/machine/module-types.ts";
import { haveTracepoint, mountTracefs } from "../../kernel/machine/tracefs.ts";
import { requirePid } from "../../kernel/user/require-process.ts";
import { findOrigin } from "../../one-liner/pieces.ts";
import type { JoinedText } from "../../one-liner/pieces.ts";
import { readyWords } from "../../one-liner/ready-words.ts";
import { tableWords } from "../../one-liner/table-words.ts";
import { jsName } from "../../one-liner/render-script.ts";
import type { ScriptSettings } from "../../one-liner/render-script.ts";
import { translateLine } from "../../one-liner/translate.ts";
import { readAskedTypes } from "../../one-liner/value-types.ts";
import type { ValueType } from "../../one-liner/value-types.ts";
import { openFileScope } from "../../script/file-scope.ts";
import type { FileGrants, FileScope } from "../../script/file-scope.ts";
import type { ScriptText } from "../../script/read-script.ts";
import { parseText } from "../build/build-unit.ts";
import { openBuilder } from "../build/open-builder.ts";
import type { KernelSource } from "../build/open-builder.ts";
import { quoteLines } from "../run/quote-lines.ts";
import { openFunctionTypes } from "./read-function-types.ts";

/** A one-liner and the options that its script is to have. */
export interface OneLinerRequest extends ScriptSettings {
  readonly text: string;
  /** What messages call it; `-e` unless given. */
  readonly name?: string;
  /** The process of `-p`. */
  readonly pid?: number;
  /** Whether the line is run here and now: then the process has to be there. */
  readonly runs?: boolean;
  /** What to do about probes that do not exist. */
  readonly missing: "error" | "warn";
  readonly grants: FileGrants;
  readonly log: Log;
  /** The kernel that the script is for; this machine's unless given. */
  readonly kernel?: KernelSource;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** The name of the one-liner in messages. */
export const lineName = "-e";

/**
 * Makes the script that a one-liner stands for. The script goes the way of all scripts from there on; its places lead back to the
 * one-liner. What was made before for this kernel comes from the cache.
 *
 * @throws BpftsError at its place in the one-liner
 */
export function readOneLiner(request: OneLinerRequest): ScriptText {
  const { text, js, pid, runs, name: textName = lineName } = request;
  if (pid !== undefined && runs === true) requirePid("Cannot trace -p", pid);
  const sources = { [textName]: text, ...(js !== undefined && { [jsName]: js }) };
  const files = openFileScope(undefined, request.grants);
  for (const [name, source] of Object.entries(sources)) files.keep(name, source);
  try {
    const joined = findOrTranslate(request, files);
    return {
      name: "one-liner.ts",
      text: joined.text,
      sources,
      findOrigin: openOrigins(joined, sources),
    };
  } catch (error) {
    throw quoteLines(error, files);
  }
}

function findOrTranslate(request: OneLinerRequest, files: FileScope): JoinedText {
  const { grants, log, environment, missing, kernel, runs: _runs, ...settings } = request;
  const cache = openCacheFolder(environment, log);
  // Modules bring types of their own.
  const key = `one-liner/${hashKey(buildId, release(), version(), listTypedModules().join(), JSON.stringify(settings))}`;
  // What a changed source makes of a text is not what it made before.
  const isKept = missing === "error" && kernel === undefined && buildId !== "source";
  const cached = isKept ? findCached(cache, key) : undefined;
  if (cached !== undefined) return JSON.parse(cached.toString("utf8")) as JoinedText;
  const askTypes = (asked: JoinedText): ReadonlyMap<number, ValueType> => {
    const builder = openBuilder({ port: openAddon(), cache, environment, files, log, ...(kernel && { kernel }) });
    try {
      return readAskedTypes(parseText(describeText(asked, request), builder));
    } catch (error) {
      adviseWord(error, request.text);
      throw error;
    }
  };
  let hasWarned = false;
  const joined = translateLine(request.text, {
    ...settings,
    name: request.name ?? lineName,
    askTypes,
    findTypes: openFunctionTypes(),
    warn(message) {
      hasWarned = true;
      log.warn(message);
    },
    ...(missing === "warn" && { isMissing: (kind, parts) => isMissing(kind, parts, kernel) }),
  });
  // A warning is given each time.
  if (isKept && !hasWarned) writeCached(cache, key, Buffer.from(JSON.stringify(joined)));
  return joined;
}

/** The text that clang is asked about, its places those of the one-liner. */
function describeText(asked: JoinedText, { text, name = lineName }: OneLinerRequest): CSource {
  const end = asked.text.length;
  const lines = new LineIndex(text);
  const runs = makePlaceRuns(name, end, (offset) => {
    const origin = findOrigin(asked, offset);
    return origin && { file: name, ...lines.locate(origin.at) };
  });
  return { text: asked.text, name: "<text>", place: { file: name, runs, end } };
}

/** A name that clang does not know may be a word of one-liners that was mistyped: gives the error that hint. */
export function adviseWord(error: unknown, text: string): void {
  if (!(error instanceof BpftsError)) return;
  const hint = findAdvice(error.message, text);
  if (hint !== undefined) Object.defineProperty(error, "hint", { value: hint, enumerable: true });
}

function findAdvice(message: string, text: string): string | undefined {
  const called = /(?:undeclared function|declaration of function|library function) '(\w+)'/.exec(message)?.[1];
  if (called !== undefined) {
    const statements = tableWords.filter(({ isNamed }) => !isNamed).map(({ name }) => name);
    const similar = findSimilar(called, [...statements, "print", "str"], Math.max(1, Math.ceil(called.length / 3)));
    return similar === undefined ? undefined : `did you mean "${similar}"?`;
  }
  const name = /undeclared identifier '(\w+)'/.exec(message)?.[1];
  if (name === undefined) return undefined;
  const similar = findSimilar(
    name,
    readyWords.map((word) => word.name),
  );
  if (similar !== undefined) return `did you mean "${similar}"?`;
  const method = new RegExp(`\\b${name}\\s*\\.\\s*(\\w+)\\s*\\(`).exec(text)?.[1];
  return method === undefined
    ? undefined
    : `"${name}" becomes a table by one of the words ${tableWords.map((word) => word.name).join(", ")}, and "${method}" is none of them: ${name}.count(comm)`;
}

/** The way from a place in the script to one in its sources. It is asked about every character of the C text. */
function openOrigins(
  joined: JoinedText,
  sources: Readonly<Record<string, string>>,
): NonNullable<ScriptText["findOrigin"]> {
  const { starts } = new LineIndex(joined.text);
  const lines = new Map(Object.entries(sources).map(([name, source]) => [name, new LineIndex(source)]));
  return (line, column) => {
    const start = starts[line - 1];
    const origin = start === undefined ? undefined : findOrigin(joined, start + column - 1);
    const place = origin && lines.get(origin.from)?.locate(origin.at);
    return place && { file: origin.from, ...place };
  };
}

/** Whether this kernel surely lacks a probe. */
function isMissing(kind: string, parts: readonly string[], kernel: KernelSource | undefined): boolean {
  if (parts.some((part) => /[*?]/.test(part))) return false;
  if (kind === "tracepoint") {
    if (kernel !== undefined) return !kernel.listTracepoints().includes(parts.join(":"));
    mountTracefs(openAddon());
    return haveTracepoint(parts[0]!, parts[1]!) === false;
  }
  return /^(kprobe|kretprobe|fentry|fexit)$/.test(kind) && !haveKernelSymbol(parts[0]!);
}
