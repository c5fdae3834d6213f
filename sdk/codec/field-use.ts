import type { StructLayout } from "../wire/layout.ts";
import { splitTokens } from "./script-tokens.ts";
import type { Token } from "./script-tokens.ts";
import type { FieldUse } from "./record-walk.ts";

/** Words by which a callback may get at its event in other ways than by its name, or make something that looks at it later. */
const unclear = new Set(["function", "class", "async", "await", "yield", "arguments", "eval", "with", "this", "super"]);
const blockWords = new Set(["else", "do", "try", "finally"]);

/**
 * What a callback does with its first parameter, where its text shows that all it does is to name fields of `layout`: then nobody can tell
 * one object that is filled again from a new one, and what is not named need not be read. Undefined for whatever is not plainly so: the event handed on, kept
 * or compared, or named in a function within the callback, which may look at it later.
 */
export function findFieldUse(callback: (...values: never[]) => unknown, layout: StructLayout): FieldUse | undefined {
  const text = Function.prototype.toString.call(callback);
  const tokens = text.includes("[native code]") ? undefined : splitTokens(text);
  return tokens === undefined ? undefined : new CallbackText(tokens).findUse(new Set(listMemberNames(layout)));
}

class CallbackText {
  private readonly tokens: readonly Token[];
  /** For each bracket, where it is closed; for each token, the bracket around it, -1 for none. */
  private readonly closers = new Map<number, number>();
  private readonly around: number[] = [];
  /** Brackets around an object or a pattern, as far as they are not known to be around statements. */
  private readonly blocks = new Set<number>();

  constructor(tokens: readonly Token[]) {
    this.tokens = tokens;
    const open: number[] = [];
    tokens.forEach((_, index) => {
      if (this.isSign(index, ")", "]", "}")) this.closers.set(open.pop()!, index);
      this.around.push(open.at(-1) ?? -1);
      if (this.isSign(index, "{") && this.isBlock(index)) this.blocks.add(index);
      if (this.isSign(index, "(", "[", "{", "${")) open.push(index);
    });
  }

  findUse(fields: ReadonlySet<string>): FieldUse | undefined {
    const isFunction = this.tokens[0]?.text === "function";
    const start = isFunction ? (this.tokens[1]?.kind === "word" ? 2 : 1) : 0;
    const listEnd = this.isSign(start, "(") ? this.closers.get(start)! : start;
    const ownArrow = isFunction ? -1 : listEnd + 1;
    if (isFunction ? !this.isSign(listEnd + 1, "{") || listEnd === start : !this.isSign(ownArrow, "=>"))
      return undefined;
    const isClear = this.tokens.every(
      ({ kind, text }, index) => index < start || kind !== "word" || !unclear.has(text),
    );
    if (!isClear || this.haveMethod()) return undefined;
    const first = listEnd === start ? start : start + 1;
    if (first === listEnd && listEnd !== start) return { fields: new Set(), takesCpu: false };
    if (this.isSign(first, "{")) return this.readPattern(first, listEnd);
    const head = this.tokens[first]!;
    if (head.kind !== "word" || (first !== listEnd && first + 1 !== listEnd && !this.isSign(first + 1, ",")))
      return undefined;
    const uses = this.listUses(head.text, first + 1);
    const named = uses.map((index) => this.findField(index) ?? this.findTakenApart(index));
    const isKnown = (names: readonly string[] | undefined): boolean =>
      names?.every((name) => fields.has(name)) === true;
    if (!named.every(isKnown) || this.haveUseInArrow(uses, ownArrow)) return undefined;
    return { fields: new Set(named.flatMap((names) => names!)), takesCpu: this.isSign(first + 1, ",") };
  }

  /** The fields that are taken apart in the parameter list, before the first line runs. */
  private readPattern(start: number, listEnd: number): FieldUse | undefined {
    const end = this.closers.get(start)!;
    if (end + 1 !== listEnd && !this.isSign(end + 1, ",")) return undefined;
    const names = this.listPatternNames(start, end);
    return names && { fields: new Set(names), takesCpu: end + 1 !== listEnd };
  }

  /** The properties that a pattern takes; undefined for one that has more than names and plain defaults. */
  private listPatternNames(start: number, end: number): string[] | undefined {
    const names: string[] = [];
    for (let index = start + 1; index < end; index++) {
      if (this.tokens[index]!.kind !== "word") return undefined;
      names.push(this.tokens[index]!.text);
      if (this.isSign(index + 1, ":")) {
        index += 2;
        if (this.tokens[index]!.kind !== "word") return undefined;
      }
      // A default value: one token, which is all that anybody writes.
      if (this.isSign(index + 1, "=")) index += 2;
      if (!this.isSign(++index, ",") && index !== end) return undefined;
    }
    return names;
  }

  /** Where the name stands for the event, and not for a property of something. */
  private listUses(name: string, start: number): number[] {
    const isUse = (token: Token, index: number): boolean =>
      index >= start && token.kind === "word" && token.text === name && !this.isSign(index - 1, ".", "?.");
    return this.tokens.flatMap((token, index) => (isUse(token, index) ? [index] : []));
  }

  private findField(use: number): [string] | undefined {
    const field = this.tokens[use + 2];
    return this.isSign(use + 1, ".", "?.") && field?.kind === "word" ? [field.text] : undefined;
  }

  /** The fields of `const { pid, comm } = e;`. */
  private findTakenApart(use: number): string[] | undefined {
    if (!this.isSign(use - 1, "=") || !this.isSign(use - 2, "}") || !this.isSign(use + 1, ";")) return undefined;
    const start = [...this.closers].find(([, closer]) => closer === use - 2)![0];
    const word = this.tokens[start - 1];
    const declares = word?.kind === "word" && ["const", "let", "var"].includes(word.text);
    return declares ? this.listPatternNames(start, use - 2) : undefined;
  }

  /** Whether an arrow function may have a use in it: it begins at its parameters and ends at the latest with the bracket around it. */
  private haveUseInArrow(uses: readonly number[], ownArrow: number): boolean {
    return this.tokens.some((_, arrow) => {
      if (arrow === ownArrow || !this.isSign(arrow, "=>")) return false;
      const around = this.around[arrow]!;
      const start = around === -1 ? 0 : around;
      const end = around === -1 ? this.tokens.length : this.closers.get(around)!;
      return uses.some((use) => use > start && use < end);
    });
  }

  /** Whether an object has methods or accessors: a list of parameters and a body behind it. */
  private haveMethod(): boolean {
    return this.tokens.some(
      (_, index) => this.isSign(index, "{") && this.isSign(index - 1, ")") && !this.blocks.has(index),
    );
  }

  /**
   * Whether a brace is surely around statements, never around an object. At the start of a statement it is, and behind the head of one;
   * a block that follows on a label is taken for an object.
   */
  private isBlock(index: number): boolean {
    if (this.isSign(index - 1, "=>")) return true;
    const around = this.around[index]!;
    if (around === -1) return this.isSign(index - 1, ")");
    if (!this.blocks.has(around)) return false;
    const last = this.tokens[index - 1]!;
    return this.isSign(index - 1, ")", "{", "}", ";") || (last.kind === "word" && blockWords.has(last.text));
  }

  private isSign(index: number, ...signs: readonly string[]): boolean {
    const token = this.tokens[index];
    return token?.kind === "sign" && signs.includes(token.text);
  }
}

/** The names of a struct's members, those of anonymous ones among them. */
export function listMemberNames(layout: StructLayout): string[] {
  return layout.members.flatMap(({ name, layout: inner }) =>
    name === "" && "members" in inner ? listMemberNames(inner) : [name],
  );
}
