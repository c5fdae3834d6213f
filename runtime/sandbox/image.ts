import type { WasmMemory } from "./load-quickjs.ts";

/**
 * A guest's memory, taken after its library was read. Put over the memory of a guest that was opened in the same way it
 * saves reading the library again: QuickJS keeps everything it has there, and opens its runtime at the same addresses every time.
 *
 * Layout, u32 each: how many pages, their numbers; then the pages' bytes. Pages that are left out are zero.
 */
export type GuestImage = Uint8Array;

const PAGE_BYTES = 4096;

/** Lists the pages that have anything in them. */
export function listUsedPages(memory: WasmMemory): ReadonlySet<number> {
  const zeros = Buffer.alloc(PAGE_BYTES);
  const pages = new Set<number>();
  for (let page = 0; page < memory.buffer.byteLength / PAGE_BYTES; page++) {
    if (!zeros.equals(new Uint8Array(memory.buffer, page * PAGE_BYTES, PAGE_BYTES))) pages.add(page);
  }
  return pages;
}

/** Takes an image. Pages that were in use before the library was read belong to it even if they are zero now: the next guest has them too. */
export function captureImage(memory: WasmMemory, usedBefore: ReadonlySet<number>): GuestImage {
  const pages = [...new Set([...usedBefore, ...listUsedPages(memory)])].sort((a, b) => a - b);
  const header = new Uint8Array(Uint32Array.of(pages.length, ...pages).buffer);
  const image = new Uint8Array(header.length + pages.length * PAGE_BYTES);
  image.set(header);
  pages.forEach((page, at) => image.set(new Uint8Array(memory.buffer, page * PAGE_BYTES, PAGE_BYTES), header.length + at * PAGE_BYTES));
  return image;
}

/** Makes the memory of a guest that is fresh that of the image. */
export function restoreImage(memory: WasmMemory, image: GuestImage): void {
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength);
  const count = view.getUint32(0, true);
  const target = new Uint8Array(memory.buffer);
  for (let at = 0, from = (count + 1) * 4; at < count; at++, from += PAGE_BYTES) {
    target.set(image.subarray(from, from + PAGE_BYTES), view.getUint32((at + 1) * 4, true) * PAGE_BYTES);
  }
}
