import { formatC } from "../print/format.ts";
import { escapeText } from "../wire/escape-text.ts";

const conversion = /( ?)%(?:%|[-+ #0]*\d*(?:\.\d+)?(?:hh|h|ll|l|z|j|t)?([a-zA-Z]))/g;

/**
 * Formats as `formatC` does; a value that is a list is a stack, and `%s` writes its frames one a line. Behind other text they begin a line of
 * their own and stand further in, as in a table.
 */
export function formatStacks(format: string, values: readonly unknown[]): string {
  if (!values.some(Array.isArray)) return formatC(format, values);
  let next = 0;
  const shown = [...values];
  const changed = format.replace(conversion, (whole: string, space: string, letter: string | undefined, at: number) => {
    if (letter === undefined) return whole;
    const index = next++;
    const frames = values[index];
    if (!Array.isArray(frames) || letter !== "s") return whole;
    const lines = frames.map((frame) => escapeText(String(frame)));
    const isAlone = at === 0 || format[at - 1] === "\n";
    shown[index] = isAlone ? lines.join("\n") : lines.map((line) => `\n    ${line}`).join("");
    // Frames are escaped already, and their line ends are ours.
    return `${whole.slice(isAlone ? 0 : space.length, -1)}r`;
  });
  return formatC(changed, shown);
}

/** A stack as one text. */
export function joinFrames(value: unknown): unknown {
  return Array.isArray(value) ? value.join("\n") : value;
}
