import { decodeUtf8 } from "../wire/utf8.ts";

/**
 * The text that bytes are in UTF-8. Bytes that are none stay what they are: `sprintf("%s", text)` writes such a byte as `\xff`.
 *
 * @example
 * import { decode_text, print } from "bpfts";
 * print(decode_text(new Uint8Array([98, 97, 115, 104]))); // bash
 */
export function decode_text(bytes: Uint8Array): string {
  return decodeUtf8(bytes);
}
