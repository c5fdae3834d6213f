import { escapeText, quoteText } from "../wire/escape-text.ts";

const MAX_DEPTH = 4;
const MAX_ITEMS = 100;

/** A class whose objects are shown by their names and, where they can be read, with their entries. */
type NamedEntriesClass = abstract new (...parts: never[]) => object;

const namedEntriesClasses: NamedEntriesClass[] = [];

/** Shows objects of a class by their names and with their entries: tables ask for it, so that printing needs to know nothing of tables. */
export function showEntriesOf(type: NamedEntriesClass): void {
  namedEntriesClasses.push(type);
}

/** How a value is rendered. */
export interface RenderOptions {
  /** What stands behind a bigint: nothing, or JavaScript's own `n`. */
  readonly bigints?: "" | "n";
  /** 1 for a value that stands in another one: texts are quoted. */
  readonly depth?: number;
}

/**
 * Renders any value for people, on one line: objects and maps with their contents, in which nothing is left that a terminal would act
 * on. A text by itself stays as it is.
 */
export function renderValue(value: unknown, { bigints = "", depth = 0 }: RenderOptions = {}): string {
  return render(value, bigints, depth, []);
}

function render(value: unknown, bigints: "" | "n", depth: number, seen: readonly unknown[]): string {
  if (typeof value === "string") return depth === 0 ? value : quoteText(value);
  if (typeof value === "bigint") return `${value}${bigints}`;
  if (typeof value === "function") return `[function ${escapeText(value.name) || "(anonymous)"}]`;
  if (typeof value === "symbol") return escapeText(value.toString());
  if (typeof value !== "object" || value === null) return String(value);
  if (seen.includes(value)) return "[circular]";
  if (value instanceof Error) return renderError(value);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "Invalid Date" : value.toISOString();
  if (value instanceof RegExp) return escapeText(String(value));
  if (namedEntriesClasses.some((type) => value instanceof type))
    return renderTable(value, (item) => render(item, bigints, depth + 1, seen));
  if (depth >= MAX_DEPTH) return Array.isArray(value) ? "[…]" : "{…}";
  const inner = (item: unknown): string => render(item, bigints, depth + 1, [...seen, value]);
  if (Array.isArray(value)) return `[${renderItems(value, inner)}]`;
  if (value instanceof DataView || value instanceof ArrayBuffer)
    return `${value.constructor.name} [${renderItems(viewBytes(value), inner)}]`;
  if (ArrayBuffer.isView(value))
    return `${value.constructor.name} [${renderItems(value as unknown as Iterable<unknown>, inner)}]`;
  if (value instanceof Map)
    return `Map {${renderItems(
      [...value].map(([key, item]) => `${inner(key)} => ${inner(item)}`),
      String,
    )}}`;
  if (value instanceof Set) return `Set {${renderItems(value, inner)}}`;
  const fields = Object.entries(value).map(
    ([name, item]) => `${/^[A-Za-z_$][\w$]*$/.test(name) ? name : quoteText(name)}: ${inner(item)}`,
  );
  return fields.length === 0 ? "{}" : `{ ${renderItems(fields, String)} }`;
}

/** A table with keys as a map, as far as the kernel tells what is in it. */
function renderTable(
  table: { entries?(): Iterable<readonly [unknown, unknown]> },
  render: (item: unknown) => string,
): string {
  try {
    if (table.entries !== undefined)
      return `${String(table)} {${renderItems(table.entries(), (entry) => (entry as readonly unknown[]).map(render).join(" => "))}}`;
  } catch {
    // Closed, or of a kind that tells nobody.
  }
  return String(table);
}

function viewBytes(value: DataView | ArrayBuffer): Uint8Array {
  return value instanceof DataView
    ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
    : new Uint8Array(value);
}

function renderItems(items: Iterable<unknown>, render: (item: unknown) => string): string {
  const texts: string[] = [];
  for (const item of items) {
    if (texts.length === MAX_ITEMS) return `${texts.join(", ")}, …`;
    texts.push(render(item));
  }
  return texts.join(", ");
}

function renderError(error: Error): string {
  const hint = (error as { readonly hint?: unknown }).hint;
  // A message may have lines.
  return escapeText(`${error.name}: ${error.message}${typeof hint === "string" ? ` (hint: ${hint})` : ""}`, "\n\t");
}
