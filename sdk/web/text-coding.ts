import { decodeUtf8, encodeUtf8 } from "../wire/utf8.ts";

/** Turns text into the bytes of UTF-8. Source: the Encoding standard. */
export class TextEncoder {
  readonly encoding = "utf-8";

  /** Encodes a text. Halves of surrogate pairs become U+FFFD. */
  encode(text = ""): Uint8Array<ArrayBuffer> {
    return encodeUtf8(repair(text)) as Uint8Array<ArrayBuffer>;
  }

  /** Writes as many whole characters as there is room for. Answers how much of the text that was, in UTF-16 code units, and how many bytes. */
  encodeInto(text: string, target: Uint8Array): { read: number; written: number } {
    let [read, written] = [0, 0];
    for (const character of repair(text)) {
      const bytes = encodeUtf8(character);
      if (written + bytes.length > target.length) break;
      target.set(bytes, written);
      read += character.length;
      written += bytes.length;
    }
    return { read, written };
  }
}

const repair = (text: string): string => (String(text) as string & { toWellFormed(): string }).toWellFormed();

const labels: Readonly<Record<string, "utf-8" | "utf-16le">> = {
  "utf-8": "utf-8",
  utf8: "utf-8",
  "unicode-1-1-utf-8": "utf-8",
  "utf-16le": "utf-16le",
  "utf-16": "utf-16le",
};

/** Bytes that `decodeUtf8` could not read, each as half of a surrogate pair: as many at a time as one U+FFFD stands for. */
const unreadable =
  /[\udce1-\udcec\udcee\udcef][\udc80-\udcbf]?|\udce0[\udca0-\udcbf]?|\udced[\udc80-\udc9f]?|[\udcf1-\udcf3](?:[\udc80-\udcbf][\udc80-\udcbf]?)?|\udcf0(?:[\udc90-\udcbf][\udc80-\udcbf]?)?|\udcf4(?:[\udc80-\udc8f][\udc80-\udcbf]?)?|[\udc80-\udcff]/gu;

const noBytes = new Uint8Array(0);

/** Turns bytes of UTF-8 or UTF-16 into text. Source: the Encoding standard; other encodings are not there. */
export class TextDecoder {
  readonly encoding: "utf-8" | "utf-16le";
  readonly fatal: boolean;
  readonly ignoreBOM: boolean;
  #rest: Uint8Array = noBytes;
  #isBegun = false;

  constructor(label = "utf-8", options: { readonly fatal?: boolean; readonly ignoreBOM?: boolean } = {}) {
    const encoding = labels[String(label).trim().toLowerCase()];
    if (encoding === undefined)
      throw new RangeError(`The encoding "${label}" is not supported: utf-8 and utf-16le are`);
    this.encoding = encoding;
    this.fatal = options.fatal === true;
    this.ignoreBOM = options.ignoreBOM === true;
  }

  /** Decodes bytes. With `stream` a character that is cut off at the end waits for the next bytes. @throws TypeError for bytes that are no text, with `fatal` */
  decode(input: ArrayBufferLike | ArrayBufferView = noBytes, options: { readonly stream?: boolean } = {}): string {
    const given = ArrayBuffer.isView(input)
      ? new Uint8Array(input.buffer, input.byteOffset, input.byteLength)
      : new Uint8Array(input);
    let bytes = given;
    if (this.#rest.length > 0) {
      bytes = new Uint8Array(this.#rest.length + given.length);
      bytes.set(this.#rest);
      bytes.set(given, this.#rest.length);
    }
    const isLast = options.stream !== true;
    const end = isLast ? bytes.length : this.encoding === "utf-8" ? findWholeEnd(bytes) : findWholeEnd16(bytes);
    this.#rest = end === bytes.length ? noBytes : bytes.slice(end);
    const text = this.#decodeWhole(bytes, end);
    const isFirst = !this.#isBegun;
    this.#isBegun = !isLast && (this.#isBegun || end > 0);
    return isFirst && !this.ignoreBOM && text.startsWith("\ufeff") ? text.slice(1) : text;
  }

  #decodeWhole(bytes: Uint8Array, end: number): string {
    const raw = this.encoding === "utf-8" ? decodeUtf8(bytes, 0, end) : decodeUtf16(bytes, end);
    if ((raw as string & { isWellFormed(): boolean }).isWellFormed()) return raw;
    if (this.fatal) {
      this.#rest = noBytes;
      this.#isBegun = false;
      throw new TypeError(`The bytes are not ${this.encoding}`);
    }
    return this.encoding === "utf-8" ? raw.replace(unreadable, "\ufffd") : repair(raw);
  }
}

/** Where the last character that is there as a whole ends. */
function findWholeEnd(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back]!;
    if ((byte & 0xc0) === 0x80) continue;
    const size = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return size > back ? bytes.length - back : bytes.length;
  }
  return bytes.length;
}

function findWholeEnd16(bytes: Uint8Array): number {
  const whole = bytes.length & ~1;
  return whole > 0 && (bytes[whole - 1]! & 0xfc) === 0xd8 ? whole - 2 : whole;
}

function decodeUtf16(bytes: Uint8Array, end: number): string {
  let text = "";
  for (let at = 0; at + 1 < end; at += 2) text += String.fromCharCode(bytes[at]! | (bytes[at + 1]! << 8));
  // Half a code unit is as wrong as half a pair.
  return end % 2 === 1 ? `${text}\ud800` : text;
}
