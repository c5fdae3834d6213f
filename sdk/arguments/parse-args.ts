import { argv, exit, script_name } from "../guest/process.ts";
import { eprint, print } from "../print/output.ts";
import type { ArgumentSpec, ArgumentValues, CommandLineSpec } from "./argument-spec.ts";
import { readArguments } from "./parse-arguments.ts";

/**
 * Reads the script's own arguments as Python's argparse does. `--help` prints the help and ends the script with 0; a mistake
 * prints the usage and a sentence on stderr and ends it with 2.
 *
 * Source: Python's argparse, which BCC's tools use.
 *
 * @example
 * import { parse_args, printf } from "bpfts";
 * const args = parse_args({
 *   description: "Count openat calls",
 *   arguments: {
 *     pid: { flags: ["-p", "--pid"], type: "int", help: "trace this process only" },
 *     interval: { type: "float", default: 1, help: "seconds between tables, %(default)s by default" },
 *   },
 * });
 * printf("every %s seconds\n", String(args.interval));
 */
export function parse_args<const S extends Readonly<Record<string, ArgumentSpec>>>(
  spec: CommandLineSpec<S>,
): ArgumentValues<S> {
  const parsed = readArguments(spec.prog ?? script_name, spec, argv);
  if ("values" in parsed) return parsed.values;
  const text = parsed.text.replace(/\n$/, "");
  if (parsed.status === 0) print(text);
  else eprint(text);
  return exit(parsed.status);
}
