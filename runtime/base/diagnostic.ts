import type { SourceLocation } from "./location.ts";

/**
 * One message of a compiler, ours or clang's, as data. Rendering is the last
 * step and belongs to the CLI.
 */
export interface Diagnostic {
  readonly severity: "error" | "warning" | "note";
  readonly message: string;
  readonly location?: SourceLocation;
  /** The text of the line that the location names, without its newline. */
  readonly lineText?: string;
  readonly hint?: string;
  readonly notes?: readonly Diagnostic[];
}
