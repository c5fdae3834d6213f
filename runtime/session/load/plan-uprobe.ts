import { ArgumentError } from "../../base/errors.ts";
import { describeUprobe } from "../../kernel/hooks/uprobe.ts";
import {
  isPart,
  requireAddressPlace,
  requireBinary,
  requireFunctionPlaces,
  requireNamedPlaces,
} from "../../kernel/user/function-place.ts";
import { compileNamePattern } from "../../kernel/machine/compile-name-pattern.ts";
import type { AttachContext, AttachPlan } from "./attach-plan.ts";
import type { RequestOf } from "./request-of.ts";
import { requireLimit } from "./choose-places.ts";

/** Plans an `attach_uprobe` or `attach_uretprobe`: one place, or all functions of a binary that fit a pattern. @throws ArgumentError, AttachError */
export function planUprobe(
  request: RequestOf<"uprobe">,
  { port, userSpace }: AttachContext,
  retprobe: boolean,
): AttachPlan {
  const action = `Cannot attach "${request.fnName}" to ${request.kind}`;
  const given = [request.sym, request.symRe, request.addr].filter((option) => option !== undefined && option !== "");
  if (given.length !== 1) throw new ArgumentError(`${action}: give exactly one of sym, sym_re and addr`);
  if (retprobe && ((request.symOff ?? 0) !== 0 || isPart(request.sym ?? ""))) {
    throw new ArgumentError(`${action}: a return probe belongs where a function starts`, {
      hint: "further in the kernel would take what lies on the stack for the place to return to, and overwrite it",
    });
  }
  const pid = request.pid ?? -1;
  const file = requireBinary(userSpace, action, request.name, Math.max(pid, 0));
  const isPattern = request.symRe !== undefined && request.symRe !== "";
  const places = isPattern
    ? requireLimit(requireFunctionPlaces(file, action, compileNamePattern(request.symRe!, "start")), request.limit)
    : request.addr === undefined
      ? requireNamedPlaces(port, file, action, request.sym!, request.symOff ?? 0)
      : [requireAddressPlace(file, action, Number(request.addr))];
  return {
    program: { name: request.fnName, kind: request.kind },
    targets: places.map((place) => describeUprobe(file, place, retprobe, pid > 0 ? pid : -1)),
    isPattern,
  };
}
