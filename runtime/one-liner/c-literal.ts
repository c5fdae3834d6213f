const simple: Readonly<Record<string, number>> = {
  ...{ a: 7, b: 8, t: 9, n: 10, v: 11, f: 12, r: 13, e: 27 },
  ...{ '"': 34, "'": 39, "?": 63, "\\": 92 },
};

const escape = /\\(?:([0-7]{1,3})|x([0-9A-Fa-f]+)|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(\r?\n)|([^]))|[^\\]+/g;

/** The bytes of a literal of C, which is given with its quotes. */
export function readLiteralBytes(literal: string): Buffer {
  const parts = [...literal.slice(1, -1).matchAll(escape)].map((match) => {
    const [text, octal, hex, short, long, joint, letter] = match;
    if (octal !== undefined) return Buffer.from([parseInt(octal, 8) & 0xff]);
    if (hex !== undefined) return Buffer.from([parseInt(hex.slice(-2), 16)]);
    const code = short ?? long;
    if (code !== undefined) return Buffer.from(String.fromCodePoint(Math.min(parseInt(code, 16), 0x10ffff)));
    if (joint !== undefined) return Buffer.alloc(0);
    if (letter === undefined) return Buffer.from(text);
    return simple[letter] === undefined ? Buffer.from(letter) : Buffer.from([simple[letter]]);
  });
  return Buffer.concat(parts);
}

/** The text of literals that stand side by side; bytes that are no UTF-8 are characters of the same number. */
export function readLiterals(literals: readonly string[]): string {
  const bytes = Buffer.concat(literals.map((literal) => readLiteralBytes(literal)));
  const text = bytes.toString("utf8");
  return Buffer.from(text).equals(bytes) ? text : bytes.toString("latin1");
}
