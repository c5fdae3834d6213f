/**
 * Text that is safe on a terminal: names and paths come from whoever is traced, and a terminal acts on some characters
 * instead of drawing them.
 */

/** Whether a text is worth a closer look: most have nothing but printable ASCII. */
const unusual = /[^ -~]/;

/**
 * Controls (C0, DEL, C1), marks that turn the direction of writing, separators of lines, the mark that draws nothing, and halves of
 * surrogate pairs. Source: Unicode, Bidi_Control, and the general categories Cc, Zl, Zp and Cs.
 */
const active = /[\0-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]|\p{Cs}/gu;

const names: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/**
 * Writes what a terminal would act on as an escape sequence of JavaScript's: `\n`, `\x1b`, `\u202e`; a byte that is no UTF-8 is `\xff`. The characters
 * in `kept` stay as they are.
 */
export function escapeText(text: string, kept = ""): string {
  if (!unusual.test(text)) return text;
  return text.replace(active, (character) => (kept.includes(character) ? character : escapeCharacter(character)));
}

/** Rows name the same tasks and files again and again. */
const MAX_SHOWN = 1024;
const MAX_SHOWN_LENGTH = 64;
const shown = new Map<string, string>();

/** The same for a text that is likely to come again. Measured: looking at each character costs QuickJS four times as much as finding a text that is known. */
export function showText(text: string): string {
  if (text.length > MAX_SHOWN_LENGTH) return escapeText(text);
  let known = shown.get(text);
  if (known === undefined) {
    known = escapeText(text);
    if (shown.size >= MAX_SHOWN) shown.clear();
    shown.set(text, known);
  }
  return known;
}

/** JSON that is safe on a terminal: its strings may hold DEL, C1 controls and marks of direction as they are, which are escaped here. The value stays the same. */
export function escapeJson(json: string): string {
  if (!unusual.test(json)) return json;
  return json.replace(active, (character) =>
    character in names ? character : `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** A text in quotes as a JavaScript program would write it. */
export function quoteText(text: string): string {
  return `"${escapeText(text.replace(/["\\]/g, "\\$&"))}"`;
}

function escapeCharacter(character: string): string {
  const code = character.charCodeAt(0);
  const byte = isByte(code) ? code & 0xff : code;
  return (
    names[character] ??
    (byte <= 0xff ? `\\x${byte.toString(16).padStart(2, "0")}` : `\\u${byte.toString(16).padStart(4, "0")}`)
  );
}

/** Whether a half of a pair stands for a byte that is no UTF-8, as `decodeUtf8` writes it. */
function isByte(code: number): boolean {
  return code >= 0xdc80 && code <= 0xdcff;
}
