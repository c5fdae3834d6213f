import { requireText } from "../checks/check-options.ts";
import { requireByteValues } from "../checks/check-bytes.ts";
import { makeArgumentError } from "../wire/errors.ts";

/** Units: bytes. */
const MAC_BYTES = 6;

const hexBytes: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** The text of an Ethernet address that lies somewhere in bytes: `"02:00:00:00:00:01"`. */
export function renderMac(bytes: ArrayLike<number>, offset = 0): string {
  let text = hexBytes[bytes[offset] ?? 0]!;
  for (let at = offset + 1; at < offset + MAC_BYTES; at++) text += `:${hexBytes[bytes[at] ?? 0]!}`;
  return text;
}

/** Looks whether a call got the six bytes of an Ethernet address. @throws BpfError for anything else */
export function requireMac(call: string, bytes: ArrayLike<number>): void {
  requireByteValues(call, "an Ethernet address", bytes);
  if (bytes.length !== MAC_BYTES)
    throw makeArgumentError(
      `${call} takes the ${MAC_BYTES} bytes of an Ethernet address, got ${bytes.length}`,
      "of a longer field take the first ones: mac_text(field.slice(0, 6))",
    );
}

/** The six bytes of an Ethernet address's text. @throws BpfError when it is none */
export function parseMac(text: string): Uint8Array {
  requireText("mac()", "an Ethernet address", text);
  if (!/^[\da-f]{1,2}(?:([:-])[\da-f]{1,2}(?:\1[\da-f]{1,2}){4})$/i.test(text))
    throw makeArgumentError(
      `${JSON.stringify(text)} is no Ethernet address`,
      'it has six bytes in hexadecimal: "02:00:00:00:00:01"',
    );
  return Uint8Array.from(text.split(/[:-]/), (byte) => Number.parseInt(byte, 16));
}
