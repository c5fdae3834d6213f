/** A piece of JavaScript. A template's texts are strings; `${` and `}` stand between them as they are. */
export interface Token {
  readonly kind: "word" | "number" | "string" | "sign";
  readonly text: string;
}

const space = /[ \t\r\n\f\v]+|\/\/[^\r\n]*|\/\*[^]*?\*\//y;
const word = /[A-Za-z_$][\w$]*/y;
const number = /(?:\d|\.\d)[\w.]*/y;
const quoted = /"(?:[^"\\\r\n]|\\[^])*"|'(?:[^'\\\r\n]|\\[^])*'/y;
const templateText = /(?:[^`\\$]|\\[^]|\$(?!\{))*/y;
const pattern = /\/(?![*/])(?:[^/\\[\r\n]|\\[^\r\n]|\[(?:[^\]\\\r\n]|\\[^\r\n])*\])+\/[A-Za-z]*/y;
const sign = /\.\.\.|=>|\?\.(?!\d)|\+\+|--|[{}()[\].,;:?=<>!&|^~+\-*/%]/y;

/** Words that a value cannot end with: a slash behind one begins a regular expression. */
const operatorWords = new Set([
  "return",
  "typeof",
  "case",
  "in",
  "new",
  "delete",
  "void",
  "throw",
  "instanceof",
  "do",
  "else",
]);
/** Words behind which a slash is not judged, directly or one word later: a statement may end there, and `of` may be a name. */
const endWords = new Set(["break", "continue", "debugger", "of"]);
const headWords = new Set(["if", "for", "while"]);

/**
 * Takes JavaScript that is known to be well formed apart. Answers undefined where that takes more than looking at characters one after the other:
 * letters beyond ASCII and escapes in names, private names, a slash that may divide or not, comments as HTML has them.
 */
export function splitTokens(text: string): readonly Token[] | undefined {
  if (/<!--|-->/.test(text)) return undefined;
  const tokens: Token[] = [];
  /** What was opened and not closed yet: the index of its token. */
  const open: number[] = [];
  let opener: number | undefined;
  let at = 0;
  const take = (expression: RegExp): string | undefined => {
    expression.lastIndex = at;
    const found = expression.exec(text)?.[0];
    if (found !== undefined) at += found.length;
    return found;
  };
  const add = (kind: Token["kind"], piece: string): number => tokens.push({ kind, text: piece });
  const takeTemplate = (): boolean => {
    add("string", take(templateText)!);
    if (text.startsWith("${", at)) open.push(add("sign", "${") - 1);
    else if (text[at] !== "`") return false;
    at += text[at] === "`" ? 1 : 2;
    return true;
  };
  while (at < text.length) {
    if (take(space) !== undefined) continue;
    const found = take(word);
    if (found !== undefined) {
      add("word", found);
      continue;
    }
    const literal = take(number) ?? take(quoted);
    if (literal !== undefined) {
      add(/^["']/.test(literal) ? "string" : "number", literal);
      continue;
    }
    if (text[at] === "`") {
      at++;
      if (!takeTemplate()) return undefined;
      continue;
    }
    if (text[at] === "/") {
      const meaning = judgeSlash(tokens, opener);
      if (meaning === undefined) return undefined;
      if (meaning === "pattern") {
        const whole = take(pattern);
        if (whole === undefined) return undefined;
        add("string", whole);
        continue;
      }
    }
    const mark = take(sign);
    if (mark === undefined) return undefined;
    if ("({[".includes(mark)) open.push(tokens.length);
    add("sign", mark);
    if (!")}]".includes(mark)) continue;
    opener = open.pop();
    if (opener === undefined) return undefined;
    if (tokens[opener]!.text === "${" && !takeTemplate()) return undefined;
  }
  return open.length === 0 ? tokens : undefined;
}

/** Whether a slash divides or begins a regular expression; `opener` is where the last bracket that was closed began. */
function judgeSlash(tokens: readonly Token[], opener: number | undefined): "division" | "pattern" | undefined {
  const last = tokens.at(-1);
  if (last === undefined) return undefined;
  const before = tokens.at(-2)?.text ?? "";
  if (last.kind === "word") {
    if (before === "." || before === "?.") return "division";
    if (endWords.has(last.text) || endWords.has(before)) return undefined;
    return operatorWords.has(last.text) ? "pattern" : "division";
  }
  if (last.kind !== "sign" || last.text === "]") return "division";
  if (last.text === "}" || last.text === "++" || last.text === "--") return undefined;
  if (last.text !== ")") return "pattern";
  const head = tokens[opener! - 1];
  return head !== undefined && headWords.has(head.text) ? undefined : "division";
}
