import { decodeCString } from "../wire/utf8.ts";

/** A text of 16 bytes that was read before, by three of its pieces; `next` has the same first one. */
interface KnownComm {
  readonly second: number;
  readonly third: number | undefined;
  readonly fourth: number | undefined;
  readonly text: string;
  readonly next: KnownComm | undefined;
}

// Task names come in great numbers and few kinds.
const MAX_COMMS = 4096;
const knownComms = new Map<number, KnownComm>();
let commCount = 0;

/** Reads a task's name at `offset`, up to its NUL: 16 bytes, which are told apart by the two to four numbers that they make. */
export function readComm(
  u8: Uint8Array,
  offset: number,
  first: number,
  second: number,
  third?: number,
  fourth?: number,
): string {
  const chain = knownComms.get(first);
  let known = chain;
  while (known !== undefined && (known.second !== second || known.third !== third || known.fourth !== fourth))
    known = known.next;
  if (known !== undefined) return known.text;
  const text = decodeCString(u8, offset, offset + 16);
  if (++commCount > MAX_COMMS) {
    knownComms.clear();
    commCount = 0;
  }
  knownComms.set(first, { second, third, fourth, text, next: commCount === 0 ? undefined : chain });
  return text;
}
