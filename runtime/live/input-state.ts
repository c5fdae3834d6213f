const opening: Readonly<Record<string, string>> = { "(": ")", "[": "]", "{": "}" };
const closing = new Set(Object.values(opening));

/** Behind one of these a slash begins a regular expression; behind a value it divides. */
const beforeExpression = /(?:^|[([{,;=:!&|?+\-*%<>~^]|\b(?:return|typeof|case|in|of|await))\s*$/;

/**
 * Whether an input is over: every bracket is closed, and so is every text and comment, and no operator at the end waits for what stands behind it. TypeScript and C alike. What has a bracket too many is over, too:
 * whoever reads it says what is wrong.
 */
export function isInputOver(text: string): boolean {
  /** Brackets, and "`" for a template that `${` stands in. */
  const open: string[] = [];
  let at = 0;
  /** The last signs that are no blank and in no comment; "_" for a text or a regular expression. */
  let tail = "";
  let hasLess = false;
  /** Skips to behind the end of a quoted text. Answers false when it has none. A line ends `"` and `'`, which is for others to complain of. */
  const skipQuoted = (quote: string): boolean => {
    for (at++; at < text.length; at++) {
      const character = text[at]!;
      if (character === "\\") at++;
      else if (character === quote) return true;
      else if (quote !== "`" && character === "\n") return true;
      else if (quote === "`" && character === "$" && text[at + 1] === "{") {
        open.push("`");
        at++;
        return true;
      }
    }
    return quote !== "`";
  };
  for (; at < text.length; at++) {
    const character = text[at]!;
    if (character === "/" && text[at + 1] === "/") {
      const end = text.indexOf("\n", at);
      if (end < 0) break;
      at = end;
    } else if (character === "/" && text[at + 1] === "*") {
      const end = text.indexOf("*/", at + 2);
      if (end < 0) return false;
      at = end + 1;
    } else if (character === "/" && beforeExpression.test(text.slice(0, at))) {
      const end = findExpressionEnd(text, at);
      tail = end === at ? "/" : "_";
      at = end;
    } else if (character === '"' || character === "'" || character === "`") {
      if (!skipQuoted(character)) return false;
      tail = "_";
    } else if (opening[character] !== undefined) {
      open.push(opening[character]);
      tail = character;
    } else if (character === "}" && open.at(-1) === "`") {
      open.pop();
      if (!skipQuoted("`")) return false;
      tail = "_";
    } else if (closing.has(character) && open.pop() !== character) return true;
    else if (character.trim() !== "") {
      tail = tail.slice(-1) + character;
      hasLess ||= character === "<";
    }
  }
  return open.length === 0 && !isWaiting(text, tail, hasLess);
}

/** Whether what ends so waits for more: a binary operator. A type may end in ">", and what a command names in any sign (`.list kprobe:vfs_*`). */
function isWaiting(text: string, tail: string, hasLess: boolean): boolean {
  if (/^\s*\.(?!on\b)/.test(text) || tail === "++" || tail === "--") return false;
  if (tail.endsWith(">")) return tail === "=>" || !hasLess;
  return /[-+*/%&|^<=?:,.]$/.test(tail);
}

/** The index of the slash that ends a regular expression; the one it begins at when its line has none. */
function findExpressionEnd(text: string, start: number): number {
  let isClass = false;
  for (let at = start + 1; at < text.length && text[at] !== "\n"; at++) {
    if (text[at] === "\\") at++;
    else if (text[at] === "[") isClass = true;
    else if (text[at] === "]") isClass = false;
    else if (text[at] === "/" && !isClass) return at;
  }
  return start;
}
