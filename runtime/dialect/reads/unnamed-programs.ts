import { DialectError } from "../../base/errors.ts";
import { findOrigin } from "../text/origins.ts";
import { locateOffset, readLineAt } from "../text/pass.ts";
import type { CUnit, ProgramDecl } from "../text/unit.ts";
import { findContextKind, findProgramForm } from "../words/program-forms.ts";
import { listChildren } from "./ast-files.ts";
import type { Ast, AstNode } from "./ast.ts";
import type { TextPlaces } from "./places.ts";
import { findBody } from "./provenance.ts";

/** Programs that clang compiled and whose names the text does not show, and the declarations that make programs of them. */
export interface UnnamedPrograms {
  readonly programs: readonly ProgramDecl[];
  /** Units: indexes into the unit's text. */
  readonly declarations: readonly { readonly at: number; readonly text: string }[];
}

/**
 * Finds the functions of the text that are programs by BCC's rule (they have a body, and are neither static nor inline) and that no head in
 * the text names: a macro made them. A declaration before each gives it what an edit of its head would.
 *
 * @throws DialectError for one that needs a wrapper.
 */
export function findUnnamedPrograms(ast: Ast, unit: CUnit, places: TextPlaces): UnnamedPrograms {
  const programs: ProgramDecl[] = [];
  const declarations: { at: number; text: string }[] = [];
  const known = new Set(unit.programs.map(({ name }) => name));
  const functions = listChildren(ast).filter((node) => node.kind === "FunctionDecl" && findBody(node) !== undefined);
  let used: ReadonlySet<string> | undefined;
  for (const node of functions) {
    const { name, storageClass, inline } = node;
    if (name === undefined || known.has(name) || storageClass === "static" || inline === true) continue;
    const place = places.findName(node);
    const start = places.findStart(node);
    if (place === undefined || start === undefined || !isInBody(unit, place)) continue;
    const origin = findOrigin(unit.parts.origins, place - unit.bodyStart);
    const form = findProgramForm({ name, args: undefined });
    const autoAttach = form?.autoAttach;
    // A macro that is a name alone: its head was edited under the macro's name.
    const word = /^\w+/.exec(unit.text.slice(place))?.[0];
    const head = unit.programs.find((program) => program.name === word);
    if (head !== undefined) {
      const named = head.explicitSection || form === undefined ? {} : { kind: form.kind };
      programs.push({
        ...head,
        ...named,
        name,
        ...(head.explicitSection || autoAttach === undefined ? {} : { autoAttach }),
      });
      continue;
    }
    const has = (kind: string): boolean => listChildren(node).some((child) => child.kind === kind);
    const type = node.type?.qualType ?? "";
    const declare = (before: string): void => {
      declarations.push({ at: start, text: `${before} __typeof__(${type}) ${name}; ` });
    };
    if (has("SectionAttr")) {
      // Which one, the object tells.
      programs.push({ name, section: "", kind: "any", explicitSection: true, offset: origin });
      continue;
    }
    used ??= listUsed(functions);
    if (used.has(name)) {
      // A global function that is not to be inlined may stay one.
      if (node.loc?.expansionLoc !== undefined && !has("NoInlineAttr")) declare("static __always_inline");
      continue;
    }
    const params = listChildren(node).filter(({ kind }) => kind === "ParmVarDecl");
    const result = /^(.*?) *\(/.exec(type)?.[1] ?? "";
    if (params.length > 1 || !/^(?:unsigned |signed )?(?:int|long|long long)$|^[us](?:32|64)$/.test(result))
      throw describeHidden(unit, name, origin, params.length > 1);
    const context = findContextKind(params[0]?.type?.qualType ?? "");
    const own = form?.section ?? context.section;
    const section = own === name ? `?${own}` : own;
    const kind = form?.kind ?? context.kind;
    declare(`SEC("${section}")`);
    programs.push({
      name,
      section,
      kind,
      explicitSection: false,
      offset: origin,
      ...(autoAttach === undefined ? {} : { autoAttach }),
      ...(kind === "any" && /\bstruct pt_regs\b/.test(type) && { takesRegisters: true as const }),
    });
  }
  return { programs, declarations };
}

function isInBody({ bodyStart, parts }: CUnit, index: number): boolean {
  return index >= bodyStart && index < bodyStart + parts.body.length;
}

/** The functions that others call, or take the address of. */
function listUsed(functions: readonly AstNode[]): Set<string> {
  const used = new Set<string>();
  const visit = (node: AstNode, owner: string | undefined): void => {
    const { referencedDecl } = node;
    if (referencedDecl?.kind === "FunctionDecl" && referencedDecl.name !== undefined && referencedDecl.name !== owner)
      used.add(referencedDecl.name);
    for (const child of listChildren(node)) visit(child, owner);
  };
  for (const node of functions) visit(node, node.name);
  return used;
}

function describeHidden(unit: CUnit, name: string, origin: number, hasMore: boolean): DialectError {
  const location = locateOffset(unit.source, origin);
  const message = hasMore
    ? `"${name}" takes more than its context, and a macro makes its head: its arguments cannot be fetched`
    : `"${name}" does not return an int, and a macro makes its head`;
  const hint = hasMore
    ? "read them with PT_REGS_PARM1(ctx) and its like, or write the head without the macro"
    : "let the macro write int, or write the head without the macro";
  const lineText = readLineAt(unit.source, origin);
  return new DialectError(message, {
    location,
    hint,
    diagnostics: [{ severity: "error", message, location, lineText, hint }],
  });
}
