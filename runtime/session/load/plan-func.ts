import { ArgumentError } from "../../base/errors.ts";
import { describeCgroup } from "../../kernel/hooks/cgroup.ts";
import { describeMapTarget } from "../../kernel/hooks/sockmap.ts";
import { findAttachType } from "../../kernel/hooks/attach-types.ts";
import type { ProgramRequest } from "../../kernel/hooks/program-kinds.ts";
import type { AttachContext, AttachPlan } from "./attach-plan.ts";
import type { RequestOf } from "./request-of.ts";

/** Plans an `attach_func`: a program of a type that the attach type tells, on a cgroup or a sockmap. @throws ArgumentError */
export function planFunc(request: RequestOf<"func">, context: AttachContext): AttachPlan {
  const action = `Cannot attach "${request.fnName}"`;
  const place = findAttachType(request.attachType);
  if (place === undefined)
    throw new ArgumentError(`${action}: attach_func knows no attach type ${request.attachType}`, {
      hint: "give one of BPFAttachType",
    });
  const target = place.on === "cgroup" ? request.cgroup : request.map;
  if (target === undefined || (request.cgroup !== undefined && request.map !== undefined))
    throw new ArgumentError(`${action} to ${place.name}: give its ${place.on}`);
  const program: ProgramRequest = {
    name: request.fnName,
    kind: "func",
    type: place.programType,
    expectedAttachType: place.type,
  };
  if (place.on === "cgroup") return { program, targets: [describeCgroup(target, place.type)], isPattern: false };
  const map = context.findMap?.(target);
  if (map === undefined) throw new ArgumentError(`${action} to "${target}": it is no table of this program`);
  return { program, targets: [describeMapTarget(target, map, place.type)], isPattern: false };
}
