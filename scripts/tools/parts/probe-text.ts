import { eprint, exit } from "bpfts";

/** A piece of a probe's text. */
export interface Span {
  readonly text: string;
  /** Units: index into the probe's text. */
  readonly at: number;
}

/** A probe as it was typed: its pieces, and the way to say what is wrong with it. */
export class ProbeText {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  /** The piece `[start, end)` without the blanks around it. */
  cut(start: number, end = this.text.length): Span {
    const part = this.text.slice(start, end);
    return { text: part.trim(), at: start + part.length - part.trimStart().length };
  }

  /** Cuts a piece where a character stands outside of quotes and of brackets. An empty piece has no parts. */
  split({ text, at }: Span, separator: string): Span[] {
    if (text.trim() === "") return [];
    const ends = [...scan(text)].filter(({ character, depth }) => character === separator && depth === 0);
    const borders = [-1, ...ends.map(({ index }) => index), text.length];
    return borders.slice(1).map((end, index) => this.cut(at + borders[index]! + 1, at + end));
  }

  /** The index of the bracket that closes the one at `open`; undefined where none does. */
  find_closing(open: number): number | undefined {
    for (const { index, depth, character } of scan(this.text.slice(open)))
      if (depth === 0 && character === ")") return open + index;
    return undefined;
  }

  /** Ends the script with a sentence, the place in the probe, and the next step. */
  fail(at: number, message: string, hint?: string, status = 1): never {
    eprint(`error in probe '${this.text}': ${message}`);
    const start = this.text.lastIndexOf("\n", at - 1) + 1;
    eprint(`    ${this.text.slice(start).split("\n")[0]!}\n    ${" ".repeat(at - start)}^`);
    if (hint !== undefined) eprint(`hint: ${hint}`);
    exit(status);
  }
}

/** The characters outside of quotes, with the brackets that are open around each. A bracket stands outside of itself. */
function* scan(text: string): Generator<{ index: number; character: string; depth: number }> {
  let depth = 0;
  for (const { 0: token, index } of text.matchAll(/"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|[^]/g)) {
    if (/^[)\]}]$/.test(token)) depth--;
    yield { index, character: token, depth };
    if (/^[([{]$/.test(token)) depth++;
  }
}

/** The name of a list that is most like a text; undefined where none is. */
export function find_similar(text: string, names: readonly string[]): string | undefined {
  const pairs = (word: string): Set<string> => new Set([...` ${word} `].map((_, at) => ` ${word} `.slice(at, at + 2)));
  const own = pairs(text.toLowerCase());
  const rated = names.map((name) => {
    const other = pairs(name.toLowerCase());
    return { name, likeness: [...other].filter((pair) => own.has(pair)).length / Math.max(own.size, other.size) };
  });
  const best = rated.sort((a, b) => b.likeness - a.likeness)[0];
  return best !== undefined && best.likeness > 0.4 ? best.name : undefined;
}
