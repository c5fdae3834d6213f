import { AttachError } from "../../base/errors.ts";
import type { NamePattern } from "../../base/name-pattern.ts";
import { describeTracepoint } from "../../kernel/hooks/tracepoint.ts";
import type { AttachContext, AttachPlan } from "./attach-plan.ts";
import { choosePlaces } from "./choose-places.ts";
import type { RequestOf } from "./request-of.ts";

/** Plans an `attach_tracepoint`: one, or all that fit a pattern. @throws AttachError */
export function planTracepoint(request: RequestOf<"tracepoint">, context: AttachContext): AttachPlan {
  const list = (pattern: NamePattern): readonly string[] =>
    context.listTracepoints().filter((name) => pattern.test(name));
  const { names, isPattern } = choosePlaces(request.tp, request.tpRe, "tp", list, request.limit);
  const targets = names.map((name) => {
    const at = name.indexOf(":");
    if (at <= 0)
      throw new AttachError(
        `Cannot attach "${request.fnName}" to tracepoint "${name}": a tracepoint is named CATEGORY:EVENT`,
        { hint: `for example "syscalls:sys_enter_openat"` },
      );
    return describeTracepoint(name.slice(0, at), name.slice(at + 1), context.listTracepoints);
  });
  return { program: { name: request.fnName, kind: "tracepoint" }, targets, isPattern };
}
