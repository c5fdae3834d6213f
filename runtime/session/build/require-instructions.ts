import { CompileError } from "../../base/errors.ts";
import { locateOffset } from "../../dialect/text/pass.ts";
import type { CUnit } from "../../dialect/text/unit.ts";
import { parseElf } from "../../object/elf.ts";

/**
 * Refuses a program that has no instruction. clang removes code whose behaviour C does not define; libbpf only answers EINVAL for a function that is empty then.
 *
 * @throws CompileError at the function
 */
export function requireInstructions(unit: CUnit, object: Uint8Array): void {
  const empty = new Set(
    parseElf(object)
      .functions.filter(({ size }) => size === 0)
      .map(({ name }) => name),
  );
  const [first, ...more] = unit.programs.filter(({ name }) => empty.has(name));
  if (first === undefined) return;
  throw new CompileError(`C: clang leaves nothing of "${first.name}"`, {
    location: locateOffset(unit.source, first.offset),
    hint: "each way through the function does what C does not define, such as a write through a pointer that is 0: clang takes it that nobody calls it, and removes it",
    diagnostics: more.map(({ name, offset }) => ({
      severity: "error",
      message: `clang leaves nothing of "${name}"`,
      location: locateOffset(unit.source, offset),
    })),
  });
}
