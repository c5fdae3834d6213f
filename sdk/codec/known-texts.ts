import { decodeAscii, decodeUtf8 } from "../wire/utf8.ts";

/** A text that was read before; `next` has the same hash. */
interface KnownText {
  /** Four bytes each, up to the NUL; the last one has zeros from the NUL on. */
  readonly words: readonly number[];
  readonly text: string;
  readonly next: KnownText | undefined;
}

/** The longest text that is remembered: paths and arguments come again, longer texts rarely do. Units: words of four bytes. */
const MAX_WORDS = 32;
const MAX_TEXTS = 1024;
const knownTexts = new Map<number, KnownText>();
let textCount = 0;

/**
 * Reads a C string between two multiples of four. A text that was read before is found by comparing words of four bytes; QuickJS makes a new text character by
 * character, which takes it longer.
 */
export function readKnownText(u8: Uint8Array, i32: Int32Array, start: number, end: number): string {
  const first = start >> 2;
  const last = end >> 2;
  let at = first;
  let word = 0;
  let hash = 0;
  let bits = 0;
  // A byte of zeros in the word: Source: Alan Mycroft's test, which is exact for whether there is one.
  while (at < last && (((word = i32[at]!) - 0x01010101) & ~word & 0x80808080) === 0) {
    hash = ((hash << 5) - hash + word) | 0;
    bits |= word;
    at++;
  }
  const rest = at === last ? 0 : cutWord(word);
  const count = at - first;
  const chain = count < MAX_WORDS ? knownTexts.get((hash = ((hash << 5) - hash + rest) | 0)) : undefined;
  for (let known = chain; known !== undefined; known = known.next)
    if (isSame(known.words, i32, first, count, rest)) return known.text;
  const stop = at * 4 + (rest === 0 ? 0 : rest > 0xffff ? 3 : rest > 0xff ? 2 : 1);
  const text = ((bits | rest) & 0x80808080) === 0 ? decodeAscii(u8, start, stop) : decodeUtf8(u8, start, stop);
  if (count < MAX_WORDS) keepText(hash, { words: [...i32.subarray(first, at), rest], text, next: chain });
  return text;
}

/** The bytes before the first zero; little-endian, as every machine that bpfts runs on. */
function cutWord(word: number): number {
  if ((word & 0xff) === 0) return 0;
  if ((word & 0xff00) === 0) return word & 0xff;
  return (word & 0xff0000) === 0 ? word & 0xffff : word & 0xffffff;
}

function isSame(words: readonly number[], i32: Int32Array, first: number, count: number, rest: number): boolean {
  if (words.length !== count + 1 || words[count] !== rest) return false;
  for (let index = 0; index < count; index++) if (words[index] !== i32[first + index]) return false;
  return true;
}

function keepText(hash: number, known: KnownText): void {
  if (++textCount > MAX_TEXTS) {
    knownTexts.clear();
    textCount = 1;
    knownTexts.set(hash, { ...known, next: undefined });
  } else knownTexts.set(hash, known);
}
