import { AttachError, ArgumentError } from "../../base/errors.ts";
import { compileNamePattern } from "../../kernel/machine/compile-name-pattern.ts";
import type { NamePattern } from "../../base/name-pattern.ts";

/** BCC's patterns must fit the whole name; but those for functions of binaries only its start. Source: BCC's get_user_functions_and_addresses */
export function choosePlaces(
  name: string | undefined,
  pattern: string | undefined,
  option: string,
  list: (pattern: NamePattern) => readonly string[],
  limit: number | undefined,
): { names: readonly string[]; isPattern: boolean } {
  if (pattern === undefined || pattern === "") {
    if (name === undefined || name === "")
      throw new ArgumentError(`Cannot attach: the option "${option}" (or "${option}_re") is missing`);
    return { names: [name], isPattern: false };
  }
  const names = list(compileNamePattern(pattern, "whole"));
  if (names.length === 0)
    throw new AttachError(`Cannot attach: nothing fits the pattern "${pattern}"`, {
      reason: "no_such_place",
      hint: "a pattern must fit the whole name: vfs_.*",
    });
  return { names: requireLimit(names, limit), isPattern: true };
}

/** @throws AttachError when a pattern fits more than the script wants */
export function requireLimit<Found>(found: readonly Found[], limit: number | undefined): readonly Found[] {
  if (limit === undefined || found.length <= limit) return found;
  throw new AttachError(
    `Cannot attach: the pattern fits ${found.length} places, which is more than the limit of ${limit}`,
    {
      reason: "ambiguous",
      hint: "write a narrower pattern, or raise the option limit",
    },
  );
}
