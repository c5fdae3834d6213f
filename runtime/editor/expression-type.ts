import type { CModel, EditedFunction } from "./c-model.ts";
import { readDeclarators, readType } from "./c-model.ts";
import type { KernelKnowledge } from "./kernel-knowledge.ts";

/** What has members: a type by its name, one of the kernel's, or the arguments of a tracepoint. */
export interface KnownType {
  readonly name?: string;
  readonly kernel?: number;
  readonly tracepoint?: readonly [category: string, event: string];
}

/** A member that an expression has. */
export interface KnownMember {
  readonly name: string;
  readonly declaration: string;
  readonly type: KnownType;
  /** Where the text declares it. Units: index in the text. */
  readonly offset?: number;
}

/** A name that a function sees: a parameter, or a variable. */
export interface LocalName {
  readonly name: string;
  readonly declaration: string;
  readonly type: KnownType;
  readonly offset: number;
}

/** Lists the members of what a type leads to. */
export function listMembers(model: CModel, kernel: KernelKnowledge, type: KnownType): readonly KnownMember[] {
  if (type.tracepoint !== undefined)
    return kernel.listFields(...type.tracepoint).map((field) => ({ ...field, type: {} }));
  const own = type.name === undefined ? undefined : model.structs.get(type.name);
  if (own !== undefined) return own.members;
  const id = type.kernel ?? (type.name === undefined ? undefined : kernel.findType(type.name));
  if (id === undefined) return [];
  return kernel.listMembers(id).map(({ name, declaration, type: member }) => ({
    name,
    declaration,
    type: member === undefined ? {} : { kernel: member },
  }));
}

/** The function whose body or parameters a place lies in. Units: index in the text. */
export function findFunctionAt(model: CModel, offset: number): EditedFunction | undefined {
  const found = model.functions.findLast((fn) => model.tokens[fn.headToken]!.start <= offset);
  return found === undefined || (found.bodyEnd !== undefined && found.bodyEnd < offset) ? undefined : found;
}

/** Lists what a function declares before a place, the nearest first. */
export function listLocals(model: CModel, offset: number): readonly LocalName[] {
  const fn = findFunctionAt(model, offset);
  if (fn === undefined) return [];
  const { tokens, text } = model;
  const locals: LocalName[] = [];
  const params = fn.params.map((param) => text.slice(tokens[param.from]!.start, tokens[param.to - 1]!.end));
  if (fn.name === "TRACEPOINT_PROBE" && params.length >= 2) {
    const [category, event] = [params[0]!, params[1]!];
    const declaration = `struct tracepoint__${category}__${event} *args`;
    locals.push({ name: "args", declaration, type: { tracepoint: [category, event] }, offset: fn.offset });
  }
  if (fn.name.startsWith("RAW_TRACEPOINT") || /^(?:K|LSM|BPF_K)/.test(fn.name)) {
    const name = fn.name.startsWith("RAW") ? "struct bpf_raw_tracepoint_args" : "struct pt_regs";
    locals.push({ name: "ctx", declaration: `${name} *ctx`, type: { name }, offset: fn.offset });
  }
  for (const param of fn.params) locals.push(...readDeclarators(text, tokens, param));
  for (let at = fn.bodyToken + 1; at < tokens.length && tokens[at]!.start < offset; at++) {
    if (!["{", "}", ";", "(", ")"].includes(tokens[at - 1]!.text)) continue;
    const end = findDeclarationEnd(model, at);
    if (end !== undefined) locals.push(...readDeclarators(text, tokens, { from: at, to: end }));
  }
  return locals.reverse();
}

/** The token that ends the declaration which begins at one; undefined where none does. */
function findDeclarationEnd({ tokens }: CModel, from: number): number | undefined {
  const type = readType(tokens, from);
  if (type === undefined || tokens[type.end]?.kind !== "word") return undefined;
  if (!["=", ";", ",", "[", ")"].includes(tokens[type.end + 1]?.text ?? ";")) return undefined;
  let depth = 0;
  for (let at = type.end; at < tokens.length; at++) {
    const { text } = tokens[at]!;
    if ("([{".includes(text)) depth++;
    else if (")]}".includes(text) && depth-- === 0) return at;
    else if (text === ";" && depth === 0) return at;
  }
  return tokens.length;
}

/** The type of the expression that ends with a token. */
export function findTypeBefore(model: CModel, kernel: KernelKnowledge, last: number): KnownType | undefined {
  const { tokens } = model;
  const token = tokens[last];
  if (token === undefined) return undefined;
  if (token.text === "]") {
    const open = findOpening(model, last);
    return open === undefined ? undefined : findTypeBefore(model, kernel, open - 1);
  }
  if (token.text === ")") return findParenthesised(model, kernel, last);
  if (token.kind !== "word") return undefined;
  const before = tokens[last - 1]?.text;
  if (before === "." || before === "->") return findMember(model, kernel, last)?.type;
  return listLocals(model, token.start).find(({ name }) => name === token.text)?.type;
}

/** The member that a token names behind `.` or `->`. */
export function findMember(model: CModel, kernel: KernelKnowledge, at: number): KnownMember | undefined {
  const owner = findTypeBefore(model, kernel, at - 2);
  if (owner === undefined) return undefined;
  return listMembers(model, kernel, owner).find(({ name }) => name === model.tokens[at]!.text);
}

/** A cast, a call or an expression in parentheses. */
function findParenthesised(model: CModel, kernel: KernelKnowledge, close: number): KnownType | undefined {
  const { tokens } = model;
  const open = findOpening(model, close);
  if (open === undefined) return undefined;
  if (tokens[open + 1]?.text === "(") {
    const cast = readType(tokens, open + 2);
    if (cast !== undefined && tokens[cast.end]?.text === ")" && cast.end < close - 1) return { name: cast.name };
  }
  const callee = tokens[open - 1];
  if (callee?.kind === "word" && !["if", "while", "return", "sizeof"].includes(callee.text)) {
    const helper = kernel.listHelpers().find(({ name }) => name === callee.text);
    const type = /^(?:const )?((?:struct )?\w+) \*/.exec(helper?.prototype ?? "")?.[1];
    return type === undefined ? undefined : { name: type };
  }
  return findTypeBefore(model, kernel, close - 1);
}

function findOpening({ tokens }: CModel, close: number): number | undefined {
  let depth = 0;
  for (let at = close; at >= 0; at--) {
    const { text } = tokens[at]!;
    if (")]}".includes(text)) depth++;
    else if ("([{".includes(text) && --depth === 0) return at;
  }
  return undefined;
}
