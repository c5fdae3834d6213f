import { countEdits } from "../wire/count-edits.ts";
import type { ArgumentSpec, ArgumentValues, CommandLineSpec } from "./argument-spec.ts";
import { isRequired, isSwitch, nameArgument, renderHelp, renderUsage } from "./render-usage.ts";

type Specs = Readonly<Record<string, ArgumentSpec>>;

/** What a command line comes to: the values, or a text for the user and the status to end with. */
export type ParsedArguments<Values> = { readonly values: Values } | { readonly text: string; readonly status: 0 | 2 };

/** A mistake on the command line, in argparse's words. */
class ArgumentMistake extends Error {}

/** The user asks for the help. */
class HelpRequest extends Error {}

/** No argument of a script's can be called so. */
const helpName = "-h";
const helpSpec: ArgumentSpec = { flags: ["-h", "--help"] };

const NUMBERLIKE = /^-(\d+(\.\d*)?|\.\d+)$/;

/**
 * Reads a command line as Python's argparse does: flags may be shortened (`--inter 5`), joined (`-Tp 5`) and carry their
 * text (`-p5`, `--pid=5`); `--` ends them; positional arguments stand anywhere between them.
 */
export function readArguments<const S extends Specs>(
  prog: string,
  spec: CommandLineSpec<S>,
  words: readonly string[],
): ParsedArguments<ArgumentValues<S>> {
  try {
    const reader = new ArgumentReader(spec.arguments, spec.exclusive ?? []);
    reader.read(words);
    return { values: reader.finish() as ArgumentValues<S> };
  } catch (mistake) {
    if (mistake instanceof HelpRequest) return { text: renderHelp(prog, spec as CommandLineSpec<Specs>), status: 0 };
    if (!(mistake instanceof ArgumentMistake)) throw mistake;
    const usage = renderUsage(prog, spec as CommandLineSpec<Specs>);
    return { text: `${usage}\n${prog}: error: ${mistake.message}\n`, status: 2 };
  }
}

class ArgumentReader {
  private readonly specs: Specs;
  private readonly exclusive: readonly (readonly string[])[];
  private readonly flags = new Map<string, string>();
  private readonly given = new Map<string, unknown[]>();
  private readonly loose: string[] = [];
  private readonly unknown: string[] = [];

  constructor(specs: Specs, exclusive: readonly (readonly string[])[]) {
    this.specs = { ...specs, [helpName]: helpSpec };
    this.exclusive = exclusive;
    for (const [name, { flags }] of Object.entries(this.specs))
      for (const flag of flags ?? []) this.flags.set(flag, name);
  }

  /** Sorts the words. */
  read(words: readonly string[]): void {
    for (let at = 0; at < words.length; at++) {
      const word = words[at]!;
      if (word === "--") {
        this.loose.push(...words.slice(at + 1));
        break;
      }
      if (!word.startsWith("-") || word === "-" || this.isNumber(word)) this.loose.push(word);
      else at += word.startsWith("--") ? this.readLong(word, words[at + 1]) : this.readShort(word, words[at + 1]);
    }
  }

  finish(): Readonly<Record<string, unknown>> {
    this.placePositional();
    if (this.unknown.length > 0)
      throw new ArgumentMistake(`unrecognized arguments: ${this.unknown.join(" ")}${this.suggest()}`);
    const own = Object.entries(this.specs).filter(([name]) => name !== helpName);
    const entries = own.map(([name, spec]) => {
      const values = this.given.get(name);
      if (spec.repeat === true) return [name, values ?? spec.default ?? []];
      return [name, values === undefined ? (spec.default ?? (isSwitch(spec) ? false : undefined)) : values.at(-1)];
    });
    return Object.fromEntries(entries) as Readonly<Record<string, unknown>>;
  }

  /** Where a flag is called like a number, `-4`, no word that begins with a hyphen is a negative number. */
  private isNumber(word: string): boolean {
    return NUMBERLIKE.test(word) && ![...this.flags.keys()].some((flag) => NUMBERLIKE.test(flag));
  }

  /** Answers how many further words it took. */
  private readLong(word: string, next: string | undefined): 0 | 1 {
    const equals = word.indexOf("=");
    const flag = equals < 0 ? word : word.slice(0, equals);
    const name = this.findFlag(flag);
    if (name === undefined) return (this.unknown.push(word), 0);
    return this.take(name, equals < 0 ? undefined : word.slice(equals + 1), next);
  }

  private readShort(word: string, next: string | undefined): 0 | 1 {
    const whole = this.flags.get(word);
    if (whole !== undefined) return this.take(whole, undefined, next);
    for (let at = 1; at < word.length; at++) {
      const name = this.flags.get(`-${word[at]!}`);
      if (name === undefined && at === 1) return (this.unknown.push(word), 0);
      if (name === undefined) {
        const before = this.flags.get(`-${word[at - 1]!}`)!;
        const argument = nameArgument(before, this.specs[before]!);
        throw new ArgumentMistake(`argument ${argument}: ignored explicit argument '${word.slice(at)}'`);
      }
      const rest = word.slice(at + 1);
      if (!isSwitch(this.specs[name]!)) return this.take(name, rest === "" ? undefined : rest.replace(/^=/, ""), next);
      this.take(name, undefined, undefined);
    }
    return 0;
  }

  private findFlag(flag: string): string | undefined {
    const exact = this.flags.get(flag);
    if (exact !== undefined) return exact;
    const fits = [...this.flags.keys()].filter((other) => other.startsWith("--") && other.startsWith(flag));
    if (fits.length > 1) throw new ArgumentMistake(`ambiguous option: ${flag} could match ${fits.join(", ")}`);
    return this.flags.get(fits[0] ?? "");
  }

  private take(name: string, attached: string | undefined, next: string | undefined): 0 | 1 {
    if (name === helpName) throw new HelpRequest();
    const spec = this.specs[name]!;
    for (const other of this.exclusive.find((names) => names.includes(name)) ?? []) {
      if (other === name || !this.given.has(other)) continue;
      const against = nameArgument(other, this.specs[other]!);
      throw new ArgumentMistake(`argument ${nameArgument(name, spec)}: not allowed with argument ${against}`);
    }
    if (isSwitch(spec)) {
      if (attached !== undefined)
        throw new ArgumentMistake(`argument ${nameArgument(name, spec)}: ignored explicit argument '${attached}'`);
      this.add(name, true);
      return 0;
    }
    const text = attached ?? next;
    if (text === undefined || (attached === undefined && /^-./.test(text) && !this.isNumber(text)))
      throw new ArgumentMistake(`argument ${nameArgument(name, spec)}: expected one argument`);
    this.add(name, convert(name, spec, text));
    return attached === undefined ? 1 : 0;
  }

  private add(name: string, value: unknown): void {
    this.given.set(name, [...(this.given.get(name) ?? []), value]);
  }

  /** Gives the words without flags to the positional arguments, in their order. */
  private placePositional(): void {
    const rows = Object.entries(this.specs).filter(([, { flags }]) => flags === undefined);
    const missing: string[] = [];
    for (const [name, spec] of rows) {
      if (this.loose.length === 0 && isRequired(spec)) missing.push(nameArgument(name, spec));
      else if (spec.repeat === true) for (const text of this.loose.splice(0)) this.add(name, convert(name, spec, text));
      else if (this.loose.length > 0) this.add(name, convert(name, spec, this.loose.shift()!));
    }
    if (missing.length > 0) throw new ArgumentMistake(`the following arguments are required: ${missing.join(", ")}`);
    this.unknown.push(...this.loose);
  }

  /** The flag that an unknown one may have been meant for. */
  private suggest(): string {
    const word = this.unknown[0]!.replace(/=.*/, "");
    if (!word.startsWith("--")) return "";
    const near = [...this.flags.keys()].find((flag) => flag.startsWith("--") && countEdits(flag, word) <= 2);
    return near === undefined ? "" : ` (did you mean ${near}?)`;
  }
}

function convert(name: string, spec: ArgumentSpec, text: string): unknown {
  const value = convertText(name, spec, text);
  if (spec.choices === undefined || spec.choices.some((choice) => choice === value || String(choice) === text))
    return value;
  const choices = spec.choices.map((choice) => (typeof choice === "string" ? `'${choice}'` : String(choice)));
  throw new ArgumentMistake(
    `argument ${nameArgument(name, spec)}: invalid choice: '${text}' (choose from ${choices.join(", ")})`,
  );
}

function convertText(name: string, spec: ArgumentSpec, text: string): unknown {
  const type = spec.type ?? (typeof spec.choices?.[0] === "number" ? "float" : "string");
  if (typeof type === "function") {
    try {
      return type(text);
    } catch (error) {
      throw new ArgumentMistake(`argument ${nameArgument(name, spec)}: ${(error as Error).message}`);
    }
  }
  if (type === "string") return text;
  const isRight = type === "int" ? /^\s*[-+]?\d[\d_]*\s*$/ : /^\s*[-+]?(\d+(\.\d*)?|\.\d+)(e[-+]?\d+)?\s*$/i;
  if (!isRight.test(text))
    throw new ArgumentMistake(`argument ${nameArgument(name, spec)}: invalid ${type} value: '${text}'`);
  return Number(text.replaceAll("_", ""));
}
