import type { Closable } from "../base/scope.ts";

/** What came from the user. */
export type TypedLine =
  | { readonly kind: "line"; readonly text: string }
  /** Ctrl-C while a line was typed: it is dropped, and so is what came before it of an input that goes on. */
  | { readonly kind: "dropped" }
  | { readonly kind: "end" };

/** Where the lines of a session come from, and where what happens meanwhile is shown. Owner: the caller closes it. */
export interface LineSource extends Closable {
  /** The next line, with a prompt on a terminal. */
  next(isContinued: boolean): Promise<TypedLine>;
  /** Does something that may write, with the typed line out of the way. */
  writeBeside(write: () => void): void;
  /** Shows a text in the place of the one that this call showed last, if nothing was written since; below what is there when that cannot be. */
  redraw(text: string): void;
  /** Tells that something was written, so that `redraw` leaves it alone. */
  noteWritten(): void;
  readonly isTerminal: boolean;
}
