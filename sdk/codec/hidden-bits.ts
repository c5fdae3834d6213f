import type { StructLayout } from "../wire/layout.ts";

/** Bits that no member names, in one number of the struct's bytes. */
interface HiddenBits {
  readonly offset: number;
  readonly size: 1 | 4;
  readonly mask: number;
}

/**
 * Finds what a struct has besides its members: padding, and bit-fields without a name. `isAligned` says where four bytes can be read at once.
 * Structs within it look after themselves, anonymous ones are a part of it.
 */
export function findHiddenBits(
  layout: StructLayout,
  isAligned: (offset: number) => boolean,
): { readonly hasUnion: boolean; readonly masks: readonly HiddenBits[] } {
  const named = new Uint8Array(layout.size);
  const hasUnion = markNamed(layout, named, 0);
  const masks: HiddenBits[] = [];
  for (let offset = 0; offset < named.length; ) {
    const size = isAligned(offset) && offset + 4 <= named.length ? 4 : 1;
    let mask = 0;
    for (let i = 0; i < size; i++) mask += (~named[offset + i]! & 0xff) * 2 ** (8 * i);
    if (mask !== 0) masks.push({ offset, size, mask });
    offset += size;
  }
  return { hasUnion, masks };
}

/** Sets the bits that members name. Answers whether some of them share bytes. */
function markNamed(layout: StructLayout, named: Uint8Array, start: number): boolean {
  let hasUnion = layout.kind === "union" && layout.members.length > 1;
  for (const { name, offset, layout: inner, bitOffset, bitSize } of layout.members) {
    if (name === "") hasUnion = ("members" in inner && markNamed(inner, named, start + offset)) || hasUnion;
    else if (bitSize === undefined) named.fill(0xff, start + offset, start + offset + inner.size);
    else
      for (let bit = start * 8 + bitOffset!; bit < start * 8 + bitOffset! + bitSize; bit++)
        named[bit >> 3]! |= 1 << (bit & 7);
  }
  return hasUnion;
}
