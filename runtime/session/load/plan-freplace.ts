import { AttachError, ArgumentError } from "../../base/errors.ts";
import { describeFreplace, openReplaced } from "../../kernel/hooks/freplace.ts";
import type { AttachContext, AttachPlan } from "./attach-plan.ts";
import type { RequestOf } from "./request-of.ts";

/** Plans an `attach_freplace`: the section says which function is replaced, unless the call does. @throws ArgumentError, AttachError */
export function planFreplace(request: RequestOf<"freplace">, { port, findSection }: AttachContext): AttachPlan {
  const { fnName, target } = request;
  const section = findSection?.(fnName) ?? "";
  if (!/^\??freplace(?:\/|$)/.test(section))
    throw new AttachError(
      `Cannot attach "${fnName}" to freplace: its section does not say that it replaces a function`,
      {
        hint: `write SEC("freplace/NAME") before it, where NAME is the function that it replaces`,
      },
    );
  const func = request.func ?? /\/(.+)$/.exec(section)?.[1];
  if (func === undefined)
    throw new ArgumentError(`Cannot attach "${fnName}" to freplace: nothing says which function it replaces`, {
      hint: 'give func, or write SEC("freplace/NAME")',
    });
  // The bridge has found the id of what is named otherwise.
  const program = "program" in target ? { id: 0 } : target;
  return {
    program: {
      name: fnName,
      kind: "freplace",
      targetFunction: func,
      openTarget: () => openReplaced(port, fnName, program),
    },
    targets: [describeFreplace(fnName, program, func)],
    isPattern: false,
  };
}
