import type { ClangResult } from "./clang-result.ts";
import type { Diagnostic } from "../base/diagnostic.ts";
import { ClangCrashError, CompileError } from "../base/errors.ts";
import { indexLines } from "../base/line-index.ts";
import type { SourceLocation } from "../base/location.ts";
import { runClang } from "./clang.ts";
import { findRefusedFunction } from "./backend-refusals.ts";
import { parseDiagnostics } from "./diagnostics.ts";
import { hasOwnHeaders, listOwnHeaders, withHeaders } from "./own-headers.ts";
import { findFunction, placeRefusals } from "./place-refusals.ts";
import type { Prelude } from "./prelude.ts";
import type { Toolchain } from "./toolchain.ts";

/** The part of a unit that clang needs: the dialect's `CUnit` fits it. */
export interface CompilableUnit {
  readonly text: string;
  /** The name that `#line` gives the user's text. */
  readonly file: string;
  /** Texts that stand in for headers, by the paths that clang knows them by. */
  readonly headers?: ReadonlyMap<string, string>;
}

/** Who knows what clang's messages about a unit mean to its user. */
export interface MessageReader {
  /** From clang's line and column in the unit's `file` to the user's place. */
  locate(line: number, column?: number): SourceLocation | undefined;
  /** A hint for a message about a line of `file`, where the dialect knows more than clang. */
  explain(message: string, line?: number): string | undefined;
}

/** A compiled unit. */
export interface ObjectFile {
  readonly bytes: Uint8Array;
}

export interface CompileOptions {
  readonly messages: MessageReader;
  readonly toolchain: Toolchain;
  readonly prelude: Prelude;
  /** The script's own flags, after ours. */
  readonly cflags: readonly string[];
  /** Files and folders that headers of the script's own may lie in. */
  readonly readable?: readonly string[];
}

/** Messages of a run that found nothing wrong. */
export interface Parsed {
  /** clang's `-ast-dump=json`, declarations of the unit only: the prelude's are not dumped. */
  readonly ast: unknown;
  readonly warnings: readonly Diagnostic[];
  /** The headers of the user's own that were read, as clang names them. */
  readonly headers: readonly string[];
}

/** The dialect and pasted kernel code trip these without being wrong. */
const quiet = [
  "-Wno-unused-value",
  "-Wno-pointer-sign",
  "-Wno-address-of-packed-member",
  "-Wno-unknown-warning-option",
  "-Wno-gnu-variable-sized-type-not-at-end",
  "-Wno-incompatible-pointer-types-discards-qualifiers",
  "-Wno-deprecated-non-prototype",
  "-Wno-error=int-conversion",
  "-Werror=implicit-function-declaration",
];

/**
 * Parses a prepared unit with clang and answers its AST.
 *
 * @throws CompileError with all that clang said, at the user's places.
 */
export function parseUnit(unit: CompilableUnit, options: CompileOptions): Parsed {
  const listing = hasOwnHeaders(unit.text) ? ["-H"] : [];
  const result = runOnPrelude(
    options,
    [
      ...options.prelude.flags,
      ...quiet,
      ...options.cflags,
      ...listing,
      "-Xclang",
      "-ast-dump=json",
      "-fsyntax-only",
      "-x",
      "c",
      "-",
    ],
    unit.text,
  );
  const diagnostics = placeDiagnostics(unit, options.messages, result.stderr);
  if (!result.ok) throw describeFailure(diagnostics, result.stderr);
  return {
    ast: JSON.parse(result.stdout.toString("utf8")) as unknown,
    warnings: diagnostics,
    headers: listing.length === 0 ? [] : listOwnHeaders(result.stderr, options.prelude.folders),
  };
}

/**
 * Compiles a rewritten unit for the bpf target.
 *
 * @throws CompileError with all that clang said, at the user's places; ClangCrashError
 */
export function compileUnit(unit: CompilableUnit, options: CompileOptions): ObjectFile {
  return { bytes: runBackend(unit, options, "-c") };
}

/** Compiles a rewritten unit no further than LLVM's intermediate text. @throws as `compileUnit` */
export function compileIr(unit: CompilableUnit, options: CompileOptions): string {
  return runBackend(unit, options, "-S", "-emit-llvm").toString("utf8");
}

function runBackend(unit: CompilableUnit, options: CompileOptions, ...stage: readonly string[]): Buffer {
  return withHeaders(unit.headers ?? new Map<string, string>(), (flags, folder) => {
    const run = (...args: readonly string[]): ClangResult =>
      runOnPrelude(
        options,
        [...options.prelude.flags, ...quiet, "-Wno-everything", ...options.cflags, ...flags, ...args],
        unit.text,
        folder,
      );
    const result = catchCrash(unit, options.messages, () => run(...stage, "-x", "c", "-", "-o", "-"));
    if (result.ok) return result.stdout;
    const refused = placeRefusals(
      unit,
      result.stderr,
      options.toolchain.version,
      (warnings) => run(...warnings, "-fsyntax-only", "-x", "c", "-").stderr,
    );
    throw describeFailure(
      refused.map((diagnostic) => placeDiagnostic(unit, options.messages, diagnostic)),
      result.stderr,
    );
  });
}

/** A crash says which function clang was at. */
function catchCrash<T>(unit: CompilableUnit, messages: MessageReader, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof ClangCrashError)) throw error;
    const name = findRefusedFunction(error.detail ?? "");
    const place = findFunction(unit, name);
    const location = place === undefined ? undefined : messages.locate(place.line, place.column);
    throw new ClangCrashError(name === undefined ? error.message : `${error.message} on function "${name}"`, {
      cause: error,
      ...(error.detail !== undefined && { detail: error.detail }),
      ...(error.hint !== undefined && { hint: error.hint }),
      ...(location !== undefined && { location }),
    });
  }
}

/** clang's words for a precompiled header that is not whole, or whose inputs are not what they were. */
const damaged = /(?:PCH|AST) file|precompiled header/;

function runOnPrelude(
  { toolchain, prelude, readable = [] }: CompileOptions,
  args: readonly string[],
  text: string,
  headers?: string,
): ClangResult {
  const own = hasOwnHeaders(text);
  const reach = {
    readable: [...prelude.folders, ...(own ? readable : []), ...(headers === undefined ? [] : [headers])],
    readsPrivate: own,
    // A folder that the script may not read must not be looked through for its headers.
    ...(own && readable.some((folder) => isInside(process.cwd(), folder)) && { folder: process.cwd() }),
  };
  const result = runClang(toolchain, args, text, reach);
  if (result.ok || !damaged.test(result.stderr)) return result;
  prelude.rebuild();
  return runClang(toolchain, args, text, reach);
}

function isInside(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith("/") ? folder : `${folder}/`);
}

function placeDiagnostics(unit: CompilableUnit, messages: MessageReader, stderr: string): Diagnostic[] {
  return parseDiagnostics(stderr).map((diagnostic) => placeDiagnostic(unit, messages, diagnostic));
}

/** clang's advice for programs that have a C library. */
const misleading = /^include the header </;

function placeDiagnostic(unit: CompilableUnit, messages: MessageReader, diagnostic: Diagnostic): Diagnostic {
  const { location, ...said } = diagnostic;
  const hint =
    diagnostic.hint ??
    (diagnostic.severity === "error"
      ? (messages.explain(diagnostic.message, location?.file === unit.file ? location.line : undefined) ??
        explainConfined(diagnostic.message))
      : undefined);
  const rest = hint === undefined ? said : { ...said, hint };
  const notes =
    diagnostic.notes
      ?.filter(({ message }) => !misleading.test(message))
      .map((note) => placeDiagnostic(unit, messages, note)) ?? [];
  if (location === undefined) return { ...rest, notes };
  if (location.file === unit.file) {
    const found = messages.locate(location.line, location.column);
    if (found !== undefined) return { ...rest, notes, location: found };
  }
  // Text that stands in no file: its own line is what the user can look at.
  const lineText = location.file === "<stdin>" ? indexLines(unit).read(location.line) : undefined;
  return { ...rest, notes, ...(lineText !== undefined && { lineText }), ...(lineText === undefined && { location }) };
}

/** What to do about messages that come of how clang is run here, by what they say. */
const confinedAdvice: readonly (readonly [RegExp, string])[] = [
  [/^Could not find incbin file/, "a script's C text can take in no file by .incbin"],
  [
    /^(?:cannot open|error opening) file '.*Permission denied/,
    "a script's C text reads headers below its own folder and the system's; grant another folder on the command line: -I DIR",
  ],
  [/ in PCH file but is currently /, "the kernel's types were compiled without such a flag: leave it out of cflags"],
];

function explainConfined(message: string): string | undefined {
  return confinedAdvice.find(([form]) => form.test(message))?.[1];
}

/** Inside of our macros clang says much the same of each use of an argument; the user wrote it once. How our macros expand helps nobody. */
function dropEchoes(errors: readonly Diagnostic[]): Diagnostic[] {
  const isOurs = ({ message }: Diagnostic): boolean =>
    /^expanded from (?:here$|macro '(?:__)?bpfts_)|^\(skipping \d+ expansions/.test(message);
  const seen = new Set<string>();
  return errors.flatMap((error) => {
    const { location, notes = [] } = error;
    const place = location && `${location.file}:${location.line}:${location.column}`;
    if (place !== undefined && seen.has(place)) return [];
    if (place !== undefined) seen.add(place);
    return [{ ...error, notes: notes.some(isOurs) ? notes.filter((note) => !isOurs(note)) : notes }];
  });
}

function describeFailure(diagnostics: readonly Diagnostic[], stderr: string): CompileError {
  const errors = dropEchoes(diagnostics.filter(({ severity }) => severity === "error"));
  const first = errors[0];
  const message =
    first === undefined ? `clang cannot compile the C text: ${stderr.split("\n")[0] ?? ""}` : `C: ${first.message}`;
  return new CompileError(message, {
    detail: stderr,
    // All of them, the first one with its notes too: the message alone has no room for those.
    diagnostics: [...errors.slice(1), ...(first?.notes ?? [])],
    ...(first?.location !== undefined ? { location: first.location } : {}),
    ...(first?.hint !== undefined ? { hint: first.hint } : {}),
  });
}
