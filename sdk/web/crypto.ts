import { callHost } from "../wire/host.ts";
import { DOMException } from "./dom-exception.ts";

/** The most that one call fills. Units: bytes. Source: the Web Cryptography standard. */
const MAX_BYTES = 65_536;

type IntegerArray =
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

function fillRandom(view: ArrayBufferView): void {
  const bytes = callHost("random", { size: view.byteLength })!;
  new Uint8Array(view.buffer as ArrayBuffer, view.byteOffset, view.byteLength).set(bytes);
}

/** Random numbers that cannot be guessed. It has no ciphers and no hashes: `crypto.subtle` is not there. */
export const crypto: {
  /** Fills an array of integers with random bits and answers it. @throws DOMException past 65,536 bytes */
  getRandomValues<Values extends IntegerArray>(values: Values): Values;
  /** Makes a random UUID (version 4). */
  randomUUID(): `${string}-${string}-${string}-${string}-${string}`;
} = {
  getRandomValues(values) {
    if (!ArrayBuffer.isView(values) || values instanceof DataView || /^Float/.test(values.constructor.name))
      throw new DOMException("getRandomValues() fills arrays of integers only", "TypeMismatchError");
    if (values.byteLength > MAX_BYTES)
      throw new DOMException(
        `getRandomValues() fills at most ${MAX_BYTES} bytes, not ${values.byteLength}`,
        "QuotaExceededError",
      );
    if (values.byteLength > 0) fillRandom(values);
    return values;
  },
  randomUUID() {
    const bytes = new Uint8Array(16);
    fillRandom(bytes);
    bytes[6] = (bytes[6]! & 0x0f) | 0x40;
    bytes[8] = (bytes[8]! & 0x3f) | 0x80;
    const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
  },
};
