/**
 * A place in a file of the user's. Every message that can be traced to the
 * user's text carries one; a column that is not known is left out, never
 * guessed.
 */
export interface SourceLocation {
  /** Absolute path, or a name in angle brackets for text that stands in no file. */
  readonly file: string;
  /** Units: 1-based line. */
  readonly line: number;
  /** Units: 1-based column in UTF-16 code units. */
  readonly column?: number;
  /** Where what is meant ends, on the same line. Units: 1-based column behind its last character. */
  readonly endColumn?: number;
  /** The line itself, where it may be shown: of a file that the script may read, or of text that stands in no file. */
  readonly lineText?: string;
}

/** A function on the way to an error, and where it went on; one without a name is the script itself or a function that has none. */
export interface StackFrame {
  readonly name?: string;
  readonly location: SourceLocation;
}

/** Renders a location as `file:line:column`, the form that terminals and editors link. */
export function renderLocation(location: SourceLocation): string {
  const column = location.column === undefined ? "" : `:${location.column}`;
  return `${location.file}:${location.line}${column}`;
}

/** Lists where the lines of a text begin. Units: UTF-16 code units. */
export function listLineStarts(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return starts;
}

/** What the guest names the frame of a function that waited for a promise. Source: traceAwait in sdk/wire/error-stacks.ts. */
const AWAITED = "async";

/** One line of a stack, as V8 writes it. */
export function renderFrame(name: string | undefined, place: string): string {
  if (name === AWAITED) return `    at ${AWAITED} ${place}`;
  return `    at ${name === undefined ? place : `${name} (${place})`}`;
}
