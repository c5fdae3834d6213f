import { InvalidArgumentError } from "commander";

/** What to do with a second `-c`. */
export const severalCommands = "one command line may have several: -c 'first; second'";

/** What to do with a second `-t`. */
export const severalPatterns = "one regular expression may have several: -t 'first|second'";

/** Reads an option of which the last one must not count alone: the first would be left out without a word. @throws InvalidArgumentError for a second one */
export function takeOnce(hint: string): (text: string, before: string | undefined) => string {
  return (text, before) => {
    if (before === undefined) return text;
    throw new InvalidArgumentError(`it was given before: ${hint}`);
  };
}
