import { callHost } from "../wire/host.ts";

/**
 * The terminal that standard output goes to.
 *
 * @example
 * import { print, terminal, type Terminal } from "bpfts";
 * const paint = (text: string, { colors }: Pick<Terminal, "colors">): string => (colors ? `\x1b[31m${text}\x1b[0m` : text);
 * print(paint("late", terminal()));
 */
export interface Terminal {
  /** Whether standard output is one, and no file and no pipe. */
  readonly is_tty: boolean;
  /** Units: characters. Without a terminal the variable COLUMNS, or 80. */
  readonly columns: number;
  /** Units: lines. Without a terminal the variable LINES, or 24. */
  readonly rows: number;
  /** Whether the user has set NO_COLOR, to whatever text. Source: no-color.org. */
  readonly no_color: boolean;
  /** Whether to write colours: to a terminal that is not dumb, without NO_COLOR; FORCE_COLOR asks for them anyway. */
  readonly colors: boolean;
}

/**
 * Asks what standard output is now: a terminal's size changes.
 *
 * @example
 * import { print, terminal } from "bpfts";
 * print("-".repeat(Math.min(20, terminal().columns)));
 */
export function terminal(): Terminal {
  const { isTty, noColor, ...rest } = callHost("terminal", null);
  return { is_tty: isTty, no_color: noColor, ...rest };
}
