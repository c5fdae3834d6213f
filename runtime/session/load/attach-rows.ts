import { AttachError, ArgumentError } from "../../base/errors.ts";
import { describeRawTracepoint } from "../../kernel/hooks/tracepoint.ts";
import { describePerfEvents } from "../../kernel/hooks/perf-events.ts";
import { findKindOfType, planSectionType } from "../../kernel/hooks/program-kinds.ts";
import { findSectionType } from "../../kernel/hooks/section-types.ts";
import type { ProgramRequest } from "../../kernel/hooks/program-kinds.ts";
import type { ProgramDecl } from "../../dialect/text/unit.ts";
import type { AttachContext, AttachPlan } from "./attach-plan.ts";
import { planAutoAttach } from "./auto-attach.ts";
import type { AttachRequest, FunctionType } from "./program.ts";
import { planByText } from "./verify-rest.ts";
import type { RequestOf } from "./request-of.ts";
import { planUprobe } from "./plan-uprobe.ts";
import { planUsdt } from "./plan-usdt.ts";
import { planFreplace } from "./plan-freplace.ts";
import { planFunc } from "./plan-func.ts";
import { planTracepoint } from "./plan-tracepoint.ts";
import { planTracing } from "./plan-tracing.ts";
import { planKprobe } from "./plan-kprobes.ts";

type Row<Kind extends AttachRequest["kind"]> = (request: RequestOf<Kind>, context: AttachContext) => AttachPlan;

/** One row for each kind of `attach_*` call. */
const rows: { readonly [Kind in AttachRequest["kind"]]?: Row<Kind> } = {
  kprobe: (request, context) => planKprobe(request, context, false),
  kretprobe: (request, context) => planKprobe(request, context, true),
  tracepoint: planTracepoint,
  raw_tracepoint: (request, context) => ({
    program: { name: request.fnName, kind: "raw_tracepoint" },
    targets: [describeRawTracepoint(request.tp, context.listTracepoints)],
    isPattern: false,
  }),
  kfunc: (request) => planTracing(request.fnName, "fentry", /^kfunc__(\w+?)__/),
  kretfunc: (request) => planTracing(request.fnName, "fexit", /^kretfunc__(\w+?)__/),
  fmod_ret: (request) => planTracing(request.fnName, "fmod_ret", /^kmod_ret__/),
  lsm: (request) => planTracing(request.fnName, "lsm", /^lsm__/),
  uprobe: (request, context) => planUprobe(request, context, false),
  uretprobe: (request, context) => planUprobe(request, context, true),
  usdt: planUsdt,
  func: planFunc,
  freplace: planFreplace,
  perf_event: (request, context) => ({
    program: { name: request.fnName, kind: "perf_event" },
    targets: describePerfEvents(request, context.machine.onlineCpus),
    // A thread of a process may have ended meanwhile; nobody misses it.
    isPattern: (request.pid ?? -1) > 0,
  }),
};

/**
 * Turns an `attach_*` call into what to load and where to put it.
 *
 * @throws AttachError when a pattern fits nothing, ArgumentError when the call lacks an argument.
 */
export function planAttach(request: AttachRequest, context: AttachContext): AttachPlan {
  const row = rows[request.kind] as Row<AttachRequest["kind"]> | undefined;
  if (row === undefined)
    throw new AttachError(`Cannot attach "${request.fnName}": ${request.kind} is not supported yet`);
  return row(request as never, context);
}

/**
 * How a function is loaded that is not attached yet: as the script says, else as its name or section does.
 *
 * @throws ArgumentError when nobody says it
 */
export function planFunction(
  decl: ProgramDecl,
  { type, attachType }: FunctionType,
  context: AttachContext,
): ProgramRequest {
  const { name } = decl;
  if (type !== null) {
    const kind = findKindOfType(type);
    return kind !== undefined && attachType === null
      ? { name, kind: kind.name }
      : { name, kind: "func", type, expectedAttachType: attachType ?? 0 };
  }
  const known = decl.explicitSection ? findSectionType(decl.section) : undefined;
  if (known !== undefined) return { name, ...planSectionType(known) };
  // The section of an iterator says all, whoever wrote it.
  if (decl.explicitSection || decl.kind === "iter") return { name, kind: "section" };
  const automatic = planAutoAttach(decl, context)?.program ?? planByText(decl);
  if (automatic === undefined)
    throw new ArgumentError(`Cannot load "${name}": nothing says what type of program it is`, {
      hint: `give its type: load_func("${name}", BPF.TRACEPOINT)`,
    });
  return automatic;
}
