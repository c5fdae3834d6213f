import { CompileError } from "../../base/errors.ts";
import type { SourceLocation } from "../../base/location.ts";
import { adviseFunction } from "../../dialect/text/library-functions.ts";
import { locateInUnit } from "../../dialect/text/locate-in-unit.ts";
import type { CUnit } from "../../dialect/text/unit.ts";
import type { LineInfo } from "../../object/line-info.ts";
import { listUndefinedNames } from "../../object/outside-names.ts";

/**
 * Stops at a name that a compiled text uses and nothing defines: there is no linker that could find it elsewhere.
 *
 * @throws CompileError at the first use, with what to write instead.
 */
export function requireDefined(unit: CUnit, object: Uint8Array): void {
  const [first, ...more] = listUndefinedNames(object);
  if (first === undefined) return;
  const location = locateUse(unit, first.use);
  throw new CompileError(`C: nothing defines "${first.name}"`, {
    hint: adviseFunction(first.name) ?? adviseDeclared(first.name),
    diagnostics: more.map(({ name, use }) => {
      const place = locateUse(unit, use);
      return {
        severity: "error",
        message: `nothing defines "${name}"`,
        ...(place !== undefined && { location: place }),
      };
    }),
    ...(location !== undefined && { location }),
  });
}

function adviseDeclared(name: string): string {
  return `the text declares "${name}" and does not define it: give it a body or a value in the same text; a function or variable of the kernel's is declared with __ksym`;
}

/** What an object calls a text that stands in no file has a folder before its name. */
function locateUse(unit: CUnit, use: LineInfo | undefined): SourceLocation | undefined {
  if (use === undefined) return undefined;
  if (use.file === unit.file || use.file.endsWith(`/${unit.file}`))
    return locateInUnit(unit, use.line, use.column > 0 ? use.column : undefined);
  return use.file.startsWith("/") ? { file: use.file, line: use.line, column: use.column } : undefined;
}
