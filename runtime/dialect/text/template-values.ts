import { makeDialectError } from "./pass.ts";
import type { Pass } from "./pass.ts";

/**
 * Refuses what a `${…}` of a template leaves in the C when it has no value. The kernel's types have a constant named `undefined`, so clang would take it for a number.
 *
 * @throws DialectError
 */
export function requireTemplateValues(pass: Pass): void {
  const found = pass.tokens.find(({ kind, text }) => kind === "word" && text === "undefined");
  if (found === undefined) return;
  throw makeDialectError(
    pass,
    found.start,
    'The C text says "undefined"',
    "a ${…} of the template had no value: look at what it is made from, such as an argument that was not given",
  );
}
