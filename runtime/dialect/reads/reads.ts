import { isTransparent, listChildren } from "./ast-files.ts";
import type { Ast, AstNode } from "./ast.ts";
import { findCompiledFunctions } from "./compiled-functions.ts";
import type { KernelNames } from "../text/env.ts";
import type { ProgramDecl } from "../text/unit.ts";
import type { TextPlaces, TextRange } from "./places.ts";
import { findBody, findCallee, findPointee, isPointer, Origin } from "./provenance.ts";
import type { Provenance } from "./provenance.ts";
import type { UnitPlaces } from "./unit-places.ts";

/** One load that is to be made a read. */
export interface ReadSite {
  readonly range: TextRange;
  /** The header that it stands in; undefined for the text itself. */
  readonly header?: string;
  /** `half`: no read, but the lower half of a context's 64 bits, taken before the compiler sees more of them. */
  readonly reader: "kernel" | "any" | "half";
  /** For bit-fields: the text before and after the `->` or `.` that leads to the member. */
  readonly bits?: {
    readonly base: TextRange;
    readonly operator: TextRange;
    readonly isArrow: boolean;
    readonly hasLayout: boolean;
  };
}

/** The sites of a unit, and the loads that cannot be rewritten where they stand. */
export interface ReadFindings {
  readonly sites: readonly ReadSite[];
  readonly unplaced: readonly UnplacedLoad[];
}

/** A load that stays as it is. */
export interface UnplacedLoad {
  readonly node: AstNode;
  /** The macro call of the text's that it comes from; undefined when it stands in another file. */
  readonly call?: TextRange;
}

/** Origins that the verifier lets a program load through. */
const direct =
  Origin.memory |
  Origin.mapValue |
  Origin.anyContext |
  Origin.kernelContext |
  Origin.typedContext |
  Origin.packetContext |
  Origin.typed |
  Origin.packet;

/** Types whose pointers are contexts: never read. */
const contextTypes =
  /^struct (pt_regs|user_pt_regs|__sk_buff|xdp_md|bpf_\w+|sk_msg_md|sk_reuseport_md|tracepoint__\w+)$/;

/**
 * Finds the loads through pointers that the verifier does not follow. Only
 * loads: what stands under `&`, in `sizeof` and on the left of an assignment has
 * none. Source: BCC's rules (which pointers), clang's LValueToRValue (where).
 */
export function findReadSites(
  ast: Ast,
  programs: readonly ProgramDecl[],
  provenance: Provenance,
  unit: UnitPlaces,
  names: KernelNames,
): ReadFindings {
  const sites = new Map<string, ReadSite>();
  const unplaced: UnplacedLoad[] = [];
  const visit = (node: AstNode): void => {
    if (node.kind === "UnaryExprOrTypeTraitExpr" || node.kind === "OffsetOfExpr") return;
    if (node.kind === "CallExpr" && /^__builtin_preserve_/.test(findCallee(node) ?? "")) return;
    if (node.kind === "ImplicitCastExpr" && node.castKind === "LValueToRValue") {
      const site = readSite(node);
      if (site !== undefined) {
        const key = nameSite(site);
        const known = sites.get(key);
        // A macro's body serves all its uses: the reader that works for each of them.
        if (known === undefined || site.reader === "any") sites.set(key, site);
      }
    }
    const half = findHalf(node, provenance);
    const range = half === undefined ? undefined : unit.main.findRange(half);
    if (range !== undefined && !sites.has(nameSite({ range })))
      sites.set(nameSite({ range }), { range, reader: "half" });
    for (const child of listChildren(node)) visit(child);
  };
  const readSite = (load: AstNode): ReadSite | undefined => {
    const lvalue = stripParens(listChildren(load)[0]);
    if (lvalue === undefined) return undefined;
    const root = findDereference(lvalue);
    if (root === undefined) return undefined;
    const reader = chooseReader(root.pointer, provenance, names);
    if (reader === undefined) return undefined;
    const found = unit.findPlaces(lvalue);
    const range = found?.places.findRange(lvalue);
    if (found === undefined || range === undefined) {
      const call = unit.main.findCall(load);
      unplaced.push({ node: load, ...(call === undefined ? {} : { call }) });
      return undefined;
    }
    const site = { range, reader, ...(found.header === undefined ? {} : { header: found.header }) };
    if (!isBitField(lvalue)) return site;
    const bits = findBits(found.places, root, range);
    return bits === undefined ? undefined : { ...site, bits };
  };
  const findBits = (places: TextPlaces, root: Dereference, range: TextRange): ReadSite["bits"] => {
    const base = places.findRange(root.member?.isArrow === true ? root.pointer : root.lvalue);
    if (base === undefined || root.member === undefined) return undefined;
    const isArrow = root.member.isArrow === true;
    const operator = places.findToken({ start: base.end, end: range.end }, isArrow ? "->" : ".");
    if (operator === undefined) return undefined;
    const record = findPointee(root.pointer);
    return {
      base,
      operator: { start: operator.start, end: operator.end },
      isArrow,
      hasLayout: record !== undefined && isKernelRecord(record, names),
    };
  };
  const ownBitFields = findOwnBitFields(ast);
  const isBitField = (node: AstNode): boolean => {
    if (node.kind !== "MemberExpr" || node.name === undefined) return false;
    if (ownBitFields.has(node.referencedMemberDecl ?? "")) return true;
    const record = findRecord(node);
    return record !== undefined && names.isBitField(record, node.name);
  };
  for (const node of findCompiledFunctions(ast, programs)) visit(findBody(node)!);
  return { sites: [...sites.values()], unplaced };
}

function nameSite({ header = "", range }: { readonly header?: string; readonly range: TextRange }): string {
  return `${header}:${range.start}:${range.end}`;
}

const contexts = Origin.anyContext | Origin.kernelContext | Origin.typedContext;
const halves = /^(unsigned )?int$/;
const wholes = /^(unsigned )?long( long)?( int)?$|^long( long)? unsigned int$/;

/**
 * A load out of a context that is cut to 32 bits: `u32 nr = ctx->args[1]`. clang may keep all 64, compare the lower ones and
 * use others; the verifier of kernels before 6.8 does not see then that the compare bounds an index.
 */
function findHalf(node: AstNode, provenance: Provenance): AstNode | undefined {
  if (
    (node.kind !== "ImplicitCastExpr" && node.kind !== "CStyleCastExpr") ||
    node.castKind !== "IntegralCast" ||
    !halves.test(findTypeName(node))
  )
    return undefined;
  const load = listChildren(node)[0];
  const lvalue =
    load?.kind === "ImplicitCastExpr" && load.castKind === "LValueToRValue"
      ? stripParens(listChildren(load)[0])
      : undefined;
  if (
    lvalue === undefined ||
    (lvalue.kind !== "MemberExpr" && lvalue.kind !== "ArraySubscriptExpr") ||
    !wholes.test(findTypeName(load!))
  )
    return undefined;
  return (provenance.findAddress(lvalue) & contexts) === 0 ? undefined : lvalue;
}

function findTypeName(node: AstNode): string {
  return (node.type?.desugaredQualType ?? node.type?.qualType ?? "").replace(/^const /, "");
}

/** The place in an lvalue where memory is gone into: `p` of `p->a.b`, `*p`, `p[i].c`. */
interface Dereference {
  readonly pointer: AstNode;
  /** The lvalue that the pointer leads to. */
  readonly lvalue: AstNode;
  /** The outermost member expression right above it. */
  readonly member?: AstNode;
}

function findDereference(node: AstNode, member?: AstNode): Dereference | undefined {
  const children = listChildren(node);
  const first = children[0];
  if (first === undefined) return undefined;
  switch (node.kind) {
    case "ParenExpr":
    case "GenericSelectionExpr":
      return findDereference(first, member);
    case "MemberExpr":
      if (node.isArrow === true) return { pointer: first, lvalue: node, member: node };
      return findDereference(first, node.name === "" ? (member ?? node) : node);
    case "UnaryOperator":
      return node.opcode === "*"
        ? { pointer: first, lvalue: node, ...(member === undefined ? {} : { member }) }
        : undefined;
    case "ArraySubscriptExpr": {
      const base = children.find((child) => isPointer(child)) ?? first;
      // An array inside of something else: what counts is how that was reached.
      const decayed =
        base.kind === "ImplicitCastExpr" && base.castKind === "ArrayToPointerDecay" ? listChildren(base)[0] : undefined;
      if (decayed !== undefined) return findDereference(decayed);
      return { pointer: base, lvalue: node, ...(member === undefined ? {} : { member }) };
    }
    default:
      return undefined;
  }
}

/** The bit-fields of the structs that the text declares itself. */
function findOwnBitFields(ast: Ast): Set<string> {
  const found = new Set<string>();
  const visit = (node: AstNode): void => {
    if (node.kind === "FieldDecl" && node.isBitfield === true && node.id !== undefined) found.add(node.id);
    for (const child of listChildren(node)) visit(child);
  };
  visit(ast);
  return found;
}

/** The named struct or union that a member is reached in, through anonymous ones. */
function findRecord(member: AstNode): string | undefined {
  let at = listChildren(member)[0];
  while (at !== undefined) {
    const type = at.type?.desugaredQualType ?? at.type?.qualType ?? "";
    const record = /^(?:(?:const|volatile) )*((?:struct|union) \w+)(?: const| volatile)*(?: \*(?:const)?)?$/.exec(
      type,
    )?.[1];
    if (record !== undefined) return record;
    if (at.kind !== "MemberExpr" && !isTransparent(at)) return undefined;
    at = listChildren(at)[0];
  }
  return undefined;
}

function stripParens(node: AstNode | undefined): AstNode | undefined {
  let at = node;
  while (isTransparent(at)) at = listChildren(at!)[0];
  return at;
}

function chooseReader(pointer: AstNode, provenance: Provenance, names: KernelNames): "kernel" | "any" | undefined {
  const origin = provenance.findOrigin(pointer);
  const record = findPointee(pointer);
  const isKernel = record !== undefined && isKernelRecord(record, names);
  if ((origin & Origin.any) !== 0) return "any";
  if ((origin & Origin.kernel) !== 0) return isKernel ? "kernel" : "any";
  if ((origin & direct) !== 0) return undefined;
  // Nothing known of the pointer: it came out of a map, or from where no call shows. A kernel struct is never in a program's own memory by accident.
  return isKernel && !contextTypes.test(record) ? "any" : undefined;
}

function isKernelRecord(record: string, names: KernelNames): boolean {
  const [kind, name] = record.split(" ");
  return name !== undefined && names.haveType(kind as "struct" | "union", name);
}

/** Remembers answers: looking a name up searches a long list. */
export function rememberNames(names: KernelNames): KernelNames {
  const types = new Map<string, boolean>();
  const bits = new Map<string, boolean>();
  const remember = (known: Map<string, boolean>, key: string, ask: () => boolean): boolean => {
    const answer = known.get(key) ?? ask();
    known.set(key, answer);
    return answer;
  };
  return {
    findEnumValue: names.findEnumValue,
    haveType: (kind, name) => remember(types, `${kind} ${name}`, () => names.haveType(kind, name)),
    isBitField: (record, member) => remember(bits, `${record}.${member}`, () => names.isBitField(record, member)),
  };
}
