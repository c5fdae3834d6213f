import { methodWords } from "../dialect/words/method-words.ts";
import { mapWords } from "../dialect/words/map-words.ts";
import type { CModel } from "./c-model.ts";
import { findTypeBefore, listLocals, listMembers } from "./expression-type.ts";
import type { KernelKnowledge } from "./kernel-knowledge.ts";

/** What an editor offers to write. */
export interface Completion {
  readonly name: string;
  readonly kind: "method" | "member" | "table" | "function" | "variable" | "macro" | "type" | "keyword" | "event";
  /** The declaration in C, or how the word is written. */
  readonly detail: string;
  readonly documentation?: string;
}

const keywords =
  "break case char const continue default do else enum for goto if int long return short signed sizeof static struct switch typedef union unsigned void while u8 u16 u32 u64 s8 s16 s32 s64".split(
    " ",
  );

const heads: readonly (readonly [name: string, detail: string])[] = [
  ["TRACEPOINT_PROBE", "TRACEPOINT_PROBE(category, event) { … args->field … }"],
  ["RAW_TRACEPOINT_PROBE", "RAW_TRACEPOINT_PROBE(event) { … ctx->args[0] … }"],
  ["KFUNC_PROBE", "KFUNC_PROBE(function, arguments…) { … }"],
  ["KRETFUNC_PROBE", "KRETFUNC_PROBE(function, arguments…, ret) { … }"],
  ["LSM_PROBE", "LSM_PROBE(hook, arguments…) { … }"],
  ["PT_REGS_PARM1", "PT_REGS_PARM1(ctx): the first argument of a kprobe's function"],
  ["PT_REGS_RC", "PT_REGS_RC(ctx): what a kretprobe's function returned"],
  ["SEC", 'SEC("xdp")'],
];

/** Lists what can be written at a place of a C text. Units: index in the text. */
export function completeC(model: CModel, kernel: KernelKnowledge, offset: number): readonly Completion[] {
  const { tokens } = model;
  const inside = tokens.find(({ start, end }) => start < offset && offset < end);
  if (isInComment(model, offset) || inside?.kind === "string" || inside?.kind === "char") return [];
  // The word that is being written is not yet one.
  let last = tokens.findLastIndex(({ end }) => end <= offset);
  if (tokens[last]?.kind === "word" && tokens[last]!.end === offset) last--;
  const operator = tokens[last]?.text;
  if (operator === "." || operator === "->") return completeMember(model, kernel, last);
  if (operator === "struct" || operator === "union" || operator === "enum") return completeTag(model, kernel, operator);
  const probe = completeTracepoint(model, kernel, last);
  return probe ?? completeName(model, kernel, offset);
}

function isInComment({ text, tokens }: CModel, offset: number): boolean {
  const before = tokens.findLast(({ end }) => end <= offset)?.end ?? 0;
  const gap = text.slice(before, offset);
  return /\/\/[^\n]*$/.test(gap) || (gap.includes("/*") && gap.lastIndexOf("/*") > gap.lastIndexOf("*/"));
}

function completeMember(model: CModel, kernel: KernelKnowledge, operator: number): readonly Completion[] {
  const owner = model.tokens[operator - 1];
  const table = model.tables.find(({ name }) => name === owner?.text);
  const isOwned = [".", "->"].includes(model.tokens[operator - 2]?.text ?? "");
  if (table !== undefined && !isOwned) {
    return methodWords
      .filter(({ kinds }) => kinds === undefined || kinds.includes(table.kind))
      .map(({ name, doc }) => ({ name, kind: "method", detail: doc.split(": ")[0]!, documentation: doc }));
  }
  const type = findTypeBefore(model, kernel, operator - 1);
  if (type === undefined) return [];
  return listMembers(model, kernel, type).map(({ name, declaration }) => ({
    name,
    kind: "member",
    detail: declaration,
  }));
}

function completeTag(model: CModel, kernel: KernelKnowledge, keyword: string): readonly Completion[] {
  const own = [...model.structs.keys()]
    .filter((name) => name.startsWith(`${keyword} `))
    .map((name) => name.slice(keyword.length + 1));
  return [...new Set([...own, ...kernel.listNames(keyword)])].map((name) => ({
    name,
    kind: "type",
    detail: `${keyword} ${name}`,
  }));
}

/** The category and the event of `TRACEPOINT_PROBE(`. */
function completeTracepoint(model: CModel, kernel: KernelKnowledge, last: number): readonly Completion[] | undefined {
  const { tokens } = model;
  const texts = [3, 2, 1, 0].map((back) => tokens[last - back]?.text);
  if (texts[2] === "TRACEPOINT_PROBE" && texts[3] === "(")
    return [...new Set(kernel.listTracepoints().map((name) => name.split(":")[0]!))].map((name) => ({
      name,
      kind: "event",
      detail: `tracepoints of ${name}`,
    }));
  if (texts[0] !== "TRACEPOINT_PROBE" || texts[3] !== ",") return undefined;
  const category = `${texts[2]}:`;
  return kernel
    .listTracepoints()
    .filter((name) => name.startsWith(category))
    .map((name) => ({ name: name.slice(category.length), kind: "event", detail: name }));
}

function completeName(model: CModel, kernel: KernelKnowledge, offset: number): readonly Completion[] {
  const found: Completion[] = [
    ...listLocals(model, offset).map(
      ({ name, declaration }): Completion => ({ name, kind: "variable", detail: declaration }),
    ),
    ...model.tables.map(({ name, declaration }): Completion => ({ name, kind: "table", detail: declaration })),
    ...model.functions.map(({ name, head }): Completion => ({ name, kind: "function", detail: head })),
    ...[...model.macros].map(([name, { text }]): Completion => ({ name, kind: "macro", detail: text })),
    ...[...model.structs.keys()]
      .filter((name) => !name.includes(" "))
      .map((name): Completion => ({ name, kind: "type", detail: name })),
    ...mapWords.map(({ name, doc }): Completion => ({ name, kind: "macro", detail: doc })),
    ...heads.map(([name, detail]): Completion => ({ name, kind: "macro", detail })),
    ...kernel.listHelpers().map(
      ({ name, prototype, documentation }): Completion => ({
        name,
        kind: "function",
        detail: prototype,
        documentation,
      }),
    ),
    ...keywords.map((name): Completion => ({ name, kind: "keyword", detail: name })),
  ];
  const names = new Set<string>();
  return found.filter(({ name }) => !names.has(name) && names.add(name));
}
