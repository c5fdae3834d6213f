/**
 * UTF-8 by hand: QuickJS has no TextDecoder. No byte is lost: one that cannot be part of a character, 0x80 to 0xff, is read as half of a surrogate pair,
 * U+DC80 to U+DCFF, and is written as that byte again. Source: Python's "surrogateescape", PEP 383
 */

const ESCAPED_BYTES = 0xdc00;

/** Decodes bytes from `start` up to (not including) `end`. */
export function decodeUtf8(bytes: Uint8Array, start = 0, end: number = bytes.length): string {
  let text = "";
  let runStart = start;
  for (let at = start; at < end; ) {
    if (bytes[at]! < 0x80) {
      at++;
      continue;
    }
    text += decodeAscii(bytes, runStart, at);
    const size = measureCharacter(bytes, at, end);
    if (size === 0) {
      text += String.fromCharCode(ESCAPED_BYTES | bytes[at]!);
      at++;
    } else {
      text += String.fromCodePoint(readCodePoint(bytes, at, size));
      at += size;
    }
    runStart = at;
  }
  return text + decodeAscii(bytes, runStart, end);
}

/** Decodes a C string: up to the first NUL or `end`. */
export function decodeCString(bytes: Uint8Array, start: number, end: number): string {
  let stop = bytes.indexOf(0, start);
  if (stop < 0 || stop > end) stop = end;
  return decodeUtf8(bytes, start, stop);
}

/**
 * Decodes a text that fills `start` to `end` with zeros behind it: up to the last byte that is none, so that two texts are the same only if their bytes are.
 * A text that was ended by its NUL goes on behind it.
 */
export function decodeWholeText(bytes: Uint8Array, start: number, end: number): string {
  if (!hasTail(bytes, start, end)) return decodeCString(bytes, start, end);
  let stop = end;
  while (bytes[stop - 1] === 0) stop--;
  return decodeUtf8(bytes, start, stop);
}

/** Whether anything but zeros stands behind the first NUL. */
export function hasTail(bytes: Uint8Array, start: number, end: number): boolean {
  let at = bytes.indexOf(0, start);
  if (at < 0) return false;
  while (++at < end) if (bytes[at] !== 0) return true;
  return false;
}

/** Whether a text can cross between script and host as it is: a NUL would end it, and halves of surrogate pairs would not come through. */
export function isPlainText(text: string): boolean {
  return !text.includes("\0") && (text as string & { isWellFormed(): boolean }).isWellFormed();
}

/** Encodes text. Halves of surrogate pairs become the bytes that they stand for, others U+FFFD. */
export function encodeUtf8(text: string): Uint8Array {
  const bytes: number[] = [];
  for (const character of text) {
    let code = character.codePointAt(0)!;
    if (code >= 0xdc80 && code <= 0xdcff) {
      bytes.push(code & 0xff);
      continue;
    }
    if (code >= 0xd800 && code <= 0xdfff) code = 0xfffd;
    if (code < 0x80) bytes.push(code);
    else if (code < 0x800) bytes.push(0xc0 | (code >> 6), 0x80 | (code & 0x3f));
    else if (code < 0x10000) bytes.push(0xe0 | (code >> 12), 0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f));
    else
      bytes.push(0xf0 | (code >> 18), 0x80 | ((code >> 12) & 0x3f), 0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f));
  }
  return Uint8Array.from(bytes);
}

// An argument list goes on the stack: keep it short.
const CHUNK = 4096;

/** Decodes bytes that are all below 0x80. */
export function decodeAscii(bytes: Uint8Array, start: number, end: number): string {
  if (end <= start) return "";
  if (end - start <= CHUNK) return String.fromCharCode.apply(null, bytes.subarray(start, end) as unknown as number[]);
  let text = "";
  for (let at = start; at < end; at += CHUNK) {
    text += String.fromCharCode.apply(null, bytes.subarray(at, Math.min(at + CHUNK, end)) as unknown as number[]);
  }
  return text;
}

/** The size of the well-formed character at `at`, 0 when there is none. Source: Unicode, table 3-7. */
function measureCharacter(bytes: Uint8Array, at: number, end: number): number {
  const lead = bytes[at]!;
  const size =
    lead >= 0xc2 && lead <= 0xdf ? 2 : lead >= 0xe0 && lead <= 0xef ? 3 : lead >= 0xf0 && lead <= 0xf4 ? 4 : 0;
  if (size === 0 || at + size > end) return 0;
  const second = bytes[at + 1]!;
  const low = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
  const high = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
  if (second < low || second > high) return 0;
  for (let i = 2; i < size; i++) if ((bytes[at + i]! & 0xc0) !== 0x80) return 0;
  return size;
}

function readCodePoint(bytes: Uint8Array, at: number, size: number): number {
  let code = bytes[at]! & (0x7f >> size);
  for (let i = 1; i < size; i++) code = (code << 6) | (bytes[at + i]! & 0x3f);
  return code;
}
