import { describeUsdt, describeLibbpfUsdt } from "../../kernel/hooks/usdt.ts";
import type { UsdtPlace } from "../../kernel/hooks/usdt.ts";
import { parseUsdtArguments } from "../../kernel/hooks/usdt-arguments.ts";
import { openUsdtSpecs } from "../../kernel/hooks/usdt-specs.ts";
import { placeUsdtProbe, requireUsdtProbes } from "../../kernel/hooks/usdt-probes.ts";
import type { ProgramRequest } from "../../kernel/hooks/program-kinds.ts";
import type { Machine } from "../../kernel/machine/machine.ts";
import type { AttachContext, AttachPlan } from "./attach-plan.ts";
import type { RequestOf } from "./request-of.ts";

/** Plans the places of a USDT probe, and says which arguments cannot be read there. @throws AttachError */
export function planUsdt(request: RequestOf<"usdt">, context: AttachContext): AttachPlan {
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
