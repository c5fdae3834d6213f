import { isatty } from "node:tty";
import type { TerminalReply } from "../../../sdk/wire/terminal-reply.ts";

/** Reads what standard output is. */
export function readTerminal(environment: Readonly<Record<string, string | undefined>> = process.env): TerminalReply {
  const isTty = isatty(1);
  // Asked of the stream only where it is one: making it costs time.
  const columns = isTty ? process.stdout.columns : readCount(environment["COLUMNS"]);
  const rows = isTty ? process.stdout.rows : readCount(environment["LINES"]);
  const noColor = isSet(environment["NO_COLOR"]);
  const isForced = isSet(environment["FORCE_COLOR"]) && environment["FORCE_COLOR"] !== "0";
  const colors = !noColor && (isForced || (isTty && environment["TERM"] !== "dumb"));
  return { isTty, columns: columns || 80, rows: rows || 24, noColor, colors };
}

const isSet = (text: string | undefined): boolean => text !== undefined && text !== "";

function readCount(text: string | undefined): number | undefined {
  return text !== undefined && /^[1-9]\d{0,5}$/.test(text) ? Number(text) : undefined;
}
