import { makeArgumentError } from "../wire/errors.ts";
import { formatC } from "./format.ts";

/**
 * Formats as Python's `str.format` does with positions: `"{1} {5}"`, `"{4:.6f}"`, `"{0:>16}"`, `"{{"` for a brace.
 * What BCC's `trace_print(fmt=…)` takes.
 *
 * @throws BpfError for a position that there is no value for, and for what else stands between braces
 */
export function formatPositions(format: string, values: readonly unknown[]): string {
  const refuse = (reason: string, hint: string): never => {
    throw makeArgumentError(`Cannot format ${JSON.stringify(format)}: ${reason}`, hint);
  };
  let automatic = 0;
  return format.replace(
    /\{\{|\}\}|\{(\d*)(?::([^{}]*))?\}|\{[^{}]*\}?|\}/g,
    (whole: string, position?: string, spec = "") => {
      if (whole === "{{") return "{";
      if (whole === "}}") return "}";
      if (position === undefined)
        return refuse(
          `"${whole}" is no position`,
          `fields are {0} to {${values.length - 1}}; write {{ and }} for braces`,
        );
      const index = position === "" ? automatic++ : Number(position);
      if (index >= values.length)
        return refuse(`there is no field {${index}}`, `fields are {0} to {${values.length - 1}}`);
      const value = values[index];
      const parts = /^([<>]?)(0?)(\d*)(\.\d+)?([a-zA-Z]?)$/.exec(spec);
      if (parts === null)
        return refuse(
          `"${spec}" is not understood`,
          "use a width, a precision and a conversion, for example {4:.6f} or {0:<16}",
        );
      const [, align, zero, width, precision = "", kind] = parts;
      const left = align === "<" || (align === "" && typeof value === "string");
      return formatC(
        `%${left ? "-" : ""}${zero}${width}${precision}${kind === "" ? findPlainKind(value, precision) : kind}`,
        [value],
      );
    },
  );
}

/** The conversion of a value that is given none. */
function findPlainKind(value: unknown, precision: string): string {
  if (typeof value === "bigint" || Number.isInteger(value)) return "d";
  return typeof value === "number" && precision !== "" ? "g" : "s";
}
