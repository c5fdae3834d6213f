import { quoteText } from "../../../sdk/wire/escape-text.ts";
import type { Layout } from "../../../sdk/wire/layout.ts";
import { ArgumentError } from "../../base/errors.ts";

/**
 * Reads a key or a value that was typed on a command line: JSON, with numbers of any size, also in hexadecimal. A text needs no quotes where the
 * C type is a text or an enum; bytes may be one hexadecimal number, the first byte first.
 *
 * @throws ArgumentError
 */
export function parseTyped(text: string, layout: Layout, label: string): unknown {
  const word = text.trim();
  if (isBytes(layout) && /^0x[0-9a-f]*$/i.test(word)) return parseBytes(word, layout.size, label);
  if (/^-?0x[0-9a-f]+$/i.test(word)) return word.startsWith("-") ? -BigInt(word.slice(1)) : BigInt(word);
  if ((isText(layout) || layout.kind === "enum") && !/^["\d-]/.test(word)) return word;
  let value: unknown;
  try {
    value = parseJson(word);
  } catch (cause) {
    if (isText(layout)) return word;
    throw new ArgumentError(`Cannot read ${label}: ${word === "" ? "it is empty" : `${quoteText(word)} is no JSON`}`, {
      cause,
      hint: `it is ${describeShape(layout)}`,
    });
  }
  return isBytes(layout) && Array.isArray(value) ? requireBytes(value, layout.size, label) : value;
}

/** JSON whose whole numbers are exact: those that a number would round are bigints. */
function parseJson(text: string): unknown {
  const marked = text.replace(/"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g, (token) =>
    /^-?\d{16,}$/.test(token) ? `"\\u0000${token}"` : token,
  );
  return JSON.parse(marked, (_, value: unknown) =>
    typeof value === "string" && value.startsWith("\0") ? BigInt(value.slice(1)) : value,
  );
}

function isText(layout: Layout): boolean {
  return layout.kind === "array" && layout.element.kind === "int" && layout.element.encoding === "char";
}

function isBytes(layout: Layout): boolean {
  const { element } = layout.kind === "array" ? layout : { element: undefined };
  return element?.kind === "int" && element.size === 1 && element.encoding === undefined;
}

function parseBytes(word: string, size: number, label: string): Uint8Array {
  const bytes = Buffer.from(word.slice(2), "hex");
  if (word.length !== 2 + size * 2)
    throw new ArgumentError(`${label} has ${size} bytes, ${word} is ${(word.length - 2) / 2}`, {
      hint: `two digits a byte, ${size * 2} in all`,
    });
  return new Uint8Array(bytes);
}

function requireBytes(value: readonly unknown[], size: number, label: string): Uint8Array {
  const wrong = value.find((item) => !Number.isInteger(item) || (item as number) < -128 || (item as number) > 255);
  if (wrong !== undefined || value.length !== size)
    throw new ArgumentError(
      wrong === undefined
        ? `${label} has ${size} bytes, ${value.length} were given`
        : `${label} is made of bytes, ${String(wrong)} is none`,
      { hint: `it is ${size} numbers from 0 to 255: [1,2,…], or 0x and ${size * 2} digits` },
    );
  return Uint8Array.from(value as readonly number[]);
}

/** What is to be typed for a layout, as an example or in a few words. */
export function describeShape(layout: Layout): string {
  switch (layout.kind) {
    case "int":
      return layout.encoding === "bool" ? "true or false" : `a number (${layout.name})`;
    case "enum":
      return `a number or one of ${Object.values(layout.values).slice(0, 5).join(", ")}`;
    case "float":
      return "a number";
    case "pointer":
      return "an address: 0x…";
    case "array":
      if (isText(layout)) return `a text of at most ${layout.length} bytes`;
      if (isBytes(layout)) return `${layout.length} bytes: [1,2,…] or 0x0102…`;
      return `a JSON array of ${layout.length} values`;
    default:
      return `a JSON object: {${layout.members.map(({ name, layout: inner }) => `"${name || "…"}":${inner.kind === "array" && isText(inner) ? '""' : inner.kind === "struct" || inner.kind === "union" ? "{…}" : "0"}`).join(",")}}`;
  }
}
