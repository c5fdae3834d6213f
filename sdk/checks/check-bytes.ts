import { makeArgumentError } from "../wire/errors.ts";
import { showValue } from "./check-options.ts";

/** Looks whether a call got bytes or a list of bytes. `call` begins the sentence: `mac_text()`. @throws BpfError for anything else */
export function requireByteValues(call: string, what: string, bytes: unknown): void {
  if (bytes instanceof Uint8Array) return;
  if (!Array.isArray(bytes))
    throw makeArgumentError(`${call} takes ${what} as bytes (Uint8Array) or a list of bytes, got ${showValue(bytes)}`);
  for (const byte of bytes as readonly unknown[])
    if (!Number.isInteger(byte) || (byte as number) < 0 || (byte as number) > 0xff)
      throw makeArgumentError(`${call}: ${showValue(byte)} is no byte`, "a byte is a whole number from 0 to 255");
}
