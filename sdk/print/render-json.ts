import { escapeJson } from "../wire/escape-text.ts";

/** Renders a value as JSON; 64-bit numbers are numbers where they are exact, else texts, as NaN and Infinity are. Without `indent` it is one line. */
export function renderJson(value: unknown, indent?: number): string {
  return escapeJson(
    JSON.stringify(
      value,
      (_, item: unknown) => {
        if (item instanceof Uint8Array) return [...item];
        // JSON would write null, which is another value.
        if (typeof item === "number" && !Number.isFinite(item)) return String(item);
        if (typeof item !== "bigint") return item;
        return Number.isSafeInteger(Number(item)) ? Number(item) : item.toString();
      },
      indent,
    ),
  );
}
