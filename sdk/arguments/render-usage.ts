import type { ArgumentSpec, CommandLineSpec } from "./argument-spec.ts";

type Specs = Readonly<Record<string, ArgumentSpec>>;

const WIDTH = 80;
const HELP_COLUMN = 24;

/** The name of an argument's text in usage and help. */
export function nameValue(name: string, spec: ArgumentSpec): string {
  if (spec.metavar !== undefined) return spec.metavar;
  if (spec.choices !== undefined) return `{${spec.choices.join(",")}}`;
  return spec.flags === undefined ? name : name.toUpperCase();
}

/** The argument as an error names it: `-p/--pid`, or the name of a positional one. */
export function nameArgument(name: string, spec: ArgumentSpec): string {
  return spec.flags === undefined ? nameValue(name, spec) : spec.flags.join("/");
}

/** Whether an argument with flags takes no text. */
export function isSwitch(spec: ArgumentSpec): boolean {
  return spec.flags !== undefined && spec.type === undefined && spec.choices === undefined;
}

/** The lines of `usage: …`, as argparse writes them. */
export function renderUsage(prog: string, { arguments: specs, exclusive = [] }: CommandLineSpec<Specs>): string {
  const shown = Object.entries(specs).filter(([, spec]) => spec.hidden !== true);
  const options = ["[-h]"];
  const positional: string[] = [];
  const grouped = new Set<string>();
  for (const [name, spec] of shown) {
    if (spec.flags === undefined || grouped.has(name)) continue;
    const group = exclusive.find((names) => names.includes(name))?.filter((other) => specs[other]?.hidden !== true);
    for (const other of group ?? []) grouped.add(other);
    const names = group ?? [name];
    options.push(`[${names.map((other) => renderShort(other, specs[other]!)).join(" | ")}]`);
  }
  for (const [name, spec] of shown) {
    if (spec.flags !== undefined) continue;
    const value = nameValue(name, spec);
    const whole = spec.repeat === true ? `[${value} ...]` : `[${value}]`;
    if (!isRequired(spec)) positional.push(whole);
    else positional.push(...(spec.repeat === true ? [value, whole] : [value]));
  }
  const lead = `usage: ${prog} `;
  const lines = wrap([...options, ...positional], lead);
  if (lines.length === 1 || positional.length === 0) return lines.join("\n");
  return [...wrap(options, lead), ...wrap(positional, " ".repeat(lead.length))].join("\n");
}

/** The whole text of `--help`. */
export function renderHelp(prog: string, spec: CommandLineSpec<Specs>): string {
  const shown = Object.entries(spec.arguments).filter(([, { hidden }]) => hidden !== true);
  const positional = shown.filter(([, { flags }]) => flags === undefined);
  const options = shown.filter(([, { flags }]) => flags !== undefined);
  const texts = [renderUsage(prog, spec)];
  if (spec.description !== undefined) texts.push(spec.description.trim());
  if (positional.length > 0) {
    texts.push(
      ["positional arguments:", ...positional.map(([name, row]) => renderRow(nameValue(name, row), row))].join("\n"),
    );
  }
  const rows = options.map(([name, row]) => renderRow(renderFlags(name, row), row));
  texts.push(["options:", "  -h, --help            show this help message and exit", ...rows].join("\n"));
  if (spec.examples !== undefined) texts.push(spec.examples.replace(/^\n+|\s+$/g, ""));
  return `${texts.join("\n\n")}\n`;
}

/** Whether the user must give a positional argument. */
export function isRequired(spec: ArgumentSpec): boolean {
  if (spec.repeat === true && spec.optional !== false) return false;
  return spec.flags === undefined && spec.default === undefined && spec.optional !== true;
}

function renderShort(name: string, spec: ArgumentSpec): string {
  const flag = spec.flags![0]!;
  return isSwitch(spec) ? flag : `${flag} ${nameValue(name, spec)}`;
}

function renderFlags(name: string, spec: ArgumentSpec): string {
  const value = isSwitch(spec) ? "" : ` ${nameValue(name, spec)}`;
  return spec.flags!.map((flag) => `${flag}${value}`).join(", ");
}

function renderRow(left: string, spec: ArgumentSpec): string {
  const help = (spec.help ?? "").replaceAll("%(default)s", String(spec.default));
  const start = `  ${left}`;
  if (help === "") return start;
  const indent = " ".repeat(HELP_COLUMN);
  const lines = wrap(help.split(/\s+/), indent);
  if (start.length > HELP_COLUMN - 2) return [start, ...lines].join("\n");
  return [start.padEnd(HELP_COLUMN) + lines[0]!.slice(HELP_COLUMN), ...lines.slice(1)].join("\n");
}

/** Breaks words into lines that begin with `lead`, the first as it is and the others with as many spaces. */
function wrap(words: readonly string[], lead: string): string[] {
  const lines: string[] = [];
  let line = lead;
  for (const word of words) {
    const isFirst = line.trim() === "" || line === lead;
    if (!isFirst && line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = " ".repeat(lead.length) + word;
    } else line += isFirst ? word : ` ${word}`;
  }
  return [...lines, line];
}
