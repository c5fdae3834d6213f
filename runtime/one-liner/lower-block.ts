import { findClosing, splitAtCommas } from "../dialect/text/lexer.ts";
import { BlockExpressions } from "./block-expressions.ts";
import type { TableCall } from "./block-columns.ts";
import { readLiterals } from "./c-literal.ts";
import { indent, passKey } from "./fill-column.ts";
import { copyPiece, makePiece } from "./pieces.ts";
import type { Piece } from "./pieces.ts";
import { listConversions } from "./prints.ts";
import { nameColumns } from "./tables.ts";

const controlWords = new Set(["if", "for", "while", "switch"]);

/** Lowers one block for one of its probes: lines of C, each a list of pieces. */
export class BlockLowering extends BlockExpressions {
  /** The body, the filter of `-p` and the condition before it. `filter` is C that ends the function. */
  lower(filter: readonly string[]): Piece[][] {
    const { condition, body } = this.block;
    const lines: Piece[][] = filter.map((text) => [makePiece(text)]);
    if (condition !== undefined) {
      const pieces = this.lowerExpression(condition);
      lines.push(...this.declareMet(), [makePiece("if (!("), ...pieces, makePiece("))")], [makePiece("    return 0;")]);
    }
    const statements = this.lowerStatements(body.from, body.to);
    lines.push(...this.declareMet());
    if (this.shadows) lines.push([makePiece("{")], ...indent(statements), [makePiece("}")]);
    else lines.push(...statements);
    return [...lines, [makePiece("return 0;")]];
  }

  /** `count(key);` and its like. */
  private lowerTableStatement(call: TableCall): Piece[][] {
    const use = this.readUse(call);
    const { tables, findings } = this.options;
    const index = findings.tables.push(use) - 1;
    const keys = this.lowerArguments(call, use);
    const value = this.lowerValueOf(call, use);
    const isOfItself = findings.tables.slice(index + 1).some(({ table }) => table === use.table);
    if (isOfItself) findings.tables[index] = { ...use, isOfItself };
    if (tables === undefined) {
      const asks = [
        ...use.keys.flatMap((column, index) => this.ask(column, keys[index]!)),
        ...(use.value === undefined ? [] : this.ask(use.value, value)),
      ];
      return [[makePiece("{ "), ...asks, makePiece(" }")]];
    }
    const table = tables.get(use.table)!;
    const name = `${use.table}_${call.word.kind === "map" ? "set" : "add"}`;
    const hasSlots = table.kind === "log2" || table.kind === "linear";
    const end = [...value, makePiece(");")];
    if (!table.isStruct) {
      const key: readonly Piece[] = hasSlots ? [] : [...passKey(table, keys[0]), makePiece(", ")];
      return [[makePiece(`${name}(`, use.at), ...key, ...end]];
    }
    const [lines, key] = this.fillKey(table, use, keys);
    return [[makePiece("{")], ...indent([...lines, [makePiece(`${name}(${key}, `, use.at), ...end]]), [makePiece("}")]];
  }

  private lowerPrint(at: number): Piece[][] {
    const { tokens } = this;
    const close = findClosing(tokens, at + 1);
    if (close === undefined) throw this.fail(tokens[at]!, '"print(" is never closed');
    const [head, ...parts] = splitAtCommas(tokens, at + 1, close);
    const literals = head === undefined ? [] : tokens.slice(head.from, head.to);
    if (literals.length === 0 || literals.some(({ kind }) => kind !== "string"))
      throw this.fail(tokens[at]!, '"print" begins with a format', 'print("%-6d %s\\n", pid, comm)');
    const format = readLiterals(literals.map(({ text }) => text));
    const conversions = listConversions(format);
    const wanted = conversions.length;
    if (wanted !== parts.length)
      throw this.fail(
        tokens[head!.from]!,
        `The format has ${wanted} conversion${wanted === 1 ? "" : "s"}, and ${parts.length} value${parts.length === 1 ? "" : "s"} follow${parts.length === 1 ? "s" : ""}`,
        wanted > parts.length && format.includes("% ") ? "a percent sign that is printed is written %%" : undefined,
      );
    for (const [index, { from, to }] of parts.entries()) if (conversions[index] !== "p") this.refuseContext(from, to);
    const columns = nameColumns(parts.map((part, index) => this.readColumn(part, `value${index + 1}`)));
    const values = parts.map((part, index) => this.lowerColumn(part, columns[index]!));
    const index = this.options.findings.prints.push({ format, at: tokens[at]!.start, columns }) - 1;
    if (this.options.sendEvent !== undefined) return this.options.sendEvent(index, columns, values);
    const asks = columns.flatMap((column, order) => this.ask(column, values[order]!));
    return [[makePiece("{ "), ...asks, makePiece(" }")]];
  }

  /** Lowers statements, one a line. */
  private lowerStatements(from: number, to: number): Piece[][] {
    const lines: Piece[][] = [];
    for (let at = from; at < to; ) {
      lines.push(...this.readComments(at).map((text) => [makePiece(text)]));
      const [made, next] = this.lowerStatement(at, to);
      lines.push(...made);
      at = next;
    }
    return lines;
  }

  /** The comments that stand before a token. */
  private readComments(at: number): string[] {
    const gap = this.text.slice(this.tokens[at - 1]?.end ?? 0, this.tokens[at]!.start);
    return [...gap.matchAll(/\/\/.*|\/\*[^]*?\*\//g)].map(([comment]) => comment.trim());
  }

  private lowerStatement(at: number, to: number): [Piece[][], number] {
    const { tokens } = this;
    const token = tokens[at]!;
    if (token.inDirective) return this.copyDirective(at, to);
    if (token.text === ";") return [[], at + 1];
    if (token.text === "{") {
      const close = this.requireClosing(at);
      return [
        [[makePiece("{", token.start)], ...indent(this.lowerStatements(at + 1, close)), [makePiece("}")]],
        close + 1,
      ];
    }
    if (controlWords.has(token.text) && tokens[at + 1]?.text === "(") {
      const close = this.requireClosing(at + 1);
      const head = [
        copyPiece(this.text, token.start, tokens[at + 1]!.end),
        ...this.lowerExpression({ from: at + 2, to: close }),
        makePiece(")"),
      ];
      return this.lowerControlled(head, close + 1, to);
    }
    if (token.text === "else" || token.text === "do")
      return this.lowerControlled([makePiece(token.text, token.start)], at + 1, to);
    const colon = this.findLabelEnd(at, to);
    if (colon !== undefined) {
      // The semicolon of an empty statement is left out elsewhere.
      const end = tokens[colon + 1]?.text === ";" ? ": ;" : ":";
      return [[[...this.lowerExpression({ from: at, to: colon }), makePiece(end)]], colon + 1];
    }
    const call = this.readTableCall(at);
    if (call?.word.use === "statement")
      return [this.lowerTableStatement(call), this.requireEnd(call.close, call.word.name)];
    if (token.text === "print" && tokens[at + 1]?.text === "(" && !this.isOwn("print")) {
      const made = this.lowerPrint(at);
      return [made, this.requireEnd(findClosing(tokens, at + 1)!, "print")];
    }
    let end = at;
    while (end < to && tokens[end]!.text !== ";")
      end = /^[({[]$/.test(tokens[end]!.text) ? this.requireClosing(end) + 1 : end + 1;
    if (token.text === "return" && end === at + 1) return [[[makePiece("return 0;", token.start)]], end + 1];
    const isEnded = end < to;
    return [[[...this.lowerExpression({ from: at, to: end }), makePiece(";")]], isEnded ? end + 1 : end];
  }

  /** The colon of `case 1:`, `default:` and `name:`; undefined where a statement begins with none of them. */
  private findLabelEnd(at: number, to: number): number | undefined {
    const { tokens } = this;
    if (tokens[at]!.text !== "case")
      return tokens[at]!.kind === "word" && at + 1 < to && tokens[at + 1]!.text === ":" ? at + 1 : undefined;
    let open = 0;
    for (let end = at + 1; end < to; end++) {
      const { text } = tokens[end]!;
      if (text === ";") return undefined;
      // A value may be chosen by another one: case A ? 1 : 2:
      if (text === "?") open++;
      else if (text === ":" && open-- === 0) return end;
      else if (/^[({[]$/.test(text)) end = this.requireClosing(end);
    }
    return undefined;
  }

  private requireClosing(at: number): number {
    const close = findClosing(this.tokens, at);
    if (close === undefined) throw this.fail(this.tokens[at]!, `"${this.tokens[at]!.text}" is never closed`);
    return close;
  }

  /** A statement under `if`, `else` or a loop: in braces where it became several. */
  private lowerControlled(head: readonly Piece[], at: number, to: number): [Piece[][], number] {
    if (at >= to) return [[[...head, makePiece(";")]], at];
    const isElseIf = head[0]?.text === "else" && this.tokens[at]!.text === "if";
    const [made, next] = this.lowerStatement(at, to);
    if (isElseIf) return [[[...head, makePiece(" "), ...made[0]!], ...made.slice(1)], next];
    if (this.tokens[at]!.text === ";") return [[[...head, makePiece(";")]], next];
    const first = made[0];
    if (first?.[0]?.text === "{" && first.length === 1) return [[[...head, makePiece(" {")], ...made.slice(1)], next];
    return [[[...head], ...indent(made)], next];
  }

  private requireEnd(close: number, name: string): number {
    const next = this.tokens[close + 1];
    if (next?.text === ";") return close + 2;
    if (next === undefined || next.text === "}") return close + 1;
    throw this.fail(next, `"${name}(…)" is a statement of its own: a semicolon follows it`);
  }

  private copyDirective(at: number, to: number): [Piece[][], number] {
    const { tokens, text } = this;
    const start = tokens[at]!.start;
    let end = at + 1;
    while (end < to && tokens[end]!.inDirective && !/\n[ \t]*$/.test(text.slice(0, tokens[end]!.start))) end++;
    return [[[copyPiece(text, start, tokens[end - 1]!.end)]], end];
  }
}
