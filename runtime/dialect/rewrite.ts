import type { Diagnostic } from "../base/diagnostic.ts";
import { AstFiles, findMainFile, listChildren } from "./ast-files.ts";
import type { Ast, AstNode } from "./ast.ts";
import { EditList } from "./edits.ts";
import type { DialectEnv } from "./env.ts";
import { locateOffset, readLineAt } from "./pass.ts";
import { editPacketSites, findPacketSites } from "./packet-sites.ts";
import { TextPlaces } from "./places.ts";
import type { TextRange } from "./places.ts";
import { findBody, Provenance } from "./provenance.ts";
import { findReadSites, rememberNames } from "./reads.ts";
import type { ReadSite } from "./reads.ts";
import type { CUnit } from "./unit.ts";
import { makeUnit } from "./unit-text.ts";

/**
 * Makes the loads through kernel pointers explicit, as BCC's rewriter does, and
 * finds the event types. `ast` is clang's AST of `unit.text`.
 */
export function rewriteUnit(unit: CUnit, ast: Ast, env: DialectEnv): CUnit {
  const files = new AstFiles(ast);
  const mainFile = findMainFile(ast, files, unit.text);
  const declared = listDeclaredNames(ast);
  const facts = {
    programs: unit.programs.filter((program) => declared.has(program.name)),
    maps: unit.maps.filter((map) => declared.has(map.name)),
    eventStructs: findEventStructs(ast),
    license: unit.license,
    includes: unit.includes,
    findUnloadedModule: unit.findUnloadedModule,
  };
  if (mainFile === undefined) return { ...unit, ...facts };
  const places = new TextPlaces(unit.text, files, mainFile);
  const found = findReadSites(ast, new Provenance(ast, facts.programs, places.isUserMarked), places, rememberNames(env));
  const warnings = [...unit.warnings, ...found.unplaced.flatMap(({ node, message, hint }) => describeWarning(unit, node, message, hint))];
  const packets = unit.includes.includes("bcc/proto.h") ? findPacketSites(ast, places) : [];
  if (found.sites.length + packets.length === 0) return { ...unit, ...facts, warnings };
  const bodyEnd = unit.bodyStart + unit.parts.body.length;
  const isIn = ({ range }: { readonly range: TextRange }, start: number, end: number): boolean => range.start >= start && range.end <= end;
  const head = new EditList(unit.text.slice(0, unit.bodyStart));
  editReadSites(head, found.sites.filter((site) => isIn(site, 0, unit.bodyStart)), 0);
  const body = new EditList(unit.parts.body);
  editPacketSites(body, packets.filter((site) => isIn(site, unit.bodyStart, bodyEnd)), unit.bodyStart);
  editReadSites(body, found.sites.filter((site) => isIn(site, unit.bodyStart, bodyEnd)), unit.bodyStart);
  const edited = body.apply();
  return makeUnit({
    ...unit.parts,
    // The last two lines of the head are the #line and the empty line that the text begins in.
    head: head.apply().text.split("\n").slice(0, -2),
    body: edited.text,
    findOrigin: (offset) => unit.parts.findOrigin(edited.findOrigin(offset)),
    facts: { ...facts, warnings },
  });
}

/** Puts the readers around the loads. Outer loads come first where two begin at one place. */
function editReadSites(edits: EditList, sites: readonly ReadSite[], base: number): void {
  const sorted = [...sites].sort((a, b) => a.range.start - b.range.start || b.range.end - a.range.end);
  for (const { range, reader, bits } of sorted) {
    if (bits === undefined) edits.insert(range.start - base, `bpfts_read_${reader}(`);
    else {
      edits.insert(range.start - base, `bpfts_read_${bits.hasLayout ? "bits" : "own_bits"}_${reader}(${bits.isArrow ? "" : "&"}`);
      edits.replace(bits.operator.start - base, bits.operator.end - base, ", ");
    }
    edits.insert(range.end - base, ")");
  }
}

function listDeclaredNames(ast: Ast): Set<string> {
  const names = new Set<string>();
  for (const node of listChildren(ast)) {
    if (node.name === undefined) continue;
    if (node.kind === "VarDecl" || (node.kind === "FunctionDecl" && findBody(node) !== undefined)) names.add(node.name);
  }
  return names;
}

const eventPrefix = "__bpfts_event_";

/** Finds the type of each ring's events by the variables that `bpfts_keep_event` declares. */
function findEventStructs(ast: Ast): Record<string, string> {
  const found: Record<string, string> = {};
  const visit = (node: AstNode): void => {
    if (node.kind === "VarDecl" && node.name?.startsWith(eventPrefix) === true) {
      const map = node.name.slice(eventPrefix.length);
      const type = node.type?.desugaredQualType ?? node.type?.qualType ?? "";
      const name = /^(?:const )?(?:(?:struct|union|enum) )?(\w+(?: \w+)*) \*$/.exec(type)?.[1];
      if (name !== undefined && name !== "void" && name !== "char") found[map] ??= name;
      return;
    }
    for (const child of listChildren(node)) visit(child);
  };
  for (const node of listChildren(ast)) if (node.kind === "FunctionDecl") visit(node);
  return found;
}

function describeWarning(unit: CUnit, node: AstNode, message: string, hint: string): Diagnostic[] {
  const begin = node.range?.begin;
  const offset = begin?.expansionLoc?.offset ?? begin?.offset;
  if (offset === undefined || offset < unit.bodyStart || offset > unit.bodyStart + unit.parts.body.length) return [];
  const origin = unit.parts.findOrigin(offset - unit.bodyStart);
  return [{ severity: "warning", message, location: locateOffset(unit.source, origin), lineText: readLineAt(unit.source.text, origin), hint }];
}
