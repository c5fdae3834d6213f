import { ArgumentError, eprint, exit } from "bpfts";

/** Ends a script as a mistake in its command line does. */
export function refuse(tool: string, message: string): never {
  eprint(`${tool}: error: ${message}`);
  exit(2);
}

/** Answers what `parse` answers; what it refuses is a mistake in the command line, or in a file that the command line names. */
export function read_or_refuse<Value>(tool: string, parse: () => Value): Value {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof ArgumentError)) throw error;
    return refuse(tool, error.message);
  }
}
