/** What the checksum of a transport covers beside its own bytes. */
export interface PseudoHeader {
  readonly src: Uint8Array;
  readonly dst: Uint8Array;
  readonly protocol: number;
}

/** The ones' complement sum of 16-bit words, in network order; an odd last byte is the high one. Source: RFC 1071 */
export function sumWords(bytes: Uint8Array): number {
  return foldSum(addWords(bytes));
}

/** The plain sum of the words: a packet's is exact. */
function addWords(bytes: Uint8Array): number {
  const pairs = bytes.length & ~1;
  let sum = pairs < bytes.length ? bytes[pairs]! << 8 : 0;
  for (let at = 0; at < pairs; at += 2) sum += (bytes[at]! << 8) | bytes[at + 1]!;
  return sum;
}

/** What of IP goes into the checksum of TCP, UDP and ICMPv6. Source: RFC 793, RFC 8200 section 8.1 */
export function sumPseudoHeader({ src, dst, protocol }: PseudoHeader, length: number): number {
  return foldSum(sumWords(src) + sumWords(dst) + protocol + (length & 0xffff) + (length >>> 16));
}

/** The checksum that belongs at an even place of bytes, with what it covers outside of them. */
export function findChecksum(bytes: Uint8Array, at: number, outside: number): number {
  return ~foldSum(sumWords(bytes.subarray(0, at)) + sumWords(bytes.subarray(at + 2)) + outside) & 0xffff;
}

/** Looks at the checksum that is at an even place of bytes: which one belongs there, and whether what is there is right. */
export function checkSum(
  bytes: Uint8Array,
  at: number,
  outside: number,
): { readonly wanted: number; readonly isRight: boolean } {
  const sum = addWords(bytes) + outside;
  const here = (bytes[at]! << 8) | bytes[at + 1]!;
  return { wanted: ~foldSum(sum - here) & 0xffff, isRight: foldSum(sum) === 0xffff };
}

function foldSum(sum: number): number {
  let folded = sum;
  while (folded > 0xffff) folded = (folded & 0xffff) + Math.floor(folded / 0x10000);
  return folded;
}
