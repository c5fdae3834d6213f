import type { AttachContext, AttachPlan } from "./attach-plan.ts";
import type { IteratorArgument } from "../../../sdk/wire/iterator-calls.ts";
import { AttachError, ArgumentError, MapError } from "../../base/errors.ts";
import type { SourceLocation } from "../../base/location.ts";
import type { Log } from "../../base/log.ts";
import { findSimilar } from "../../base/similar.ts";
import { loadObject } from "../../kernel/load/load-object.ts";
import type { LoadedObject } from "../../kernel/load/load-object.ts";
import type { Handle, KernelPort, ObjectLoadResult } from "../../kernel/door/port.ts";
import { makePinFolder } from "../../kernel/machine/pin-folder.ts";
import { findProgramKind, haveSameType } from "../../kernel/hooks/program-kinds.ts";
import type { ProgramRequest } from "../../kernel/hooks/program-kinds.ts";
import { findIteratorTarget, openIterator } from "../../kernel/hooks/iterators.ts";
import { openUsdtSpecs } from "../../kernel/hooks/usdt-specs.ts";
import type { ProgramDecl } from "../../dialect/text/unit.ts";
import { mayTransmit } from "../../object/find-transmits.ts";
import { planAttach, planFunction } from "./attach-rows.ts";
import { planAutoAttach } from "./auto-attach.ts";
import type { BuiltUnit } from "../build/build-unit.ts";
import { LinkSet, findLoadRequest } from "./link-set.ts";
import { openFunctionCalls } from "./function-calls.ts";
import type { FunctionCalls } from "./function-calls.ts";
import { NetworkLinks } from "./network-links.ts";
import { requireAllowedCgroup } from "./guard-place.ts";
import { openPinnedMaps, planMaps } from "./plan-maps.ts";
import type { KeptTables } from "./kept-tables.ts";
import type { Guard } from "../../permit/guard.ts";
import { findRecord } from "./find-record.ts";
import { requireSizes } from "./require-sizes.ts";
import type { SharedMaps } from "./plan-maps.ts";
import type {
  AttachRequest,
  BuiltProgram,
  FunctionType,
  OpenedIterator,
  OpenedRun,
  UnverifiedFunction,
} from "./program.ts";
import { StructOpsSet } from "./struct-ops-set.ts";
import { verifyRest } from "./verify-rest.ts";

export interface LoadOptions extends AttachContext {
  readonly port: KernelPort;
  readonly guard: Guard;
  readonly log: Log;
  readonly sharedMaps: SharedMaps;
  /** Told about processes whose stacks may have to be named when they have ended. */
  readonly watchProcess?: (pid: number) => void;
  /** Source: `log_level` of BPF_PROG_LOAD. */
  readonly logLevel: number;
  /** Takes what libbpf and the verifier said of each load, whether it went well or not. */
  readonly noteLogs?: (result: ObjectLoadResult) => void;
  /** From an offset in the unit's C text to the user's file. */
  readonly locate: (offset: number) => SourceLocation | undefined;
  /** From a line of a text that was put together at run time. Units: from 1. */
  readonly locateLine: (line: number, column?: number) => SourceLocation | undefined;
  /** False for a check: programs meet the verifier and are put nowhere. */
  readonly attaches: boolean;
  /** The tables of the versions of the script, when it has versions. */
  readonly keptTables?: KeptTables;
  /** Called before an attachment to a place that takes one program. */
  readonly beforeExclusive?: () => void;
}

/**
 * Loads a built unit: creates its maps, loads the functions whose names say
 * where they sit, and puts them there.
 *
 * @throws VerifierError, AttachError, UnsupportedFeatureError, PrivilegeError
 */
export function loadUnit(unit: BuiltUnit, options: LoadOptions): BuiltProgram {
  const { port } = options;
  requireSizes(unit, options.locate);
  const automatic = unit.programs.flatMap((program) => {
    const plan = planAutoAttach(program, options);
    const location = options.locate(program.offset);
    return plan === undefined
      ? []
      : { ...plan, targets: plan.targets.map((target) => ({ ...target, ...(location && { location }) })) };
  });
  for (const { program } of automatic) admitProgram(unit, program, options);
  const pinned = openPinnedMaps(unit, port, options.attaches);
  const kept = options.keptTables?.open(unit, port) ?? new Map<string, Handle>();
  let object: LoadedObject;
  try {
    // A check leaves nothing behind: what is pinned already is used, nothing else is pinned.
    const maps = planMaps(unit, { sharedMaps: options.sharedMaps, pinned, kept })
      .filter(({ pinPath }) => options.attaches || pinPath === undefined)
      .map((map) => (map.pinPath === undefined ? map : { ...map, pinPath: makeMapFolder(map.name, map.pinPath) }));
    object = loadObject(port, {
      bytes: unit.bytes,
      spec: unit.spec,
      name: "bpfts",
      programs: automatic.map((plan) => findLoadRequest(plan, options.machine.versionCode)),
      maps,
      logLevel: options.logLevel,
      ...(options.noteLogs && { noteLogs: options.noteLogs }),
      locateLine: options.locateLine,
    });
  } finally {
    for (const handle of [...pinned.values(), ...kept.values()]) port.mapClose(handle);
  }
  for (const { name, sharing } of unit.maps) {
    const handle = object.findMap(name);
    if ((sharing === "public" || sharing === "shared") && handle !== undefined) options.sharedMaps.set(name, handle);
  }
  options.keptTables?.note(unit, object, port);
  const program = new LoadedProgram(unit, object, options);
  try {
    for (const plan of automatic) program.carryOut(plan);
  } catch (error) {
    program.close();
    throw error;
  }
  return program;
}

/** @throws PrivilegeError when the program's kind acts on the rest of the machine and the user has not allowed it */
function admitProgram(
  unit: BuiltUnit,
  { name, kind, type, expectedAttachType }: ProgramRequest,
  options: LoadOptions,
): void {
  const declared = unit.programs.find((program) => program.name === name);
  const section = unit.spec.programs.find((program) => program.name === name)?.section ?? "";
  const row = findProgramKind(kind);
  const loaded = { name, section, type: type ?? row?.type, attachType: expectedAttachType ?? row?.expectedAttachType };
  options.guard.admitProgram(unit.bytes, loaded, declared && options.locate(declared.offset));
}

/** @throws MapError where no map can be pinned */
function makeMapFolder(name: string, path: string): string {
  return makePinFolder(
    path,
    (reason, details) => new MapError(`Cannot pin map "${name}" at "${path}": ${reason}`, details),
  );
}

/** Whether a unit keeps stacks, whose addresses are to be named. */
export function haveStacks(unit: BuiltUnit): boolean {
  return unit.maps.some(({ kind }) => kind === "stacktrace");
}

class LoadedProgram implements BuiltProgram {
  private readonly links: LinkSet;
  readonly network: NetworkLinks;
  readonly functions: FunctionCalls;
  private readonly context: AttachContext;
  private readonly tables: StructOpsSet;

  constructor(
    private readonly unit: BuiltUnit,
    private readonly object: LoadedObject,
    private readonly options: LoadOptions,
  ) {
    const usdt = openUsdtSpecs(options.port, options.machine.arch, (name) => object.findMap(name));
    // Who mixes both kinds of words gets the kind that reads every operand.
    const usesLibbpfUsdt =
      object.findMap("__bpf_usdt_specs") !== undefined && object.findMap("__bpfts_usdt_specs") === undefined;
    const listUsdtArguments = (name: string): readonly number[] =>
      unit.programs.find((program) => program.name === name)?.usdtArguments ?? [];
    this.links = new LinkSet({ port: options.port, versionCode: options.machine.versionCode, log: options.log });
    this.network = new NetworkLinks({
      port: options.port,
      log: options.log,
      allowed: options.attaches ? options.guard.places : undefined,
      noteHook: (hook) => options.guard.noteHook(hook),
      notePin: (path) => options.guard.notePin(path),
      load: (request) => this.loadFor(request, `attach "${request.name}" as ${request.kind}`),
      mayTransmit: (name) => mayTransmit(unit.bytes, name),
      ...(options.beforeExclusive && { beforeAttach: options.beforeExclusive }),
    });
    const { bytes, spec, programs } = unit;
    this.functions = openFunctionCalls({
      port: options.port,
      guard: options.guard,
      bytes,
      attaches: options.attaches,
      load: (name) => this.loadFunction(name, { type: null, attachType: null }),
    });
    this.tables = new StructOpsSet({
      port: options.port,
      bytes,
      spec,
      programs,
      object,
      versionCode: options.machine.versionCode,
      admit: (request) => admitProgram(unit, request, options),
    });
    this.context = {
      ...options,
      usdt,
      usesLibbpfUsdt,
      findMap: (name) => object.findMap(name),
      findSection: (name) => programs.find((program) => program.name === name)?.section,
      listUsdtArguments,
    };
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

  listFailedOutputs(map: string): readonly number[] {
    const index = this.unit.maps.find(({ name }) => name === map)?.lostIndex;
    const counters = this.object.findMap("__bpfts_lost");
    if (index === undefined || counters === undefined) return [];
    const values = this.options.port.mapLookup(counters, new Uint8Array(Uint32Array.of(index).buffer), 0);
    return typeof values === "number" ? [] : [...new BigUint64Array(values.slice().buffer)].map(Number);
  }

  loadFunction(name: string, as: FunctionType): Handle {
    requireFunction(this.unit.programs, name, "load");
    if (this.unit.programs.find((program) => program.name === name)?.kind === "struct_ops")
      throw new AttachError(`Cannot load "${name}": it is loaded with the table of struct_ops that has it`, {
        hint: "attach the table: attach_struct_ops({ map: … })",
      });
    const loaded = this.object.findProgram(name);
    if (loaded !== undefined && as.type === null) return loaded.handle;
    const request = planFunction(this.unit.programs.find((program) => program.name === name)!, as, this.context);
    admitProgram(this.unit, request, this.options);
    const handle = this.object.loadProgram(request);
    this.requireSameType(
      request,
      `load "${name}" as ${request.kind === "func" ? `program type ${request.type}` : request.kind}`,
    );
    return handle;
  }

  openIterator(name: string, options: IteratorArgument): OpenedIterator {
    requireFunction(this.unit.programs, name, "read");
    const target = findIteratorTarget(this.unit.programs.find((program) => program.name === name)!.section);
    if (target === undefined)
      throw new AttachError(`Cannot read "${name}": it is no iterator`, {
        hint: `an iterator is written BPF_ITER(task) { … }, or SEC("iter/task") int ${name}(struct bpf_iter__task *ctx)`,
      });
    const program = this.loadFunction(name, { type: null, attachType: null });
    this.options.guard.noteHook(`iter ${target}`);
    const record = findRecord(this.unit, name);
    if (!this.options.attaches) return { handle: undefined, record };
    const handle = openIterator(this.options.port, program, {
      functionName: name,
      target,
      options,
      versionCode: this.options.machine.versionCode,
      findMap: (map) => this.object.findMap(map),
    });
    return { handle, record };
  }

  openRun(name: string): OpenedRun {
    requireFunction(this.unit.programs, name, "run");
    const spec = this.spec.programs.find((program) => program.name === name);
    if (spec?.section !== "syscall")
      throw new AttachError(`Cannot run "${name}": it is no system call program`, {
        hint: `a script runs functions that are written SEC("syscall") int ${name}(struct arguments *ctx); the others run where they are attached`,
      });
    const handle = this.loadFunction(name, { type: null, attachType: null });
    return { handle: this.options.attaches ? handle : undefined, context: spec.context };
  }

  /** @throws AttachError when the function was loaded as something else before */
  private requireSameType(request: ProgramRequest, action: string): void {
    const loaded = this.object.findProgram(request.name)?.request;
    if (loaded === undefined || haveSameType(loaded, request)) return;
    throw new AttachError(
      `Cannot ${action}: it was loaded as ${loaded.kind === "func" ? `program type ${loaded.type}` : loaded.kind}`,
      { hint: "a function has one program type: write a second function for the other one" },
    );
  }

  /** @throws PrivilegeError, VerifierError; AttachError when the function was loaded as something else before */
  private loadFor(request: ProgramRequest, action: string): Handle {
    requireFunction(this.unit.programs, request.name);
    admitProgram(this.unit, request, this.options);
    const handle = this.object.loadProgram(request);
    this.requireSameType(request, action);
    return handle;
  }

  attach(request: AttachRequest): number {
    requireFunction(this.unit.programs, request.fnName);
    const { places } = this.options.guard;
    if (request.kind === "func" && request.cgroup !== undefined && this.options.attaches && places !== undefined)
      requireAllowedCgroup(places, `Cannot attach "${request.fnName}"`, request.cgroup);
    const count = this.carryOut(planAttach(request, this.context));
    if ("pid" in request && request.pid !== undefined && request.pid > 0 && haveStacks(this.unit))
      this.options.watchProcess?.(request.pid);
    return count;
  }

  detach(request: AttachRequest): number {
    const { program, targets } = planAttach(request, this.context);
    return this.links.detach(program.kind, new Set(targets.map(({ key }) => key)), targets[0]?.label ?? "");
  }

  attachStructOps(name: string): void {
    const type = this.spec.structOps?.find((table) => table.name === name)?.type;
    if (type !== undefined) this.options.guard.noteHook(`struct_ops ${type} ${name}`);
    this.options.beforeExclusive?.();
    this.tables.attach(name, this.options.attaches);
  }

  detachStructOps(name: string): void {
    // A check attached nothing.
    if (this.options.attaches) this.tables.detach(name);
  }

  verifyRest(): UnverifiedFunction[] {
    const ofTables = this.tables.verify();
    const named = new Set(ofTables.map(({ name }) => name));
    const rest = this.unit.programs.filter(
      ({ name }) => this.object.findProgram(name) === undefined && !named.has(name),
    );
    const others = verifyRest(rest, (request) => {
      admitProgram(this.unit, request, this.options);
      this.object.loadProgram(request);
    });
    return [...ofTables, ...others];
  }

  countAttached(kind: AttachRequest["kind"]): number {
    return this.links.count(kind as ProgramRequest["kind"]);
  }

  findAttachedName(cookie: number): string | undefined {
    return this.links.findName(cookie);
  }

  /** Loads the function of a plan and puts it on every place that the plan names. Answers how many there are. */
  carryOut(plan: AttachPlan): number {
    admitProgram(this.unit, plan.program, this.options);
    for (const { label } of plan.targets) this.options.guard.noteHook(renderHook(plan.program, label));
    const load = (request: ProgramRequest): Handle => {
      const handle = this.object.loadProgram(request);
      this.requireSameType(plan.program, `attach "${plan.program.name}" to a ${plan.program.kind}`);
      return handle;
    };
    if (!this.options.attaches) {
      load(plan.program);
      return 0;
    }
    if (exclusiveKinds.has(plan.program.kind)) this.options.beforeExclusive?.();
    const count = this.links.attach(plan, load);
    for (const warning of plan.warnings ?? []) this.options.log.warn(warning);
    return count;
  }

  detachAll(): void {
    this.network.close();
    this.links.detachAll();
    this.tables.close();
  }

  close(): void {
    // All links first and together: maps and programs may still be in use by another one's.
    this.network.close();
    this.links.close();
    this.tables.close();
    this.object.close();
  }
}

/** Places of these kinds may take one program alone: a function of another program, and whatever prog_attach names. */
const exclusiveKinds: ReadonlySet<ProgramRequest["kind"]> = new Set(["freplace", "func"]);

/** A section names its kind itself. */
function renderHook({ kind }: ProgramRequest, label: string): string {
  return kind === "section" || kind === "func" ? label : `${kind} ${label}`;
}

/** @throws AttachError when the C text has no program of that name. @throws ArgumentError when no name is given */
export function requireFunction(programs: readonly ProgramDecl[], name: string | undefined, action = "attach"): void {
  if (name === undefined || name === "")
    throw new ArgumentError(`Cannot ${action}: no function is named`, {
      hint: "give fn_name: the name of a function of the C text",
    });
  if (programs.some((program) => program.name === name)) return;
  const similar = findSimilar(
    name,
    programs.map((program) => program.name),
  );
  const known =
    programs.length === 0
      ? "the C text has no function at all"
      : `the C text has: ${programs.map((program) => program.name).join(", ")}`;
  throw new AttachError(`Cannot ${action} "${name}": the C text has no such function`, {
    reason: "no_such_function",
    hint: similar === undefined ? known : `did you mean "${similar}"?`,
  });
}
