import { findSimilar } from "../base/similar.ts";
import { findClosing, splitAtCommas } from "../dialect/text/lexer.ts";
import type { TokenRange } from "../dialect/text/lexer.ts";
import { BlockWords } from "./block-words.ts";
import { nameColumns } from "./tables.ts";
import type { Column, TableUse } from "./tables.ts";
import { findTableWord, tableWords } from "./table-words.ts";
import type { TableWord } from "./table-words.ts";

/** A use of a table word, as its tokens show it. */
export interface TableCall {
  readonly table: string;
  readonly word: TableWord;
  readonly at: number;
  readonly open: number;
  readonly close: number;
}

/** Units: bytes of a text without a length. */
const DEFAULT_TEXT = 200;
const MAX_TEXT = 4096;

/** The arguments of table words and of `print`: what each is as a column. */
export abstract class BlockColumns extends BlockWords {
  /** Finds `NAME.word(…)`, or `word(…)` of a word that needs no name. */
  protected readTableCall(at: number): TableCall | undefined {
    const { tokens } = this;
    const token = tokens[at]!;
    if (token.kind !== "word" || this.isMember(at)) return undefined;
    const isMethod = tokens[at + 1]?.text === "." && tokens[at + 3]?.text === "(";
    const wordAt = isMethod ? at + 2 : at;
    if (!isMethod && tokens[at + 1]?.text !== "(") return undefined;
    const word = findTableWord(tokens[wordAt]!.text);
    if (word === undefined) {
      if (isMethod) this.requireKnown(at);
      return undefined;
    }
    if (isMethod ? this.declares(token.text) : word.isNamed || this.isOwn(token.text)) return undefined;
    const open = wordAt + 1;
    const close = findClosing(tokens, open);
    if (close === undefined) throw this.fail(token, `"${word.name}(" is never closed`);
    return { table: isMethod ? token.text : word.name, word, at, open, close };
  }

  /** A method that nobody has, of a table that nobody declares. */
  private requireKnown(at: number): void {
    const [name, , method] = [this.tokens[at]!, undefined, this.tokens[at + 2]!];
    if (this.isOwn(name.text)) return;
    const similar = findSimilar(
      method.text,
      tableWords.map((word) => word.name),
    );
    if (similar === undefined) return;
    throw this.fail(
      method,
      `There is no "${name.text}.${method.text}"`,
      `did you mean "${similar}"? ${findTableWord(similar)!.doc}`,
    );
  }

  protected readUse({ table, word, at, open, close }: TableCall): TableUse {
    const { tokens } = this;
    const parts = splitAtCommas(tokens, open, close);
    const keyCount = parts.length - word.before - word.after;
    if (keyCount < (word.isNamed ? 1 : 0)) throw this.fail(tokens[at]!, `"${word.name}" lacks an argument`, word.doc);
    const isOwn = this.options.ownNames.has(table);
    if (isOwn && word.kind !== "sum" && word.kind !== "map")
      throw this.fail(
        tokens[at]!,
        `"${table}" is declared by the text, and "${word.name}" makes a table of its own`,
        "leave the declaration out, or give the table another name",
      );
    for (const { from, to } of parts) this.refuseContext(from, to);
    const valueAt = word.after === 1 ? parts.length - 1 : word.before > 0 ? 0 : undefined;
    return {
      table,
      word,
      at: tokens[at]!.start,
      keys: nameColumns(
        parts.slice(word.before, word.before + keyCount).map((part, index) => this.readColumn(part, `key${index + 1}`)),
      ),
      ...(valueAt !== undefined && { value: this.readColumn(parts[valueAt]!, "value") }),
      ...(word.name === "lhist" && { steps: this.readSteps(parts.slice(1, 4)) }),
    };
  }

  /** The address of what a probe is told is another one each time, and says nothing. */
  protected refuseContext(from: number, to: number): void {
    const token = this.tokens[from];
    const { context } = this.probe.kind;
    if (to !== from + 1 || token === undefined || token.text !== context || this.isOwn(token.text)) return;
    const probe = this.probe.text;
    throw this.fail(
      token,
      `"${token.text}" is an address, which says nothing of the event`,
      context === "args"
        ? `name one of its fields: args->NAME; bpfts list -v '${probe}' shows them`
        : "name what the event has: arg1, retval, comm",
    );
  }

  private readSteps(parts: readonly TokenRange[]): [number, number, number] {
    const [min, max, step] = parts.map(({ from, to }) => {
      const text = this.text.slice(this.tokens[from]!.start, this.tokens[to - 1]!.end).replace(/\s/g, "");
      if (!/^-?\d+$/.test(text))
        throw this.fail(
          this.tokens[from]!,
          `The bounds of "lhist" are whole numbers, found "${text}"`,
          findTableWord("lhist")!.doc,
        );
      if (!Number.isSafeInteger(Number(text)))
        throw this.fail(
          this.tokens[from]!,
          `"lhist" counts no further than 2^53, found the bound ${text}`,
          "hist(value) takes values of any size",
        );
      return Number(text);
    }) as [number, number, number];
    if (max <= min || step <= 0 || (max - min) / step > 1000)
      throw this.fail(
        this.tokens[parts[0]!.from]!,
        `A histogram from ${min} to ${max} in steps of ${step} cannot be`,
        "max is larger than min, and there are at most 1000 steps",
      );
    return [min, max, step];
  }

  /** What an argument is as a key, a value or something to print. Values are numbered: clang is asked for their types. */
  protected readColumn({ from, to }: TokenRange, fallback: string): Column {
    const { tokens } = this;
    if (from >= to) throw this.fail(tokens[from] ?? tokens.at(-1)!, "An argument is empty");
    const first = tokens[from]!;
    const text = this.text.slice(first.start, tokens[to - 1]!.end);
    const common = { at: first.start, text };
    if (to === from + 1 && !this.isOwn(first.text)) {
      // These are written where they are kept.
      if (first.text === "comm" || first.text === "walltime") return { ...common, name: first.text, form: first.text };
      const word = this.readWord(from);
      if (word === "kstack" || word === "ustack") return { ...common, name: word, form: word };
      if (word !== undefined)
        return { ...common, name: word, form: "value", question: this.options.findings.questions++ };
    }
    if (first.text === "str" && tokens[from + 1]?.text === "(" && findClosing(tokens, from + 1) === to - 1)
      return { ...common, ...this.readText(from), form: "str" };
    const last = tokens[to - 1]!;
    const isSimple = last.kind === "word" && (to === from + 1 || this.isMember(to - 1));
    const name = isSimple ? last.text : fallback;
    return { ...common, name, form: "value", question: this.options.findings.questions++ };
  }

  private readText(at: number): { name: string; size: number } {
    const { tokens } = this;
    const close = findClosing(tokens, at + 1)!;
    const [pointer, length, ...more] = splitAtCommas(tokens, at + 1, close);
    if (pointer === undefined || more.length > 0)
      throw this.fail(tokens[at]!, '"str" takes a pointer and, if you like, a length', "str(args->filename, 64)");
    const last = tokens[pointer.to - 1]!;
    const name = last.kind === "word" ? last.text : "text";
    if (length === undefined) return { name, size: DEFAULT_TEXT };
    const size = Number(this.text.slice(tokens[length.from]!.start, tokens[length.to - 1]!.end));
    if (!Number.isInteger(size) || size < 2 || size > MAX_TEXT)
      throw this.fail(tokens[length.from]!, `The length of a text is a whole number from 2 to ${MAX_TEXT}`);
    return { name, size };
  }
}
