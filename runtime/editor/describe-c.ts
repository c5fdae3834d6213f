import { mapWords } from "../dialect/words/map-words.ts";
import { methodWords } from "../dialect/words/method-words.ts";
import type { Token } from "../dialect/text/lexer.ts";
import type { CModel } from "./c-model.ts";
import { findMember, listLocals } from "./expression-type.ts";
import type { KernelKnowledge } from "./kernel-knowledge.ts";

/** What hovering over a word of the C shows. */
export interface Description {
  /** C: a declaration, a prototype, a definition. */
  readonly code: string;
  readonly documentation?: string;
  /** Where the text declares it. Units: index in the text. */
  readonly offset?: number;
}

/** Finds the word at a place of a C text, and its position among the tokens. Units: index in the text. */
export function findWordAt(model: CModel, offset: number): { readonly token: Token; readonly at: number } | undefined {
  const at = model.tokens.findIndex(({ kind, start, end }) => kind === "word" && start <= offset && offset <= end);
  return at < 0 ? undefined : { token: model.tokens[at]!, at };
}

/** Says what a word of a C text is; undefined for one that nothing is known of. */
export function describeWord(model: CModel, kernel: KernelKnowledge, at: number): Description | undefined {
  const { tokens } = model;
  const { text, start } = tokens[at]!;
  const before = tokens[at - 1]?.text ?? "";
  if (before === "." || before === "->") return describeMember(model, kernel, at);
  if (before === "struct" || before === "union" || before === "enum")
    return describeType(model, kernel, `${before} ${text}`);
  const local = listLocals(model, start + 1).find(({ name }) => name === text);
  if (local !== undefined) return { code: local.declaration, offset: local.offset };
  const table = model.tables.find(({ name }) => name === text);
  if (table !== undefined)
    return { code: table.declaration, documentation: `a table of kind ${table.kind}`, offset: table.offset };
  const fn = model.functions.find(
    ({ name, scriptName, offset }) => offset === start || scriptName === text || (name === text && name === scriptName),
  );
  if (fn !== undefined) return { code: fn.head, offset: fn.offset };
  const macro = model.macros.get(text);
  if (macro !== undefined) return { code: macro.text, offset: macro.offset };
  const word = mapWords.find(({ name }) => name === text);
  if (word !== undefined) return { code: word.doc };
  const helper = kernel.listHelpers().find(({ name }) => name === text);
  if (helper !== undefined) return { code: helper.prototype, documentation: helper.documentation };
  return describeType(model, kernel, text);
}

function describeMember(model: CModel, kernel: KernelKnowledge, at: number): Description | undefined {
  const { tokens } = model;
  const owner = tokens[at - 2]?.text;
  const table = model.tables.find(({ name }) => name === owner);
  const method = table && methodWords.find(({ name }) => name === tokens[at]!.text);
  if (method !== undefined) return { code: method.doc.split(": ")[0]!, documentation: method.doc };
  const member = findMember(model, kernel, at);
  return member && { code: member.declaration, ...(member.offset !== undefined && { offset: member.offset }) };
}

function describeType(model: CModel, kernel: KernelKnowledge, name: string): Description | undefined {
  const own = model.structs.get(name);
  if (own !== undefined) return { code: own.text, offset: own.offset };
  const id = kernel.findType(name);
  return id === undefined ? undefined : { code: kernel.renderType(id) };
}
