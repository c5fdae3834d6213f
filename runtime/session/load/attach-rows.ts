import { AttachError, ArgumentError } from "../../base/errors.ts";
import {
  describeAuto,
  describeCgroup,
  describeMapTarget,
  describeRawTracepoint,
  describeTracepoint,
  describeUprobe,
  describeUsdt,
  describeLibbpfUsdt,
} from "../../kernel/hooks/attach.ts";
import { describeFreplace, openReplaced } from "../../kernel/hooks/freplace.ts";
import { findAttachType } from "../../kernel/hooks/attach-types.ts";
import type { UsdtPlace } from "../../kernel/hooks/attach.ts";
import {
  isPart,
  requireAddressPlace,
  requireBinary,
  requireFunctionPlaces,
  requireNamedPlaces,
} from "../../kernel/user/function-place.ts";
import { compileNamePattern } from "../../kernel/machine/compile-name-pattern.ts";
import type { NamePattern } from "../../base/name-pattern.ts";
import { listKernelFunctions } from "../../kernel/machine/kallsyms.ts";
import { parseUsdtArguments } from "../../kernel/hooks/usdt-arguments.ts";
import { describePerfEvents } from "../../kernel/hooks/perf-events.ts";
import { openUsdtSpecs } from "../../kernel/hooks/usdt-specs.ts";
import { placeUsdtProbe, requireUsdtProbes } from "../../kernel/hooks/usdt-probes.ts";
import { findKindOfType, planSectionType } from "../../kernel/hooks/program-kinds.ts";
import { findSectionType } from "../../kernel/hooks/section-types.ts";
import type { ProgramRequest } from "../../kernel/hooks/program-kinds.ts";
import type { Machine } from "../../kernel/machine/machine.ts";
import type { ProgramDecl } from "../../dialect/text/unit.ts";
import type { AttachContext, AttachPlan } from "./attach-plan.ts";
import { planAutoAttach } from "./auto-attach.ts";
import { planKernelFunctions } from "./plan-kprobes.ts";
import type { AttachRequest, FunctionType } from "./program.ts";
import { planByText } from "./verify-rest.ts";

/** The request whose kinds include the given one. */
type RequestOf<Kind, Request = AttachRequest> = Request extends { kind: infer Kinds }
  ? Kind extends Kinds
    ? Request
    : never
  : never;

type Row<Kind extends AttachRequest["kind"]> = (request: RequestOf<Kind>, context: AttachContext) => AttachPlan;

/** One row for each kind of `attach_*` call. */
const rows: { readonly [Kind in AttachRequest["kind"]]?: Row<Kind> } = {
  kprobe: (request, context) => planKprobe(request, context, false),
  kretprobe: (request, context) => planKprobe(request, context, true),
  tracepoint: (request, context) => {
    const list = (pattern: NamePattern): readonly string[] =>
      context.listTracepoints().filter((name) => pattern.test(name));
    const { names, isPattern } = choose(request.tp, request.tpRe, "tp", list, request.limit);
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
  },
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

function planKprobe(request: RequestOf<"kprobe">, { machine }: AttachContext, retprobe: boolean): AttachPlan {
  const { names, isPattern } = choose(request.event, request.eventRe, "event", listKernelFunctions, request.limit);
  const session = request.session === true;
  if (session && (request.eventOff ?? 0) !== 0)
    throw new ArgumentError(
      `Cannot attach "${request.fnName}": a session sits where a function starts, without event_off`,
    );
  const asked = { names, offset: request.eventOff ?? 0, retprobe, session, isPattern };
  const plan = planKernelFunctions(request.fnName, asked, machine.versionCode);
  if (request.maxactive === undefined || request.maxactive === 0) return plan;
  return {
    ...plan,
    warnings: [
      `maxactive is not used: "${request.fnName}" sees as many returns at once as the kernel has room for by itself`,
    ],
  };
}

function planUprobe(request: RequestOf<"uprobe">, { port, userSpace }: AttachContext, retprobe: boolean): AttachPlan {
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

function planUsdt(request: RequestOf<"usdt">, context: AttachContext): AttachPlan {
  const { port, userSpace } = context;
  const viewPid = Math.max(request.pid ?? 0, 0);
  const pid = viewPid === 0 || request.ignorePid === true ? -1 : viewPid;
  const wanted = request.provider === "" ? request.probe : `${request.provider}:${request.probe}`;
  const probes = requireUsdtProbes(port, userSpace, { path: request.path, pid: viewPid }, wanted);
  const specs = context.usdt ?? openUsdtSpecs(port, context.machine.arch, () => undefined);
  const program: ProgramRequest = { name: request.fnName, kind: "usdt" };
  if (context.usesLibbpfUsdt === true)
    return {
      program,
      targets: probes.map(({ file, provider, name }) => describeLibbpfUsdt(file, provider, name, pid)),
      isPattern: false,
    };
  const places = probes.flatMap((probe) => placeUsdtProbe(probe, pid).map((place) => ({ file: probe.file, place })));
  const read = context.listUsdtArguments?.(request.fnName) ?? [];
  const warnings = [
    ...new Set(places.flatMap(({ place }) => listUnreadableArguments(place, read, context.machine.arch))),
  ];
  return {
    program,
    targets: places.map(({ file, place }) => describeUsdt(file, place, specs, pid)),
    isPattern: false,
    warnings,
  };
}

function planFreplace(request: RequestOf<"freplace">, { port, findSection }: AttachContext): AttachPlan {
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

/** What a function cannot read of the arguments that it asks for, in sentences. */
function listUnreadableArguments(place: UsdtPlace, read: readonly number[], arch: Machine["arch"]): string[] {
  const list = parseUsdtArguments(place.arguments, arch);
  return read.flatMap((number) => {
    const action = `Cannot read argument ${number} of the USDT probe "${place.name}"`;
    const found = list[number - 1];
    if (found === undefined) return [`${action}: it has ${list.length}. bpf_usdt_readarg(${number}, …) answers -1`];
    return found.operand.kind === "unreadable"
      ? [`${action}, "${found.text}": ${found.operand.reason}. bpf_usdt_readarg(${number}, …) answers -1`]
      : [];
  });
}

function planFunc(request: RequestOf<"func">, context: AttachContext): AttachPlan {
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

/** The function's name says what it sits on: the section that the dialect gave it carries the target. */
function planTracing(functionName: string, kind: "fentry" | "fexit" | "fmod_ret" | "lsm", prefix: RegExp): AttachPlan {
  return {
    program: { name: functionName, kind },
    targets: [describeAuto(functionName.replace(prefix, ""))],
    isPattern: false,
  };
}

/** BCC's patterns must fit the whole name; but those for functions of binaries only its start. Source: BCC's get_user_functions_and_addresses */
function choose(
  name: string | undefined,
  pattern: string | undefined,
  option: string,
  list: (pattern: NamePattern) => readonly string[],
  limit: number | undefined,
): { names: readonly string[]; isPattern: boolean } {
  if (pattern === undefined || pattern === "") {
    if (name === undefined || name === "")
      throw new ArgumentError(`Cannot attach: the option "${option}" (or "${option}_re") is missing`);
    return { names: [name], isPattern: false };
  }
  const names = list(compileNamePattern(pattern, "whole"));
  if (names.length === 0)
    throw new AttachError(`Cannot attach: nothing fits the pattern "${pattern}"`, {
      reason: "no_such_place",
      hint: "a pattern must fit the whole name: vfs_.*",
    });
  return { names: requireLimit(names, limit), isPattern: true };
}

/** @throws AttachError when a pattern fits more than the script wants */
function requireLimit<Found>(found: readonly Found[], limit: number | undefined): readonly Found[] {
  if (limit === undefined || found.length <= limit) return found;
  throw new AttachError(
    `Cannot attach: the pattern fits ${found.length} places, which is more than the limit of ${limit}`,
    {
      reason: "ambiguous",
      hint: "write a narrower pattern, or raise the option limit",
    },
  );
}
