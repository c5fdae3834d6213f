import { DOMException } from "./dom-exception.ts";

const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** Writes a text of bytes (characters up to U+00FF) in base64. @throws DOMException for other characters */
export function btoa(binary: string): string {
  const text = String(binary);
  let out = "";
  for (let at = 0; at < text.length; at += 3) {
    const [a, b, c] = [text.charCodeAt(at), text.charCodeAt(at + 1), text.charCodeAt(at + 2)];
    if (a > 255 || b > 255 || c > 255)
      throw new DOMException("The text has characters past U+00FF, which are no bytes", "InvalidCharacterError");
    const bits = (a << 16) | ((b || 0) << 8) | (c || 0);
    out += digits[bits >> 18]! + digits[(bits >> 12) & 63]!;
    out += Number.isNaN(b) ? "=" : digits[(bits >> 6) & 63]!;
    out += Number.isNaN(c) ? "=" : digits[bits & 63]!;
  }
  return out;
}

/** Reads base64 as a text of bytes. @throws DOMException for any other text */
export function atob(encoded: string): string {
  const bare = String(encoded).replace(/[\t\n\f\r ]/g, "");
  const text = bare.length % 4 === 0 ? bare.replace(/={1,2}$/, "") : bare;
  if (text.length % 4 === 1 || /[^A-Za-z0-9+/]/.test(text))
    throw new DOMException("The text is not base64", "InvalidCharacterError");
  let out = "";
  let bits = 0;
  let count = 0;
  for (const digit of text) {
    bits = ((bits << 6) | digits.indexOf(digit)) & 0xffffff;
    count += 6;
    if (count >= 8) out += String.fromCharCode((bits >> (count -= 8)) & 255);
  }
  return out;
}
