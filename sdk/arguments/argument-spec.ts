/**
 * How the text of an argument becomes a value. A function answers the value or throws; its message is shown to the user.
 *
 * @example
 * import { parse_args, print } from "bpfts";
 * const args = parse_args({ arguments: { since: { flags: ["--since"], type: (text) => new Date(text), default: "2024-01-02" } } });
 * print(args.since);
 */
export type ArgumentType = "string" | "int" | "float" | ((text: string) => unknown);

/**
 * One argument of a tool's command line. Source: add_argument of Python's argparse.
 *
 * @example
 * import { parse_args, print, type ArgumentSpec } from "bpfts";
 * const pid: ArgumentSpec & { readonly type: "int" } = { flags: ["-p", "--pid"], type: "int", help: "this process only" };
 * const args = parse_args({ arguments: { pid } });
 * print(args.pid ?? "all"); // all
 */
export interface ArgumentSpec {
  /** Its flags, the short one first: `["-p", "--pid"]`. Without flags the argument is positional. */
  readonly flags?: readonly string[];
  /** What the text becomes; without a type, an argument with flags takes no text and is true when it is given. */
  readonly type?: ArgumentType;
  /** The value when it is not given; a positional argument with a default may be left out. */
  readonly default?: unknown;
  /** The only values that it takes. */
  readonly choices?: readonly (string | number)[];
  /** Whether it may be given more than once: its value is an array. */
  readonly repeat?: boolean;
  /** Whether a positional argument may be left out; it is undefined then. With `repeat` it may, unless this is false. */
  readonly optional?: boolean;
  /** The name of its text in the help. @default its own name, in capitals for an argument with flags */
  readonly metavar?: string;
  /** One line for the help; `%(default)s` stands for the default. */
  readonly help?: string;
  /** Leaves it out of the help. */
  readonly hidden?: boolean;
}

/**
 * A tool's command line: its arguments by the names that their values get, positional ones in their order.
 *
 * @example
 * import { parse_args, print, type CommandLineSpec } from "bpfts";
 * const specs = { count: { type: "int", default: 10, optional: true, help: "how many" } } as const;
 * const line: CommandLineSpec<typeof specs> = { description: "Print the slowest reads.", arguments: specs };
 * print(parse_args(line).count); // 10
 */
export interface CommandLineSpec<Specs extends Readonly<Record<string, ArgumentSpec>>> {
  /** @default the name of the script's file */
  readonly prog?: string;
  /** What the program does, above the options of the help. */
  readonly description?: string;
  /** Command lines with a word on each, shown as they are below the help. */
  readonly examples?: string;
  /** The arguments by the names of their values, as Python's `dest`. */
  readonly arguments: Specs;
  /** Names of arguments of which at most one may be given. */
  readonly exclusive?: readonly (readonly string[])[];
}

type ValueOfType<Type> = Type extends "int" | "float"
  ? number
  : Type extends (text: string) => infer Value
    ? Value
    : string;

type ValueOf<Spec> = Spec extends { readonly choices: readonly (infer Choice)[] }
  ? Choice
  : Spec extends { readonly type: infer Type }
    ? ValueOfType<Type>
    : Spec extends { readonly flags: readonly string[] }
      ? boolean
      : string;

type WithDefault<Spec, Value> = Spec extends { readonly repeat: true }
  ? readonly Value[]
  : Spec extends { readonly default: infer Default }
    ? Value | Default
    : Spec extends { readonly optional: true }
      ? Value | undefined
      : Spec extends { readonly flags: readonly string[] }
        ? Value extends boolean
          ? boolean
          : Value | undefined
        : Value;

/**
 * The values of a command line, by the names of their arguments.
 *
 * @example
 * import { parse_args, print, type ArgumentValues } from "bpfts";
 * const specs = { pid: { flags: ["-p"], type: "int" } } as const;
 * function describe(args: ArgumentValues<typeof specs>): string {
 *   return args.pid === undefined ? "all processes" : `process ${args.pid}`;
 * }
 * print(describe(parse_args({ arguments: specs }))); // all processes
 */
export type ArgumentValues<Specs> = {
  readonly [Name in keyof Specs]: WithDefault<Specs[Name], Widen<ValueOf<Specs[Name]>>>;
};

/** A default of 1 does not make a number of 1 only. */
type Widen<Value> = Value extends number ? number : Value extends boolean ? boolean : Value;
