import { describeAuto } from "../../kernel/hooks/tracing.ts";
import type { AttachPlan } from "./attach-plan.ts";

/** The function's name says what it sits on: the section that the dialect gave it carries the target. */
export function planTracing(
  functionName: string,
  kind: "fentry" | "fexit" | "fmod_ret" | "lsm",
  prefix: RegExp,
): AttachPlan {
  return {
    program: { name: functionName, kind },
    targets: [describeAuto(functionName.replace(prefix, ""))],
    isPattern: false,
  };
}
