import { AttachError } from "../../base/errors.ts";
import type { BpftsError, CompileError } from "../../base/errors.ts";
import { adviseTracepoint } from "../../kernel/hooks/tracepoint.ts";
import { locateOffset } from "../../dialect/text/pass.ts";
import type { CUnit } from "../../dialect/text/unit.ts";

/**
 * Says that there is no such tracepoint where clang only says that the struct of its fields is not known. Undefined
 * when the error is about something else, or nobody knows the kernel's tracepoints.
 */
export function explainMissingTracepoint(
  error: CompileError,
  unit: CUnit,
  known: readonly string[],
): BpftsError | undefined {
  if (known.length === 0) return undefined;
  const messages = [error.message, ...error.diagnostics.map(({ message }) => message)];
  for (const { name, autoAttach, offset } of unit.programs) {
    if (autoAttach?.kind !== "tracepoint") continue;
    const { category, event } = autoAttach;
    const label = `${category}:${event}`;
    const struct = new RegExp(`'(?:const )?struct tracepoint__${category}__${event}\\b`);
    if (known.includes(label) || !messages.some((message) => struct.test(message))) continue;
    return new AttachError(`Cannot attach "${name}" to tracepoint "${label}": no such tracepoint`, {
      reason: "no_such_place",
      location: locateOffset(unit.source, offset),
      hint: adviseTracepoint(label, known),
    });
  }
  return undefined;
}
