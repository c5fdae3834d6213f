import type { Diagnostic } from "../base/diagnostic.ts";
import { AstFiles, findMainFile, listChildren } from "./reads/ast-files.ts";
import type { Ast, AstNode } from "./reads/ast.ts";
import { EditList } from "./text/edits.ts";
import type { DialectEnv } from "./text/env.ts";
import { findOrigin } from "./text/origins.ts";
import { keepCompiled, listDeclarations } from "./reads/compiled-declarations.ts";
import { expandMacroCalls } from "./reads/expand-macros.ts";
import { locateOffset, readLineAt } from "./text/pass.ts";
import { editPacketSites, findPacketSites } from "./reads/packet-sites.ts";
import { findUnnamedPrograms } from "./reads/unnamed-programs.ts";
import type { TextRange } from "./reads/places.ts";
import { Provenance } from "./reads/provenance.ts";
import { findReadSites, rememberNames } from "./reads/reads.ts";
import type { ReadSite, UnplacedLoad } from "./reads/reads.ts";
import type { CUnit } from "./text/unit.ts";
import { UnitPlaces } from "./reads/unit-places.ts";
import { makeUnit } from "./text/unit-text.ts";

/** A unit after the rewrite. */
export interface RewrittenUnit {
  readonly unit: CUnit;
  /** There when loads stand inside of macros where nothing can be edited: the unit before the rewrite with those macros written out, to be parsed and rewritten once more. */
  readonly expanded?: CUnit;
}

/**
 * Makes the loads through kernel pointers explicit, as BCC's rewriter does, and
 * finds the event types. `ast` is clang's AST of `unit.text`, `headers` are those of the user's own that clang read, by
 * the paths that it knows them by.
 */
export function rewriteUnit(
  unit: CUnit,
  ast: Ast,
  env: DialectEnv,
  headers: ReadonlyMap<string, string> = new Map(),
): RewrittenUnit {
  const files = new AstFiles(ast);
  const mainFile = findMainFile(ast, files, unit.text);
  const places = mainFile === undefined ? undefined : new UnitPlaces(unit.text, files, mainFile, headers);
  const compiled = listDeclarations(ast);
  const unnamed = places === undefined ? undefined : findUnnamedPrograms(ast, unit, places.main);
  const facts = {
    programs: [...keepCompiled(unit.programs, compiled, unit, places?.main), ...(unnamed?.programs ?? [])],
    maps: keepCompiled(unit.maps, compiled, unit, places?.main),
    eventStructs: findEventStructs(ast),
    license: unit.license,
    includes: unit.includes,
    used: unit.used,
  };
  const known = [...unit.warnings, ...describeMissingTracepoints(unit, compiled)];
  if (places === undefined || unnamed === undefined) return { unit: { ...unit, ...facts, warnings: known } };
  const found = findReadSites(
    ast,
    facts.programs,
    new Provenance(ast, facts.programs, places.isUserMarked),
    places,
    rememberNames(env),
  );
  const warnings = [...known, ...describeUnplaced(unit, found.unplaced, files)];
  const packets = unit.includes.includes("bcc/proto.h") ? findPacketSites(ast, places.main) : [];
  const calls = found.unplaced.flatMap(({ call }) => (call === undefined ? [] : [call]));
  const expanded = calls.length === 0 ? undefined : expandMacroCalls(unit, calls);
  const more = expanded === undefined ? {} : { expanded };
  if (found.sites.length + packets.length + unnamed.declarations.length === 0)
    return { unit: { ...unit, ...facts, warnings }, ...more };
  const bodyEnd = unit.bodyStart + unit.parts.body.length;
  const isIn = (
    { range, header }: { readonly range: TextRange; readonly header?: string },
    start: number,
    end: number,
  ): boolean => header === undefined && range.start >= start && range.end <= end;
  const head = new EditList(unit.text.slice(0, unit.bodyStart));
  editReadSites(
    head,
    found.sites.filter((site) => isIn(site, 0, unit.bodyStart)),
    0,
  );
  const body = new EditList(unit.parts.body);
  for (const { at, text } of unnamed.declarations) body.insert(at - unit.bodyStart, text);
  editPacketSites(
    body,
    packets.filter((site) => isIn(site, unit.bodyStart, bodyEnd)),
    unit.bodyStart,
  );
  editReadSites(
    body,
    found.sites.filter((site) => isIn(site, unit.bodyStart, bodyEnd)),
    unit.bodyStart,
  );
  const edited = body.apply();
  const rewritten = makeUnit({
    ...unit.parts,
    // The last two lines of the head are the #line and the empty line that the text begins in.
    head: head.apply().text.split("\n").slice(0, -2),
    body: edited.text,
    origins: [...edited.origins, ...unit.parts.origins],
    facts: { ...facts, warnings },
  });
  return { unit: { ...rewritten, headers: editHeaders(headers, found.sites) }, ...more };
}

/** The headers that have loads, with their readers. */
function editHeaders(headers: ReadonlyMap<string, string>, sites: readonly ReadSite[]): ReadonlyMap<string, string> {
  const edited = new Map<string, string>();
  for (const [path, text] of headers) {
    const edits = new EditList(text);
    editReadSites(
      edits,
      sites.filter(({ header }) => header === path),
      0,
    );
    if (!edits.isEmpty) edited.set(path, edits.apply().text);
  }
  return edited;
}

/** Puts the readers around the loads. Outer loads come first where two begin at one place. */
function editReadSites(edits: EditList, sites: readonly ReadSite[], base: number): void {
  const sorted = [...sites].sort((a, b) => a.range.start - b.range.start || b.range.end - a.range.end);
  for (const { range, reader, bits } of sorted) {
    if (bits === undefined) edits.insert(range.start - base, `bpfts_read_${reader}(`);
    else {
      edits.insert(
        range.start - base,
        `bpfts_read_${bits.hasLayout ? "bits" : "own_bits"}_${reader}(${bits.isArrow ? "" : "&"}`,
      );
      edits.replace(bits.operator.start - base, bits.operator.end - base, ", ");
    }
    edits.insert(range.end - base, ")");
  }
}

/** Warns of tracepoints that functions which clang compiled are for: what `#if` leaves out may name others. */
function describeMissingTracepoints(unit: CUnit, compiled: ReadonlyMap<string, AstNode>): Diagnostic[] {
  const names = new Set<string>();
  for (const node of compiled.values()) {
    if (node.kind !== "FunctionDecl") continue;
    names.add(node.name ?? "");
    for (const [word] of (node.type?.qualType ?? "").matchAll(/\btracepoint__\w+/g)) names.add(word);
  }
  return (unit.missingTracepoints ?? [])
    .filter((name) => names.has(`tracepoint__${name.replace(":", "__")}`))
    .map((name) => ({
      severity: "warning",
      message: `The fields of tracepoint "${name}" are not known: this kernel has no such tracepoint, or this user may not read tracefs`,
      hint: "as root, list the tracepoints there are: ls /sys/kernel/tracing/events",
    }));
}

const eventPrefix = "__bpfts_event_";

const recordName = "__bpfts_record";

/** Stands for the type of a function's records where it writes some of several types. */
export const MIXED_RECORDS = "?";

/** Finds the type of each ring's events by the variables that `bpfts_keep_event` declares, and by its name that of each function's records (`bpf_seq_write`). */
function findEventStructs(ast: Ast): Record<string, string> {
  const found: Record<string, string> = {};
  const visit = (node: AstNode, owner: string): void => {
    const target = node.kind === "VarDecl" ? readTarget(node) : undefined;
    if (node.name === recordName && target !== undefined) {
      const name = readName(target) ?? MIXED_RECORDS;
      if (!isText(target)) found[owner] = (found[owner] ?? name) === name ? name : MIXED_RECORDS;
    } else if (node.name?.startsWith(eventPrefix) === true && target !== undefined) {
      const name = isText(target) ? undefined : readName(target);
      if (name !== undefined) found[node.name.slice(eventPrefix.length)] ??= name;
    } else for (const child of listChildren(node)) visit(child, owner);
  };
  // libbpf's heads put the body of a program into a function of their own.
  for (const node of listChildren(ast))
    if (node.kind === "FunctionDecl" || node.kind === "VarDecl") visit(node, (node.name ?? "").replace(/^____/, ""));
  return found;
}

/** What a variable points at, as clang spells the type. */
function readTarget(node: AstNode): string | undefined {
  const type = node.type?.desugaredQualType ?? node.type?.qualType ?? "";
  return type.endsWith("*") ? type.slice(0, -1).trim() : undefined;
}

/** The name of a struct, union, enum or plain type; undefined for one without a name. */
function readName(type: string): string | undefined {
  return /^(?:const )?(?:(?:struct|union|enum) )?(\w+(?: \w+)*)$/.exec(type)?.[1];
}

function isText(type: string): boolean {
  return /^(?:const )?(?:void|char)$/.test(type);
}

/** Says which loads stay as they are, and where: the verifier may refuse them. One line for each macro call, and for each line of another file. */
function describeUnplaced(unit: CUnit, unplaced: readonly UnplacedLoad[], files: AstFiles): Diagnostic[] {
  const warnings = new Map<string, Diagnostic>();
  for (const { node, call } of unplaced) {
    const found = call === undefined ? describeForeign(node, files) : describeCall(unit, call);
    if (found !== undefined && !warnings.has(found.message)) warnings.set(found.message, found);
  }
  return [...warnings.values()];
}

function describeCall(unit: CUnit, { start, end }: TextRange): Diagnostic | undefined {
  if (start < unit.bodyStart || end > unit.bodyStart + unit.parts.body.length) return undefined;
  const origin = findOrigin(unit.parts.origins, start - unit.bodyStart);
  const location = locateOffset(unit.source, origin);
  // libbpf's head reads its arguments itself; the branch with plain loads is for kernels that take them from the context.
  if (/^BPF_K(PROBE_)?SYSCALL\b/.test(unit.text.slice(start, end))) return undefined;
  const message = `A read through a kernel pointer in "${unit.text.slice(start, end).replace(/\s+/g, " ")}" cannot be made explicit: it stands inside of the macro`;
  return {
    severity: "warning",
    message,
    location,
    lineText: readLineAt(unit.source, origin),
    hint: "read the member before, into a variable of its own",
  };
}

function describeForeign(node: AstNode, files: AstFiles): Diagnostic | undefined {
  const begin = node.range?.begin;
  const place = begin?.spellingLoc ?? begin;
  if (place?.offset === undefined) return undefined;
  const [file, line] = [files.findFile(place), files.findLine(place)];
  if (file === "" || file.startsWith("<")) return undefined;
  const message = `A read through a kernel pointer in "${file}", line ${line}, cannot be made explicit`;
  return {
    severity: "warning",
    message,
    location: { file, line },
    hint: "read the member before, into a variable of its own, or by bpf_probe_read_kernel()",
  };
}
