/** Answers what two values have in common when they are the same: written for people, different ones may look alike (`"\\x80"` is a byte and a letter). */
export function identifyValue(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  return JSON.stringify(value, (_, item: unknown) => {
    if (typeof item === "bigint") return { bigint: String(item) };
    if (typeof item === "number" && !Number.isFinite(item)) return { number: String(item) };
    return item instanceof Uint8Array ? [...item] : item;
  });
}
