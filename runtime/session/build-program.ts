import { AttachError, UsageError } from "../base/errors.ts";
import type { SourceLocation } from "../base/location.ts";
import type { Log } from "../base/log.ts";
import { findSimilar } from "../base/similar.ts";
import { attachProgram } from "../kernel/attach.ts";
import type { Link } from "../kernel/attach.ts";
import { loadObject } from "../kernel/load-object.ts";
import type { LoadedObject, MapRequest } from "../kernel/load-object.ts";
import type { Handle, KernelPort } from "../kernel/port.ts";
import { openUsdtSpecs } from "../kernel/usdt-specs.ts";
import type { ProgramDecl } from "../dialect/unit.ts";
import { planAttach } from "./attach-rows.ts";
import type { AttachContext, AttachPlan } from "./attach-rows.ts";
import { planAutoAttach } from "./auto-attach.ts";
import type { BuiltUnit } from "./build-unit.ts";
import type { AttachRequest, BuiltProgram } from "./program.ts";

/** Maps that one program offers to the ones built after it. Source: BCC's `public`, `shared` and `extern` tables. */
export type SharedMaps = Map<string, Handle>;

export interface LoadOptions extends AttachContext {
  readonly port: KernelPort;
  readonly log: Log;
  readonly sharedMaps: SharedMaps;
  /** Source: `log_level` of BPF_PROG_LOAD. */
  readonly logLevel: number;
  /** From an offset in the unit's C text to the user's file. */
  readonly locate: (offset: number) => SourceLocation | undefined;
  /** False for a check: programs meet the verifier and are put nowhere. */
  readonly attaches: boolean;
}

/**
 * Loads a built unit: creates its maps, loads the functions whose names say
 * where they sit, and puts them there.
 *
 * @throws VerifierError, AttachError, UnsupportedFeatureError, PrivilegeError
 */
export function loadUnit(unit: BuiltUnit, options: LoadOptions): BuiltProgram {
  const { port } = options;
  const automatic = unit.programs.flatMap((program) => {
    const plan = planAutoAttach(program, options);
    const location = options.locate(program.offset);
    return plan === undefined ? [] : { ...plan, targets: plan.targets.map((target) => ({ ...target, ...(location && { location }) })) };
  });
  const object = loadObject(port, {
    bytes: unit.bytes,
    spec: unit.spec,
    name: "bpfts",
    programs: automatic.map(({ program }) => program),
    maps: planMaps(unit, options),
    logLevel: options.logLevel,
  });
  for (const { name, sharing } of unit.maps) {
    const handle = object.findMap(name);
    if ((sharing === "public" || sharing === "shared") && handle !== undefined) options.sharedMaps.set(name, handle);
  }
  const program = new LoadedProgram(unit, object, options);
  try {
    for (const plan of automatic) program.carryOut(plan);
  } catch (error) {
    program.close();
    throw error;
  }
  return program;
}

class LoadedProgram implements BuiltProgram {
  private readonly links: Link[] = [];
  private readonly context: AttachContext;

  constructor(
    private readonly unit: BuiltUnit,
    private readonly object: LoadedObject,
    private readonly options: LoadOptions,
  ) {
    const usdt = openUsdtSpecs(options.port, options.machine.arch, (name) => object.findMap(name));
    // Who mixes both kinds of words gets the kind that reads every operand.
    const usesLibbpfUsdt = object.findMap("__bpf_usdt_specs") !== undefined && object.findMap("__bpfts_usdt_specs") === undefined;
    this.context = { ...options, usdt, usesLibbpfUsdt };
  }

  get spec(): BuiltUnit["spec"] {
    return this.unit.spec;
  }

  get eventStructs(): BuiltUnit["eventStructs"] {
    return this.unit.eventStructs;
  }

  findMap(name: string): Handle | undefined {
    return this.object.findMap(name);
  }

  countFailedOutputs(map: string): number {
    const index = this.unit.maps.find(({ name }) => name === map)?.lostIndex;
    const counters = this.object.findMap("__bpfts_lost");
    if (index === undefined || counters === undefined) return 0;
    const values = this.options.port.mapLookup(counters, new Uint8Array(Uint32Array.of(index).buffer), 0);
    if (typeof values === "number") return 0;
    // One counter for each CPU.
    return Number(new BigUint64Array(values.slice().buffer).reduce((sum, value) => sum + value, 0n));
  }

  attach(request: AttachRequest): number {
    requireFunction(this.unit.programs, request.fnName);
    const before = this.links.length;
    this.carryOut(planAttach(request, this.context));
    return this.links.length - before;
  }

  detach(request: AttachRequest): number {
    const plan = planAttach(request, this.context);
    const keys = new Set(plan.targets.map(({ key }) => key));
    const leaving = this.links.filter((link) => link.kind === plan.program.kind && keys.has(link.key));
    if (leaving.length === 0) throw new AttachError(`Cannot detach: nothing is attached to ${plan.program.kind} "${plan.targets[0]?.label ?? ""}"`);
    for (const link of leaving) {
      this.options.port.linkClose(link.handle);
      this.links.splice(this.links.indexOf(link), 1);
    }
    return leaving.length;
  }

  countAttached(kind: AttachRequest["kind"]): number {
    return this.links.filter((link) => link.kind === kind).length;
  }

  /** Loads the function of a plan and puts it on every place that the plan names. */
  carryOut(plan: AttachPlan): void {
    const handle = this.object.loadProgram(plan.program);
    const loadedAs = this.object.findKind(plan.program.name);
    if (loadedAs !== undefined && loadedAs !== plan.program.kind && !haveSameType(loadedAs, plan.program.kind)) {
      throw new AttachError(`Cannot attach "${plan.program.name}" to a ${plan.program.kind}: it was loaded as ${loadedAs}`, { hint: "a function has one program type: write a second function for the other one" });
    }
    if (!this.options.attaches) return;
    let failure: unknown;
    let attached = 0;
    for (const target of plan.targets) {
      try {
        this.links.push(attachProgram(this.options.port, plan.program.kind, plan.program.name, handle, target));
        attached++;
      } catch (error) {
        if (!plan.isPattern) {
          this.detachLast(attached);
          throw error;
        }
        failure ??= error;
        this.options.log.info((error as Error).message);
      }
    }
    if (attached === 0 && failure !== undefined) throw failure;
  }

  /** An attachment that fails at one of its places leaves nothing at the others. */
  private detachLast(count: number): void {
    for (const link of this.links.splice(this.links.length - count)) this.options.port.linkClose(link.handle);
  }

  close(): void {
    // All links first and together: maps and programs may still be in use by another one's.
    for (const link of this.links.splice(0).reverse()) this.options.port.linkClose(link.handle);
    this.object.close();
  }
}

const kprobeKinds = new Set<string>(["kprobe", "kretprobe", "uprobe", "uretprobe", "usdt"]);

/** Probes on functions share a program type, so one function may serve several kinds. */
function haveSameType(a: string, b: string): boolean {
  return kprobeKinds.has(a) && kprobeKinds.has(b);
}

/** @throws AttachError when the C text has no program of that name. */
export function requireFunction(programs: readonly ProgramDecl[], name: string): void {
  if (programs.some((program) => program.name === name)) return;
  const similar = findSimilar(name, programs.map((program) => program.name));
  const known = programs.length === 0 ? "the C text has no function at all" : `the C text has: ${programs.map((program) => program.name).join(", ")}`;
  throw new AttachError(`Cannot attach "${name}": the C text has no such function`, { hint: similar === undefined ? known : `did you mean "${similar}"?` });
}

/** What the maps of a unit need beyond their C definition. @throws UsageError when an extern table has nobody who declares it */
export function planMaps(unit: BuiltUnit, options: Pick<LoadOptions, "sharedMaps">): MapRequest[] {
  return unit.maps.flatMap((map): MapRequest[] => {
    if (map.sharing === "extern") {
      const existing = options.sharedMaps.get(map.name);
      if (existing === undefined) throw new UsageError(`Cannot use the extern table "${map.name}": no program of this script has a public or shared table of that name`, { hint: "build the program that declares it with BPF_TABLE_PUBLIC first" });
      return [{ name: map.name, existing }];
    }
    if (map.pinPath !== undefined) return [{ name: map.name, pinPath: map.pinPath }];
    return [];
  });
}
