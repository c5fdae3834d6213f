import { dirname, resolve } from "node:path";
import { BpftsError, GuestError, InterruptedError, PrivilegeError, ScriptError } from "../base/errors.ts";
import type { Diagnostic } from "../base/diagnostic.ts";
import { LineIndex } from "../base/line-index.ts";
import { makePlaceRuns } from "../base/text-place.ts";
import { listDiagnostics, markEnd } from "../base/list-diagnostics.ts";
import { silentLog } from "../base/log.ts";
import { openCacheFolder } from "../compile/cache-folder.ts";
import type { CSource } from "../dialect/text/unit.ts";
import { openAddon } from "../kernel/door/addon.ts";
import { openGuard } from "../permit/guard.ts";
import { openScopeOf } from "../script/file-scope.ts";
import type { FileGrants } from "../script/file-scope.ts";
import { findTexts } from "../script/find-texts.ts";
import type { SourceText } from "../script/find-texts.ts";
import { diagnoseUnit } from "../session/build/build-unit.ts";
import { openBuilder } from "../session/build/open-builder.ts";
import type { Builder } from "../session/build/open-builder.ts";
import { runScript } from "../session/run/session.ts";
import type { RunOptions } from "../session/run/session.ts";

/** What a script's text is looked at with. */
export interface DiagnoseOptions {
  readonly grants: FileGrants;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly memoryBytes: number;
  /** Whether what compiles is loaded, too, so that the verifier is heard: needs the rights to load. */
  readonly verifies: boolean;
}

/** How long a script may compute: no other answer comes meanwhile. Units: milliseconds. */
const RUN_MS = 5000;

/**
 * Says what the dialect and clang have against the C texts of a script that need not be saved, and the verifier where it is asked. Texts that the script only hands over are
 * taken from its source; it is run, with nothing attached, where it makes them or where programs are loaded. Whatever ends it before that is not about the C, and TypeScript's to tell.
 *
 * @throws ToolchainError and others that are not about the text
 */
export async function diagnoseScript(
  file: string,
  text: string,
  options: DiagnoseOptions,
): Promise<readonly Diagnostic[]> {
  const path = resolve(file);
  const found = new Map<string, readonly Diagnostic[]>();
  const lines = text.split("\n");
  const texts = path.endsWith(".c") ? [wholeFile(text)] : findTexts(text);
  const hasProgram = /\bnew\s+BPF\s*\(/.test(text);
  if (hasProgram && (texts.length === 0 || texts.some(({ isExact }) => !isExact))) {
    const end = await runUnsaved(path, text, options, {
      loads: false,
      observe: (source, cflags, builder) => found.set(source.text, diagnoseUnit(source, cflags, builder)),
    });
    if (found.size === 0) found.set("", end);
  }
  const exact = texts.filter((each) => each.isExact && !found.has(each.text));
  if (exact.length > 0) {
    const builder = openBuilderFor(path, text, options);
    for (const each of exact) found.set(each.text, diagnoseUnit(describeText(path, text, each), [], builder));
  }
  const said = [...found.values()].flat();
  const compiles = !said.some(({ severity }) => severity === "error");
  if (options.verifies && compiles && hasProgram)
    said.push(...(await runUnsaved(path, text, options, { loads: true, reportUnverified: () => {} })));
  return said.map((diagnostic) =>
    markEnd(diagnostic, ({ file: named, line }) => (named === path ? lines[line - 1] : undefined)),
  );
}

function wholeFile(text: string): SourceText {
  return { start: 0, end: text.length, isExact: true, raw: text, text, offsets: Array.from(text, (_, at) => at) };
}

/** Runs a text as a check does. Answers what ended it, when that is not the script's own doing. */
async function runUnsaved(
  path: string,
  text: string,
  { verifies: _, ...options }: DiagnoseOptions,
  more: Pick<RunOptions, "loads" | "observe" | "reportUnverified">,
): Promise<readonly Diagnostic[]> {
  const started = performance.now();
  try {
    await runScript({
      ...options,
      ...more,
      script: { name: path, text, isUnsaved: true, sources: {} },
      args: [],
      attaches: false,
      durationMs: RUN_MS,
      guard: openGuard(undefined),
      verifierLog: false,
      log: silentLog,
    });
  } catch (error) {
    if (error instanceof InterruptedError && performance.now() - started >= RUN_MS)
      return [
        {
          severity: "warning",
          message: `Not all of the C was checked: the script computes for ${RUN_MS / 1000} s and comes to no end`,
        },
      ];
    if (error instanceof InterruptedError || !(error instanceof BpftsError)) throw error;
    // A script that stumbles over maps which are empty here, or misses its arguments, is not wrong for that.
    // Syntax and imports are TypeScript's to tell.
    if (error instanceof GuestError || error instanceof ScriptError || error.location === undefined) return [];
    const said = listDiagnostics(error);
    // The text is not wrong where this process may not load it.
    return error instanceof PrivilegeError ? said.map((each) => ({ ...each, severity: "warning" })) : said;
  }
  return [];
}

function openBuilderFor(path: string, text: string, options: DiagnoseOptions): Builder {
  const files = openScopeOf(path, options.grants);
  files.keep(path, text);
  const cache = openCacheFolder(options.environment, silentLog);
  return openBuilder({ port: openAddon(), cache, environment: options.environment, files, log: silentLog });
}

function describeText(path: string, source: string, { text, offsets }: SourceText): CSource {
  const lines = new LineIndex(source);
  const end = offsets.length - 1;
  const runs = makePlaceRuns(path, end, (offset) => ({ file: path, ...lines.locate(offsets[offset]!) }));
  return {
    text,
    name: path,
    folder: dirname(path),
    place: { file: path, runs, end },
  };
}
