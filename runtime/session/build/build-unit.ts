import { readClock } from "../../base/clock.ts";
import { buildId } from "../../base/build-id.ts";
import type { Diagnostic } from "../../base/diagnostic.ts";
import { AttachError, CompileError, DialectError } from "../../base/errors.ts";
import { listDiagnostics } from "../../base/list-diagnostics.ts";
import type { Log } from "../../base/log.ts";
import { findCached, hashKey, writeCached } from "../../compile/cache.ts";
import { cleanCache } from "../../compile/clean-cache.ts";
import { checkCflags } from "../../compile/cflags.ts";
import { compileIr, compileUnit, parseUnit } from "../../compile/compile-unit.ts";
import type { CompileOptions, Parsed } from "../../compile/compile-unit.ts";
import { areUnchanged, describeOwnHeaders, hasOwnHeaders, readOwnHeaders } from "../../compile/own-headers.ts";
import type { Ast } from "../../dialect/reads/ast.ts";
import { prepareUnit } from "../../dialect/prepare.ts";
import { findKindOfSection } from "../../dialect/words/program-forms.ts";
import { rewriteUnit } from "../../dialect/rewrite.ts";
import type { RewrittenUnit } from "../../dialect/rewrite.ts";
import { readMessages } from "../../dialect/text/locate-in-unit.ts";
import { liftConstants } from "../../dialect/text/load-constants.ts";
import type { CSource, CUnit, MapDecl, ProgramDecl } from "../../dialect/text/unit.ts";
import { describeObject } from "../../object/describe-object.ts";
import { dropUnnamedRelocations } from "../../object/drop-unnamed-relocations.ts";
import { setConstants } from "../../object/set-constants.ts";
import type { ObjectSpec } from "../../object/spec.ts";
import { explainMissingTracepoint } from "./missing-tracepoint.ts";
import { findKnownUnit, rememberUnit } from "./known-units.ts";
import { listHeaderMacros, listNeeds, widenTools } from "./needs.ts";
import type { Needs } from "./needs.ts";
import { requireDefined } from "./require-defined.ts";
import { requireInstructions } from "./require-instructions.ts";
import { changeTools } from "./build-tools.ts";
import type { BuildTools } from "./build-tools.ts";

/** An object and what the dialect knows of it. */
export interface BuiltUnit {
  readonly bytes: Uint8Array;
  readonly spec: ObjectSpec;
  readonly programs: readonly ProgramDecl[];
  readonly maps: readonly MapDecl[];
  readonly eventStructs: Readonly<Record<string, string>>;
}

/** What is kept beside the bytes of a compiled unit. */
interface UnitRecord extends Pick<BuiltUnit, "programs" | "maps" | "eventStructs"> {
  /** Hashes of the headers of the user's own, which the key does not know. */
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * Takes C text the whole way to an object; from the cache when the same text was
 * compiled before for this kernel, by this clang, with these headers.
 *
 * @throws DialectError, CompileError, ToolchainError
 */
export function buildUnit(source: CSource, cflags: readonly string[], tools: BuildTools): BuiltUnit {
  const { source: lifted, constants } = liftConstants(source);
  if (constants.length === 0) return buildText(source, cflags, tools);
  const unit = buildText(lifted, cflags, tools);
  const bytes = setConstants(unit.bytes, constants);
  // What only looked like such a declaration keeps its number in the text.
  return bytes === undefined ? buildText(source, cflags, tools) : { ...unit, bytes };
}

function buildText(source: CSource, cflags: readonly string[], tools: BuildTools): BuiltUnit {
  const checked = checkFlags(cflags, source, tools);
  // What runs from its sources changes without a word.
  if (buildId === "source") return makeUnit(source, checked, tools, () => undefined);
  const query = { source, cflags: checked, tools };
  const object = findKnownUnit(query);
  const known = object === undefined ? undefined : findBuilt(object, tools);
  if (known !== undefined) return known;
  return makeUnit(source, checked, tools, (made, { text, used }, wider) => {
    // Types of modules come and go with them.
    if (wider.env.moduleHeaders.length === 0)
      rememberUnit(query, { object: made, isAlone: !hasOwnHeaders(text), used });
  });
}

/** Finds what an entry of the cache holds, as long as the headers are what they were. */
function findBuilt(object: string, tools: BuildTools): BuiltUnit | undefined {
  const cached = findCached(tools.cache, object);
  const entry = cached === undefined ? undefined : splitEntry(cached);
  return entry !== undefined && areUnchanged(entry[0].headers ?? {}, tools.files) ? describeBuilt(...entry) : undefined;
}

/** Prepares a text and finds its object in the cache, or compiles it; `note` is told which entry holds it. */
function makeUnit(
  source: CSource,
  cflags: readonly string[],
  tools: BuildTools,
  note: (object: string, prepared: CUnit, tools: BuildTools) => void,
): BuiltUnit {
  return withNeeds(source, cflags, tools, (prepared, key, wider, flags) => {
    const object = `object/${key}`;
    const built = findBuilt(object, tools) ?? compilePrepared(object, source, prepared, wider, flags);
    note(object, prepared, wider);
    return built;
  });
}

function compilePrepared(
  object: string,
  source: CSource,
  prepared: CUnit,
  tools: BuildTools,
  flags: readonly string[],
): BuiltUnit {
  const started = readClock();
  const { unit, headers, warnings } = rewritePrepared(prepared, flags, tools);
  logWarnings(unit, warnings, tools.log);
  const bytes = dropUnnamedRelocations(compileUnit(unit, describeClangRun(unit, flags, tools)).bytes);
  requireWhole(unit, bytes);
  tools.log.info(`compiled ${source.place?.file ?? source.name} in ${Math.round(readClock() - started)} ms`);
  const record: UnitRecord = {
    programs: nameSections(unit.programs, bytes),
    maps: unit.maps,
    eventStructs: unit.eventStructs,
    ...(headers.size === 0 ? {} : { headers: describeOwnHeaders(headers) }),
  };
  writeCached(tools.cache, object, joinEntry(record, bytes));
  // Only on the way that takes its time anyway.
  cleanCache(tools.cache);
  return describeBuilt(record, bytes);
}

/** Where a macro gave a function its section, the object has its name. */
function nameSections(programs: readonly ProgramDecl[], object: Uint8Array): readonly ProgramDecl[] {
  if (programs.every(({ section }) => section !== "")) return programs;
  const compiled = describeObject(object, []).programs;
  return programs.map((program) => {
    const section = program.section === "" ? compiled.find(({ name }) => name === program.name)?.section : undefined;
    return section === undefined ? program : { ...program, section, kind: findKindOfSection(section) };
  });
}

/** @throws CompileError where an object lacks what its text seems to have */
function requireWhole(unit: CUnit, object: Uint8Array): void {
  requireDefined(unit, object);
  requireInstructions(unit, object);
}

/** The unit as clang compiles it, for those who want to read it. @throws DialectError, CompileError */
export function renderUnit(source: CSource, cflags: readonly string[], tools: BuildTools): string {
  return withNeeds(source, checkFlags(cflags, source, tools), tools, (prepared, _key, wider, flags) => {
    const { unit, warnings } = rewritePrepared(prepared, flags, wider);
    logWarnings(unit, warnings, tools.log);
    return unit.text;
  });
}

/** What clang makes of a text before it is bytecode. @throws DialectError, CompileError */
export function renderLlvmIr(source: CSource, cflags: readonly string[], tools: BuildTools): string {
  return withNeeds(source, checkFlags(cflags, source, tools), tools, (prepared, _key, wider, flags) => {
    const { unit } = rewritePrepared(prepared, flags, wider);
    return compileIr(unit, describeClangRun(unit, flags, wider));
  });
}

/** What is wrong with a text and what is doubtful in it, for an editor. Nothing is kept for the next run. @throws ToolchainError and others that are not about the text */
export function diagnoseUnit(source: CSource, cflags: readonly string[], tools: BuildTools): readonly Diagnostic[] {
  try {
    return withNeeds(source, checkFlags(cflags, source, tools), tools, (prepared, _key, wider, flags) => {
      const { unit, warnings } = rewritePrepared(prepared, flags, wider);
      requireWhole(unit, compileUnit(unit, describeClangRun(unit, flags, wider)).bytes);
      return [...warnings.filter(({ message }) => findAdvice(message) !== undefined), ...unit.warnings];
    });
  } catch (error) {
    if (error instanceof DialectError || error instanceof CompileError || error instanceof AttachError)
      return listDiagnostics(error);
    throw error;
  }
}

/** The declarations of a text as clang sees them, without what they become. @throws DialectError, CompileError */
export function parseText(source: CSource, tools: BuildTools): Ast {
  return withNeeds(
    source,
    [],
    tools,
    (prepared, _key, wider, flags) => parseUnit(prepared, describeClangRun(prepared, flags, wider)).ast as Ast,
  );
}

/** What clang is run with on a text. */
function describeClangRun(
  unit: CUnit,
  cflags: readonly string[],
  { toolchain, prelude, files, env }: BuildTools,
): CompileOptions {
  return { toolchain, prelude, cflags, readable: files.folders, messages: readMessages(unit, env) };
}

function checkFlags(cflags: readonly string[], source: CSource, { files }: BuildTools): string[] {
  return checkCflags(cflags, {
    ...(source.folder !== undefined && { folder: source.folder }),
    covers: (path) => files.covers(path),
  });
}

/**
 * Prepares a text and calls `use` with it. When clang lacks a type that a loaded module has, or stumbles over a name that
 * the kernel has too, it does so again with that module's types, or without that name of the kernel's. The cache
 * keeps what a text needed, so the next run begins with it.
 */
function withNeeds<T>(
  source: CSource,
  cflags: readonly string[],
  given: BuildTools,
  use: (prepared: CUnit, key: string, tools: BuildTools, flags: readonly string[]) => T,
): T {
  const prepared = prepareUnit(source, given.env);
  // Headers of the user's own are looked for in the current folder, then where the user says, then beside the script.
  const isAlone = !hasOwnHeaders(prepared.text);
  const folders = isAlone
    ? []
    : [...given.files.includeFolders, ...(source.folder === undefined ? [] : [source.folder])];
  const flags = [...cflags, ...folders.map((folder) => `-I${folder}`)];
  // What headers of the user's own name is known when clang has read them.
  const prelude = isAlone ? given.prelude.select(prepared.text) : (given.prelude.complete() ?? given.prelude);
  const tools = changeTools(given, { prelude });
  const key = hashKey(
    buildId,
    prepared.text,
    isAlone ? "" : process.cwd(),
    JSON.stringify([flags, prepared.programs, prepared.maps]),
    tools.prelude.identity,
    tools.toolchain.identity,
  );
  const cached = findCached(tools.cache, `needs/${key}`);
  const known = cached === undefined ? undefined : widenTools(tools, JSON.parse(cached.toString("utf8")) as Needs);
  if (known !== undefined) return withNeeds(source, cflags, known, use);
  try {
    return use(prepared, key, tools, flags);
  } catch (error) {
    if (!(error instanceof CompileError)) throw error;
    const needs = listNeeds(error, prepared.text, tools);
    const wider = widenTools(tools, needs);
    if (wider === undefined) throw explainMissingTracepoint(error, prepared, tools.listTracepoints()) ?? error;
    const result = withNeeds(source, cflags, wider, use);
    writeCached(tools.cache, `needs/${key}`, Buffer.from(JSON.stringify(needs)));
    return result;
  }
}

/** Macros in macros are written out one step at a time. */
const maxExpansions = 8;

function rewritePrepared(
  prepared: CUnit,
  cflags: readonly string[],
  tools: BuildTools,
): { unit: CUnit; headers: ReadonlyMap<string, string>; warnings: readonly Diagnostic[] } {
  const parse = (unit: CUnit): Parsed => parseUnit(unit, describeClangRun(unit, cflags, tools));
  const { ast, warnings, headers: paths } = parse(prepared);
  const headers = readOwnHeaders(paths, tools.files);
  const missing = listHeaderMacros(headers, prepared.text, tools);
  // In clang's words for the same in a line that is no condition, which it takes for 0.
  if (missing.length > 0)
    throw new CompileError(missing.map((name) => `use of undeclared identifier '${name}'`).join("; "));
  const unit = rewriteExpanded(rewriteUnit(prepared, ast as Ast, tools.env, headers), (expanded) =>
    rewriteUnit(expanded, parse(expanded).ast as Ast, tools.env, headers),
  );
  return { unit, headers, warnings };
}

/** Most that clang warns of is harmless in this dialect. These two compute something else than what was meant. */
const tellingWarnings: readonly (readonly [message: RegExp, advice: string])[] = [
  [
    /^incompatible pointer to integer conversion/,
    "a table's lookup answers a pointer: keep it as one, test it, and read through it",
  ],
  [
    /^result of comparison against a string literal|^array comparison always evaluates/,
    "C compares addresses: compare character by character, comm[0] == 's' && comm[1] == 'h' && comm[2] == 0",
  ],
];

function findAdvice(message: string): string | undefined {
  return tellingWarnings.find(([telling]) => telling.test(message))?.[1];
}

function logWarnings(unit: CUnit, warnings: readonly Diagnostic[], log: Log): void {
  const render = ({ message, location }: Diagnostic): string =>
    `${location === undefined ? "" : `line ${location.line}: `}${message}`;
  for (const warning of warnings) warnOf(warning.message, `C: ${render(warning)}`, log);
  for (const warning of unit.warnings) log.warn(render(warning));
}

function warnOf(message: string, line: string, log: Log): void {
  const advice = findAdvice(message);
  if (advice === undefined) log.info(line);
  else log.warn(`${line} (${advice})`);
}

function rewriteExpanded(first: RewrittenUnit, rewrite: (expanded: CUnit) => RewrittenUnit): CUnit {
  let last = first;
  for (let step = 0; last.expanded !== undefined && step < maxExpansions; step++) {
    try {
      last = rewrite(last.expanded);
    } catch (error) {
      // What was written out is not what the preprocessor makes of it: the text stays as it was, and names its loads.
      if (!(error instanceof CompileError)) throw error;
      break;
    }
  }
  return last.unit;
}

function describeBuilt(record: UnitRecord, bytes: Uint8Array): BuiltUnit {
  return { ...record, bytes, spec: describeObject(bytes, Object.values(record.eventStructs)) };
}

function joinEntry(record: UnitRecord, bytes: Uint8Array): Uint8Array {
  const head = Buffer.from(JSON.stringify(record));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(head.length);
  return Buffer.concat([length, head, bytes]);
}

function splitEntry(entry: Buffer): [UnitRecord, Uint8Array] {
  const end = 4 + entry.readUInt32LE(0);
  if (end > entry.length)
    throw new CompileError("The cache holds a damaged object", { hint: "remove the cache folder" });
  return [JSON.parse(entry.subarray(4, end).toString("utf8")) as UnitRecord, entry.subarray(end)];
}
