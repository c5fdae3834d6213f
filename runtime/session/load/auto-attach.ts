import type { AttachContext, AttachPlan } from "./attach-plan.ts";
import type { ProgramDecl } from "../../dialect/text/unit.ts";
import { describeAuto } from "../../kernel/hooks/tracing.ts";
import { describeKprobe } from "../../kernel/hooks/kprobe.ts";
import { describeRawTracepoint, describeTracepoint } from "../../kernel/hooks/tracepoint.ts";
import { planKprobeSection } from "./plan-kprobes.ts";

/**
 * Plans what a function's name, macro or section asks for: undefined when it
 * waits for an `attach_*` call. Source: BCC's autoload by name prefix; libbpf's
 * section names for functions that carry `SEC("…")`.
 */
export function planAutoAttach(program: ProgramDecl, context: AttachContext): AttachPlan | undefined {
  const { name, autoAttach } = program;
  if (autoAttach === undefined) return planSection(program, context);
  switch (autoAttach.kind) {
    case "kprobe":
    case "kretprobe":
      return {
        program: { name, kind: autoAttach.kind },
        targets: [describeKprobe(autoAttach.target, autoAttach.kind === "kretprobe")],
        isPattern: false,
      };
    case "tracepoint":
      return {
        program: { name, kind: "tracepoint" },
        targets: [describeTracepoint(autoAttach.category, autoAttach.event, context.listTracepoints)],
        isPattern: false,
      };
    case "raw_tracepoint":
      return {
        program: { name, kind: "raw_tracepoint" },
        targets: [describeRawTracepoint(autoAttach.event, context.listTracepoints)],
        isPattern: false,
      };
    case "fentry":
    case "fexit":
      return { program: { name, kind: autoAttach.kind }, targets: [describeAuto(autoAttach.target)], isPattern: false };
    case "lsm":
      return { program: { name, kind: "lsm" }, targets: [describeAuto(autoAttach.hook)], isPattern: false };
  }
}

/** Sections that name their own target; the others (xdp, tc, …) wait for the script to say where. */
const attachable =
  /^(?:u(?:ret)?probe(?:\.s)?|usdt|tp|tracepoint|raw_tp|raw_tracepoint|tp_btf|(?:fentry|fexit|fmod_ret|lsm)(?:\.s)?)\/./;

function planSection(program: ProgramDecl, { machine }: AttachContext): AttachPlan | undefined {
  if (!program.explicitSection) return undefined;
  const kprobes = planKprobeSection(program, machine.versionCode);
  if (kprobes !== undefined) return kprobes;
  if (!attachable.test(program.section)) return undefined;
  return {
    program: { name: program.name, kind: "section" },
    targets: [describeAuto(program.section)],
    isPattern: false,
  };
}
