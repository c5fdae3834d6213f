import { decodeUtf8 } from "../wire/utf8.ts";

/** The text that bytes are in UTF-8. Bytes that are none stay what they are: `sprintf("%s", text)` writes such a byte as `\xff`. */
export function decode_text(bytes: Uint8Array): string {
  return decodeUtf8(bytes);
}
