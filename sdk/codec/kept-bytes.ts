import type { Layout, StructLayout } from "../wire/layout.ts";

/**
 * Under this name a value that was read from a table keeps the bytes that it was read from, where its members do not say all of them: what stands
 * behind the NUL of a text, padding, the payload of a NaN. A copy that is made with `{ ...key }` takes them along. Nothing that lists an object's members shows them.
 */
export const keptBytes: unique symbol = Symbol("bytes");

/** The bytes that a value was read from, undefined where its members say all, or are of another size. */
export function findKeptBytes(value: object, size: number): Uint8Array | undefined {
  const bytes = (value as { readonly [keptBytes]?: Uint8Array })[keptBytes];
  return bytes !== undefined && bytes.length === size ? bytes : undefined;
}

/** Keeps the bytes with a value that was read from them, and with each object in it. */
export function keepBytes(layout: Layout, value: unknown, bytes: Uint8Array): void {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return;
  (value as { [keptBytes]?: Uint8Array })[keptBytes] = bytes;
  if (layout.kind === "array") {
    const { element } = layout;
    (value as readonly unknown[]).forEach((item, index) =>
      keepBytes(element, item, cutBytes(bytes, index * element.size, element)),
    );
  } else if ("members" in layout) {
    keepMembers(layout, value as Record<string, unknown>, bytes);
  }
}

function keepMembers(layout: StructLayout, record: Readonly<Record<string, unknown>>, bytes: Uint8Array): void {
  for (const { name, offset, layout: inner, bitSize } of layout.members) {
    if (bitSize !== undefined) continue;
    if (name !== "") keepBytes(inner, record[name], cutBytes(bytes, offset, inner));
    // The members of an anonymous one are those of the value around it.
    else if ("members" in inner) keepMembers(inner, record, cutBytes(bytes, offset, inner));
  }
}

function cutBytes(bytes: Uint8Array, offset: number, { size }: Layout): Uint8Array {
  return bytes.subarray(offset, offset + size);
}

/** Whether a member still has the value that was read, and whatever bytes it keeps are those that were read: then its bytes stay as they are. */
export function isSameValue(value: unknown, read: unknown): boolean {
  if (Object.is(value, read)) return true;
  if (typeof value !== "object" || value === null || typeof read !== "object" || read === null) return false;
  const { [keptBytes]: bytes } = value as { readonly [keptBytes]?: Uint8Array };
  const { [keptBytes]: readBytes } = read as { readonly [keptBytes]?: Uint8Array };
  if (bytes !== undefined && (readBytes === undefined || !isSameList(bytes, readBytes))) return false;
  if (ArrayBuffer.isView(value) || Array.isArray(value))
    return isSameList(value as ArrayLike<unknown>, read as ArrayLike<unknown>);
  const names = Object.keys(value);
  return (
    names.length === Object.keys(read).length &&
    names.every(
      (name) =>
        name in read && isSameValue((value as Record<string, unknown>)[name], (read as Record<string, unknown>)[name]),
    )
  );
}

function isSameList(value: ArrayLike<unknown>, read: ArrayLike<unknown>): boolean {
  if (value.length !== read.length) return false;
  for (let i = 0; i < value.length; i++) if (!isSameValue(value[i], read[i])) return false;
  return true;
}
