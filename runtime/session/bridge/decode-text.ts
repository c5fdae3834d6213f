import { decodeUtf8 } from "../../../sdk/wire/utf8.ts";

/** Decodes a text of the kernel's as `sdk/utf8.ts` does, by the way that is quick where it is UTF-8: no byte is lost. */
export function decodeText(bytes: Buffer): string {
  const text = bytes.toString("utf8");
  return text.includes("\ufffd") ? decodeUtf8(bytes) : text;
}
