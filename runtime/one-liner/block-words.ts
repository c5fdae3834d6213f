import { findClosing } from "../dialect/text/lexer.ts";
import type { Token, TokenRange } from "../dialect/text/lexer.ts";
import type { FunctionTypes } from "./function-types.ts";
import type { Line, LineBlock, LineProbe } from "./parse-line.ts";
import { makePiece } from "./pieces.ts";
import type { Piece } from "./pieces.ts";
import { findReadyWord, readyWords } from "./ready-words.ts";
import type { WordContext } from "./ready-words.ts";
import type { Column, LineTable, TableUse } from "./tables.ts";
import type { ValueType } from "./value-types.ts";

/** A `print` of the text. */
export interface PrintUse {
  /** Its escapes are read. */
  readonly format: string;
  readonly at: number;
  readonly columns: readonly Column[];
}

/** A text that is compared with a literal, which is kept with its quotes. */
export interface TextComparison {
  readonly value: TokenRange;
  readonly literal: string;
  /** How much of it counts. Units: bytes. */
  readonly most?: number;
  readonly isEqual: boolean;
  /** The token behind it all. */
  readonly to: number;
}

/** What was met while blocks were lowered. */
export interface Findings {
  readonly tables: TableUse[];
  readonly prints: PrintUse[];
  /** How many questions about types there are. */
  questions: number;
  /** Ready words that were met in all blocks. */
  readonly words: Set<string>;
  /** What a ready word holds where a pattern's functions do not agree on its type. Shape: sentences. */
  readonly doubts: Set<string>;
}

/** What lowering is told. */
export interface LoweringOptions {
  readonly line: Line;
  readonly findings: Findings;
  /** The types of values in tables, as far as they are known while types are asked for. */
  readonly values?: ReadonlyMap<string, string>;
  /** Undefined while types are asked for. */
  readonly tables?: ReadonlyMap<string, LineTable>;
  /** Clang's answers to the questions, by number; undefined while they are asked. */
  readonly types?: ReadonlyMap<number, ValueType>;
  /** Tells the types of a probe's values, as far as the kernel's types say them. */
  readonly findTypes?: (probe: LineProbe) => FunctionTypes | undefined;
  /** Names that the text declares at file level. */
  readonly ownNames: ReadonlySet<string>;
  /** How a `print` sends its event, once types are known. */
  readonly sendEvent?: (index: number, columns: readonly Column[], values: readonly (readonly Piece[])[]) => Piece[][];
}

/** Whether functions of a pattern differ in what a ready word holds. */
function isInDoubt(name: string, types: FunctionTypes | undefined): boolean {
  if (types?.differ === undefined) return false;
  return name === "retval" ? types.differ.returns : types.differ.parameters.has(Number(name.replace(/^arg/, "")) - 1);
}

/** The ready words of one block: which are met, and where its own names stand for something else. */
export abstract class BlockWords {
  protected readonly tokens: readonly Token[];
  protected readonly text: string;
  private readonly declared: ReadonlySet<string>;
  private readonly met = new Set<string>();
  private readonly written = new Set<string>();

  constructor(
    protected readonly options: LoweringOptions,
    protected readonly block: LineBlock,
    protected readonly probe: LineProbe,
  ) {
    this.tokens = options.line.tokens;
    this.text = options.line.text;
    this.declared = this.findDeclared();
  }

  /** Whether a word that was met is also a name of the block's own. */
  protected get shadows(): boolean {
    return [...this.met].some((name) => this.declared.has(name));
  }

  protected declares(name: string): boolean {
    return this.declared.has(name);
  }

  /** Declares the words that were met and are not declared yet. */
  protected declareMet(): Piece[][] {
    const lines: Piece[][] = [];
    for (const { name, declare } of readyWords) {
      if (!this.met.has(name) || this.written.has(name)) continue;
      this.written.add(name);
      const context = this.describeContext();
      const meaning = declare(context);
      if (isInDoubt(name, context.types)) {
        const what = `The functions of "${context.probe}" have values of different types for ${name}`;
        this.options.findings.doubts.add(
          `${what}: it is the whole register. Cast it where they are narrower: (int)${name}`,
        );
      }
      if ("lines" in meaning) lines.push(...meaning.lines.map((text) => [makePiece(text)]));
    }
    return lines;
  }

  private describeContext(): WordContext {
    const types = this.options.findTypes?.(this.probe);
    return { kind: this.probe.kind, probe: this.probe.text, ...(types && { types }) };
  }

  /** Names that the block seems to declare: a word behind a type or a star, before what ends a declarator. */
  private findDeclared(): Set<string> {
    const names = new Set<string>();
    const { body } = this.block;
    for (let at = body.from + 1; at < body.to; at++) {
      const [before, token, next] = [this.tokens[at - 1]!, this.tokens[at]!, this.tokens[at + 1]!];
      if (token.kind !== "word" || !/^[=;,[)]$/.test(next.text)) continue;
      const isBehindType = before.kind === "word" && !/^(return|else|case|goto|sizeof|do)$/.test(before.text);
      if (isBehindType || before.text === "*") names.add(token.text);
    }
    return names;
  }

  /** Notes a ready word where a word is one. Answers it. @throws DialectError where it means nothing here */
  protected readWord(at: number): string | undefined {
    const token = this.tokens[at]!;
    if (token.kind !== "word") return undefined;
    const before = this.tokens[at - 1]?.text;
    const next = this.tokens[at + 1]?.text;
    if (before === "." || before === "->" || /^(struct|union|enum|goto)$/.test(before ?? "") || next === "(")
      return undefined;
    if (this.options.ownNames.has(token.text)) return undefined;
    const isOwn = this.declared.has(token.text);
    if (/^arg\d+$/.test(token.text) && !isOwn && findReadyWord(token.text) === undefined) {
      const hint =
        token.text === "arg0"
          ? "arguments count from 1 here, as in BCC's trace: arg1 is the first"
          : "the arguments in registers are arg1 to arg6";
      throw this.fail(token, `There is no "${token.text}"`, hint);
    }
    if (token.text === "args" && next === "." && this.probe.kind.context === "args" && !isOwn) {
      const member = this.tokens[at + 2]?.text ?? "";
      throw this.fail(token, `"args" is a pointer: args->${member}`, "C has -> for the members behind a pointer");
    }
    const word = findReadyWord(token.text);
    if (word === undefined) return undefined;
    if (!isOwn) {
      const meaning = word.declare(this.describeContext());
      if ("refused" in meaning) throw this.fail(token, meaning.refused, meaning.hint);
    }
    if (word.inline !== undefined) return isOwn ? undefined : word.name;
    this.met.add(word.name);
    this.options.findings.words.add(word.name);
    return word.name;
  }

  protected fail({ start }: Token, message: string, hint?: string): Error {
    return this.options.line.fail(start, message, hint);
  }

  protected isMember(at: number): boolean {
    return this.tokens[at - 1]?.text === "." || this.tokens[at - 1]?.text === "->";
  }

  protected isOwn(name: string): boolean {
    return this.declared.has(name) || this.options.ownNames.has(name);
  }

  /** `comm == "bash"`, and the other way round: a name or a member beside a text. */
  protected readComparison(at: number, end: number): TextComparison | undefined {
    const { tokens } = this;
    // Behind a cast or an operator the name is only a part of what is compared.
    if (!/^(?:[([{};,=?:]|&&|\|\||return)$/.test(tokens[at - 1]?.text ?? ";")) return undefined;
    const isFirst = tokens[at]!.kind === "string";
    const [from, to] = isFirst ? [at + 2, this.findNameEnd(at + 2, end)] : [at, this.findNameEnd(at, end)];
    if (to === undefined || (!isFirst && to + 2 > end)) return undefined;
    const operator = tokens[isFirst ? at + 1 : to];
    const literal = isFirst ? tokens[at]! : tokens[to + 1];
    if (operator === undefined || !/^[=!]=$/.test(operator.text) || literal?.kind !== "string") return undefined;
    const isReady = to === from + 1 && tokens[from]!.text === "comm" && !this.isOwn("comm");
    if (isReady) this.readWord(from);
    return {
      value: { from, to },
      literal: literal.text,
      // The kernel cuts a longer name.
      ...(isReady && { most: 15 }),
      isEqual: operator.text === "==",
      to: isFirst ? to : to + 2,
    };
  }

  /** The end of a name with its members and indexes, `a->b[1].c`; undefined where none begins. */
  private findNameEnd(from: number, end: number): number | undefined {
    const { tokens } = this;
    if (from >= end || tokens[from]!.kind !== "word" || this.isMember(from)) return undefined;
    let at = from + 1;
    while (at < end) {
      if (/^(?:\.|->)$/.test(tokens[at]!.text)) at += 2;
      else if (tokens[at]!.text === "[") at = (findClosing(tokens, at) ?? end) + 1;
      else break;
    }
    return at > end ? undefined : at;
  }
}
