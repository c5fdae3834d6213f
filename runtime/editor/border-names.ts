import type ts from "typescript";
import type { EditedScript, EditedText } from "./edited-script.ts";
import { findTextAt } from "./edited-script.ts";
import { findWordAt } from "./describe-c.ts";

/** A name that stands on both sides: of a table or a function of the C. */
export interface BorderName {
  readonly name: string;
  readonly kind: "table" | "function";
  /** As the C declares it. */
  readonly declaration: string;
  /** Where the C declares it. Units: index into the script. */
  readonly offset: number;
  /** The place that was asked about. */
  readonly span: ts.TextSpan;
  /** Whether each place has the name by itself, so that it can be changed. */
  readonly isWhole: boolean;
}

/** One place of a border name. */
export interface BorderPlace {
  readonly span: ts.TextSpan;
  /** What must follow the new name: `{ counts }` becomes `{ sums: counts }`. */
  readonly suffix?: string;
  readonly isDefinition: boolean;
}

/** What finding names needs of TypeScript. */
export interface TypeScriptView {
  readonly ts: typeof ts;
  readonly checker: ts.TypeChecker;
  readonly source: ts.SourceFile;
}

/** Finds the table or function that a place of the script names, on either side of the border. */
export function findBorderName(view: TypeScriptView, script: EditedScript, position: number): BorderName | undefined {
  const inC = findTextAt(script, position);
  if (inC !== undefined) {
    const word = findWordAt(inC.text.model, inC.offset);
    if (word === undefined || isMember(inC.text, word.at)) return undefined;
    return describeName([inC.text], word.token.text, {
      start: inC.text.source.start + word.token.start,
      length: word.token.text.length,
    });
  }
  const node = findNode(view, position);
  if (node === undefined || !isName(view, script, node)) return undefined;
  const name = (node as ts.StringLiteralLike | ts.Identifier).text;
  const quote = view.ts.isStringLiteralLike(node) ? 1 : 0;
  return describeName(script.texts, name, { start: node.getStart(view.source) + quote, length: name.length });
}

function describeName(texts: readonly EditedText[], name: string, span: ts.TextSpan): BorderName | undefined {
  for (const { source, model } of texts) {
    const table = model.tables.find((each) => each.name === name);
    if (table !== undefined)
      return {
        name,
        kind: "table",
        declaration: table.declaration,
        offset: source.start + table.offset,
        span,
        isWhole: true,
      };
    const fn = model.functions.find((each) => each.scriptName === name || (each.name === name && each.isProgram));
    if (fn !== undefined) {
      const isWhole = model.text.startsWith(name, fn.offset);
      return { name, kind: "function", declaration: fn.head, offset: source.start + fn.offset, span, isWhole };
    }
  }
  return undefined;
}

/** Lists all places of a table's or function's name in a script. */
export function listPlaces(
  view: TypeScriptView,
  script: EditedScript,
  { name, offset }: BorderName,
): readonly BorderPlace[] {
  const { ts } = view;
  const places: BorderPlace[] = [];
  for (const text of script.texts) {
    text.model.tokens.forEach((token, at) => {
      const quoted = token.kind === "string" && token.text === `"${name}"` && isInnerTable(text, at);
      if (!quoted && (token.kind !== "word" || token.text !== name || isMember(text, at))) return;
      const start = text.source.start + token.start + (quoted ? 1 : 0);
      places.push({ span: { start, length: name.length }, isDefinition: start === offset });
    });
  }
  const visit = (node: ts.Node): void => {
    if ((ts.isStringLiteralLike(node) || ts.isIdentifier(node)) && node.text === name && isName(view, script, node)) {
      const start = node.getStart(view.source) + (ts.isStringLiteralLike(node) ? 1 : 0);
      const isShort = ts.isBindingElement(node.parent) && node.parent.propertyName === undefined;
      places.push({
        span: { start, length: name.length },
        isDefinition: false,
        ...(isShort && { suffix: `: ${name}` }),
      });
    }
    ts.forEachChild(node, visit);
  };
  visit(view.source);
  return places;
}

/** Whether a node of the script is a table's or function's name: a string where only such names fit, or a property of all tables. */
function isName({ ts, checker, source }: TypeScriptView, script: EditedScript, node: ts.Node): boolean {
  if (ts.isStringLiteralLike(node)) {
    const start = node.getStart(source) + 1;
    if (script.texts.some((text) => text.source.start === start)) return false;
    const wanted = checker.getContextualType(node);
    const fits = wanted === undefined ? [] : wanted.isUnion() ? wanted.types : [wanted];
    return fits.some((type) => type.isStringLiteral() && type.value === node.text);
  }
  if (!ts.isIdentifier(node)) return false;
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent) && parent.name === node)
    return hasAllTables(checker.getTypeAtLocation(parent.expression), script);
  if (ts.isBindingElement(parent) && (parent.propertyName ?? parent.name) === node)
    return hasAllTables(checker.getTypeAtLocation(parent.parent), script);
  return false;
}

function hasAllTables(type: ts.Type, script: EditedScript): boolean {
  return script.texts.some(
    ({ model }) => model.tables.length > 0 && model.tables.every(({ name }) => type.getProperty(name) !== undefined),
  );
}

function isMember({ model }: EditedText, at: number): boolean {
  const before = model.tokens[at - 1]?.text;
  return before === "." || before === "->" || before === "struct";
}

/** Maps of maps name the one that they hold copies of. */
function isInnerTable({ model }: EditedText, at: number): boolean {
  return model.tables.some(
    ({ word, offset }) => word.inner !== undefined && Math.abs(model.tokens[at]!.start - offset) < 200,
  );
}

function findNode({ ts, source }: TypeScriptView, position: number): ts.Node | undefined {
  let found: ts.Node | undefined;
  const visit = (node: ts.Node): void => {
    if (node.getStart(source) > position || node.getEnd() < position) return;
    found = node;
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}
