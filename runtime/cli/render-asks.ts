import type { Asks } from "../permit/guard.ts";

/** A pattern may stand for thousands of places. */
const MOST_NAMES = 8;

/** Renders what a script asks of the machine, one line for each kind of thing; empty when it asks for nothing. */
export function renderAsks(asks: Asks): string {
  const rows: readonly (readonly [label: string, values: readonly string[]])[] = [
    ["hooks", asks.hooks],
    ["pins", asks.pins],
    ["files", asks.files],
    ["processes", asks.processes.map(String)],
    ["memory", asks.mapBytes === 0 ? [] : [`${renderBytes(asks.mapBytes)} in full maps`]],
  ];
  const lines = rows
    .filter(([, values]) => values.length > 0)
    .map(([label, values]) => `  ${label.padEnd(10)}${renderNames(values)}\n`);
  const acts = asks.actions.map(({ name, does, flag, location }) => {
    const place = location === undefined ? "" : ` at line ${location.line}`;
    return `  ${"acts".padEnd(10)}${name} ${does}${place}: run needs ${flag}\n`;
  });
  return [...lines, ...acts].join("");
}

function renderNames(names: readonly string[]): string {
  const more = names.length > MOST_NAMES ? ` and ${names.length - MOST_NAMES} more` : "";
  return `${names.slice(0, MOST_NAMES).join(", ")}${more}`;
}

function renderBytes(bytes: number): string {
  const units = ["bytes", "KiB", "MiB", "GiB"];
  const at = Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10));
  const value = bytes / 1024 ** at;
  return `${value < 10 && at > 0 ? value.toFixed(1) : Math.round(value)} ${units[at]}`;
}
