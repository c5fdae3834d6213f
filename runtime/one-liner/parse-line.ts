import { placeWhole } from "../base/text-place.ts";
import type { DialectError } from "../base/errors.ts";
import { findSimilar } from "../base/similar.ts";
import { findClosing } from "../dialect/text/lexer.ts";
import type { Token, TokenRange } from "../dialect/text/lexer.ts";
import { makeDialectError, openPass } from "../dialect/text/pass.ts";
import type { Pass } from "../dialect/text/pass.ts";
import { findProbeKind, listProbeWords, probeKinds } from "./probe-kinds.ts";
import type { ProbeKind } from "./probe-kinds.ts";

/** One probe before a block. */
export interface LineProbe {
  readonly kind: ProbeKind;
  readonly parts: readonly string[];
  /** As the user wrote it. */
  readonly text: string;
  /** Units: index into the text of what follows the kind's word. */
  readonly at: number;
}

/** `probe, probe if (condition) { body }`. */
export interface LineBlock {
  readonly probes: readonly LineProbe[];
  readonly condition?: TokenRange;
  readonly body: TokenRange;
}

/** A one-liner: its blocks, and the C between them. */
export interface Line {
  readonly text: string;
  readonly name: string;
  readonly tokens: readonly Token[];
  readonly blocks: readonly LineBlock[];
  /** Tokens of C at file level, in order. */
  readonly declarations: readonly TokenRange[];
  /** The error for something wrong at an index of the text. */
  fail(at: number, message: string, hint?: string): DialectError;
}

/**
 * Parses a one-liner: C in which a function may be written as probe, condition and block. A probe is told from a
 * declaration by the colon, which C does not have there.
 *
 * @throws DialectError at its place in the text
 */
export function parseLine(text: string, name: string): Line {
  const pass = openPass({ text, name, place: placeWhole(name, text) }, text, [], []);
  return new LineParser(pass, text, name).parse();
}

class LineParser {
  private readonly tokens: readonly Token[];
  private readonly blocks: LineBlock[] = [];
  private readonly declarations: TokenRange[] = [];

  constructor(
    private readonly pass: Pass,
    private readonly text: string,
    private readonly name: string,
  ) {
    this.tokens = pass.tokens;
  }

  parse(): Line {
    const { tokens } = this;
    let at = 0;
    while (at < tokens.length) {
      const token = tokens[at]!;
      const next = tokens[at + 1];
      if (token.inDirective) at = this.keep(at, this.findDirectiveEnd(at));
      else if (token.kind === "word" && next?.text === ":") at = this.readBlock(at);
      else if (token.kind === "word" && this.isHabit(at)) throw this.fail(token.start, ...this.describeHabit(token));
      else at = this.keep(at, this.findDeclarationEnd(at));
    }
    return {
      text: this.text,
      name: this.name,
      tokens,
      blocks: this.blocks,
      declarations: this.declarations,
      fail: (offset, message, hint) => this.fail(offset, message, hint),
    };
  }

  private fail(at: number, message: string, hint?: string): DialectError {
    return makeDialectError(this.pass, at, message, hint);
  }

  private keep(from: number, to: number): number {
    this.declarations.push({ from, to });
    return to;
  }

  private findDirectiveEnd(from: number): number {
    let at = from + 1;
    while (at < this.tokens.length && this.tokens[at]!.inDirective && !this.beginsDirective(at)) at++;
    return at;
  }

  /** A directive ends with its line: the `#` of the next one stands first in another. */
  private beginsDirective(at: number): boolean {
    return this.tokens[at]!.text === "#" && /\n[ \t]*$/.test(this.text.slice(0, this.tokens[at]!.start));
  }

  /** A declaration ends at a semicolon, a function at the brace that closes its body. */
  private findDeclarationEnd(from: number): number {
    for (let at = from; at < this.tokens.length; at++) {
      const token = this.tokens[at]!;
      if (token.text === ";") return at + 1;
      if (token.text !== "{" && token.text !== "(" && token.text !== "[") continue;
      const close = findClosing(this.tokens, at);
      if (close === undefined) throw this.fail(token.start, `"${token.text}" is never closed`);
      const isBody = token.text === "{" && this.tokens[at - 1]?.text === ")";
      at = close;
      if (isBody) return close + 1;
    }
    return this.tokens.length;
  }

  private readBlock(from: number): number {
    const probes: LineProbe[] = [];
    let at = from;
    for (;;) {
      const end = this.findProbeEnd(at);
      probes.push(this.readProbe(at, end));
      at = end;
      if (this.tokens[at]?.text !== ",") break;
      at++;
    }
    let condition: TokenRange | undefined;
    if (this.tokens[at]?.text === "if") {
      const open = at + 1;
      const close = this.tokens[open]?.text === "(" ? findClosing(this.tokens, open) : undefined;
      if (close === undefined)
        throw this.fail(
          this.tokens[at]!.start,
          'The condition of "if" stands in parentheses',
          "write: if (pid == 1) { … }",
        );
      condition = { from: open + 1, to: close };
      if (condition.from === condition.to) throw this.fail(this.tokens[open]!.start, 'The condition of "if" is empty');
      at = close + 1;
    }
    const open = this.tokens[at];
    if (open?.text !== "{") {
      // A block whose braces were left out was read as a part of the probe's name.
      const [, name = "", rest = ""] = /^(\S+)(?:\s+(.*))?$/s.exec(probes.at(-1)!.text) ?? [];
      const block = rest === "" ? "count(comm);" : /[;}]$/.test(rest) ? rest : `${rest};`;
      throw this.fail(
        rest === "" ? (open?.start ?? this.text.length) : this.text.indexOf(rest, probes.at(-1)!.at),
        `A block in braces follows the probe "${name}"`,
        `for example: ${name} { ${block} }`,
      );
    }
    const close = findClosing(this.tokens, at);
    if (close === undefined) throw this.fail(open.start, 'The block\'s "{" is never closed');
    this.blocks.push({ probes, ...(condition && { condition }), body: { from: at + 1, to: close } });
    return close + 1;
  }

  /** A probe ends where a comma, its condition or its block begins. */
  private findProbeEnd(from: number): number {
    let at = from + 2;
    for (; at < this.tokens.length; at++) {
      const { text, start } = this.tokens[at]!;
      if (text === "{" || text === ",") break;
      const isApart = start > this.tokens[at - 1]!.end;
      if (isApart && text === "if") break;
      if (isApart && text === "/" && this.tokens[at - 1]!.text !== ":")
        throw this.fail(start, "A condition is written as in C", "write: probe if (pid == 1) { … }");
    }
    return at;
  }

  private readProbe(from: number, end: number): LineProbe {
    const word = this.tokens[from]!;
    if (word.kind !== "word" || this.tokens[from + 1]?.text !== ":")
      throw this.fail(word.start, `A probe is named KIND:PLACE, found "${word.text}"`, listForms());
    const start = this.tokens[from + 1]!.end;
    const rest = this.text.slice(start, this.tokens[end - 1]!.end).trim();
    const found = findProbeKind(word.text, rest);
    if (found === undefined) {
      const similar = findSimilar(word.text, listProbeWords());
      throw this.fail(
        word.start,
        `There is no kind of probe "${word.text}"`,
        similar === undefined ? listForms() : `did you mean "${similar}"?`,
      );
    }
    const { kind } = found;
    const parts = found.rest.split(":").map((part) => part.trim());
    const at = start + (this.text.slice(start).length - this.text.slice(start).trimStart().length);
    const text = `${word.text}:${rest}`;
    const fits = parts.length >= kind.parts[0] && parts.length <= kind.parts[1] && parts.every((part) => part !== "");
    if (!fits) throw this.fail(at, `"${text}" is not a whole probe`, `write ${kind.form}, for example ${kind.example}`);
    const refused = kind.refuse?.(parts);
    if (refused !== undefined)
      throw this.fail(at, `Cannot understand probe "${text}": ${refused}`, `for example ${kind.example}`);
    return { kind, parts, text, at };
  }

  /** What other tracers have at file level and C has not. */
  private isHabit(at: number): boolean {
    const next = this.tokens[at + 1]?.text;
    return (/^(BEGIN|END)$/.test(this.tokens[at]!.text) && next === "{") || (next === "(" && this.isCall(at));
  }

  private isCall(at: number): boolean {
    const close = findClosing(this.tokens, at + 1);
    return (
      /^(count|print|hist|sum|min|max|avg|lhist)$/.test(this.tokens[at]!.text) && this.tokens[close ?? -1]?.text !== "{"
    );
  }

  private describeHabit(token: Token): [string, string] {
    if (token.text === "BEGIN" || token.text === "END")
      return [
        `There is no probe "${token.text}"`,
        "the tables print themselves at the end; --js TEXT runs TypeScript instead",
      ];
    return [
      `"${token.text}(" stands outside of a block`,
      `name the probe: tracepoint:raw_syscalls:sys_enter { ${token.text}(…); }`,
    ];
  }
}

function listForms(): string {
  return `the probes are ${probeKinds.map(({ form }) => form).join(", ")}`;
}
