/** A Wasm memory, as far as the sandbox looks at it: Node's own types leave it out. */
export interface WasmMemory {
  readonly buffer: ArrayBuffer;
}

/**
 * A guest's memory before and after its library was read. Put over the memory of a guest that was opened in the same way it
 * saves reading the library again: QuickJS keeps everything it has there, and opens its runtime at the same addresses every time.
 *
 * Layout: u32 how many pages of before, u32 how many of after, the numbers of both; then the bytes of both. Pages that are left out are zero.
 */
export type GuestImage = Uint8Array;

/** Pages that have anything in them, by their numbers. */
type Pages = ReadonlyMap<number, Uint8Array>;

const PAGE_BYTES = 4096;

/** QuickJS seeds its random numbers from the clock: a word of 64 bits is another one in every guest, and nothing else is. */
const SEED_BYTES = 8;

/** Copies the pages that have anything in them. */
export function copyPages(memory: WasmMemory): Pages {
  const zeros = Buffer.alloc(PAGE_BYTES);
  const pages = new Map<number, Uint8Array>();
  for (let page = 0; page < memory.buffer.byteLength / PAGE_BYTES; page++) {
    const bytes = viewPage(memory, page);
    if (!zeros.equals(bytes)) pages.set(page, bytes.slice());
  }
  return pages;
}

/** Takes an image. `before` are the pages of the guest as it was opened: the next one has them too, so they belong to it even if they are zero now. */
export function captureImage(memory: WasmMemory, before: Pages): GuestImage {
  const after = new Map([
    ...[...before.keys()].map((page) => [page, viewPage(memory, page)] as const),
    ...copyPages(memory),
  ]);
  const header = new Uint8Array(Uint32Array.of(before.size, after.size, ...before.keys(), ...after.keys()).buffer);
  return Buffer.concat([header, ...before.values(), ...after.values()]);
}

/**
 * Makes the memory of a guest that was just opened that of the image. Answers false, and leaves it as it is, when it is not
 * the memory that the image's own guest had: then the host's numbers for things in it would lead to others.
 */
export function restoreImage(memory: WasmMemory, image: GuestImage): boolean {
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength);
  const [beforeCount, afterCount] = [view.getUint32(0, true), view.getUint32(4, true)];
  const bytesAt = (2 + beforeCount + afterCount) * 4;
  const readPage = (at: number): [page: number, bytes: Uint8Array] => {
    const from = bytesAt + at * PAGE_BYTES;
    return [view.getUint32((2 + at) * 4, true), image.subarray(from, from + PAGE_BYTES)];
  };
  let differing = 0;
  for (let at = 0; at < beforeCount; at++) {
    const [page, bytes] = readPage(at);
    differing += countDiffering(viewPage(memory, page), bytes);
    if (differing > SEED_BYTES) return false;
  }
  for (let at = 0; at < afterCount; at++) {
    const [page, bytes] = readPage(beforeCount + at);
    viewPage(memory, page).set(bytes);
  }
  return true;
}

function viewPage(memory: WasmMemory, page: number): Uint8Array {
  return new Uint8Array(memory.buffer, page * PAGE_BYTES, PAGE_BYTES);
}

function countDiffering(a: Uint8Array, b: Uint8Array): number {
  if (Buffer.compare(a, b) === 0) return 0;
  let count = 0;
  for (let i = 0; i < PAGE_BYTES; i++) if (a[i] !== b[i]) count++;
  return count;
}
