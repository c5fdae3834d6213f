import type { AttachContext } from "../session/load/attach-plan.ts";
import { existsSync, readFileSync } from "node:fs";
import { GuestError, UnsupportedFeatureError, UsageError } from "../base/errors.ts";
import { silentLog } from "../base/log.ts";
import type { Log } from "../base/log.ts";
import type { SourceLocation } from "../base/location.ts";
import { Scope } from "../base/scope.ts";
import { openCacheFolder } from "../compile/cache-folder.ts";
import { locateOffset } from "../dialect/text/pass.ts";
import { openAddon } from "../kernel/door/addon.ts";
import { loadObject } from "../kernel/load/load-object.ts";
import type { LoadedObject, MapRequest } from "../kernel/load/load-object.ts";
import type { ProgramKindName, ProgramRequest } from "../kernel/hooks/program-kinds.ts";
import type { ObjectSpec } from "../object/spec.ts";
import type { KernelPort } from "../kernel/door/port.ts";
import { listTracepoints } from "../kernel/machine/tracefs.ts";
import { openUserSpace } from "../kernel/user/user-space.ts";
import { planAttach } from "../session/load/attach-rows.ts";
import { planAutoAttach } from "../session/load/auto-attach.ts";
import { planByText } from "../session/load/verify-rest.ts";
import { requireFunction } from "../session/load/build-program.ts";
import { buildUnit } from "../session/build/build-unit.ts";
import type { BuiltUnit } from "../session/build/build-unit.ts";
import { emitStage } from "./emit-stage.ts";
import type { EmittedStage, Stage } from "./emit-stage.ts";
import { findOldestKernel, listKernelNeeds } from "./oldest-kernel.ts";
import type { KernelNeed, OldestKernel } from "./oldest-kernel.ts";
import { openScopeOf } from "../script/file-scope.ts";
import type { FileGrants, FileScope } from "../script/file-scope.ts";
import { describeSourceFile, openBuilder } from "../session/build/open-builder.ts";
import { openDebugOutput } from "../session/load/debug-output.ts";
import type { DebugOutput } from "../session/load/debug-output.ts";
import { openPinnedMaps, planMaps } from "../session/load/plan-maps.ts";
import type { AttachRequest, UnverifiedFunction } from "../session/load/program.ts";
import { requireSizes } from "../session/load/require-sizes.ts";
import { openGuard } from "../permit/guard.ts";
import type { Asks } from "../permit/guard.ts";
import { openInstructionLines } from "../session/load/locate-instruction.ts";
import { noteUnit } from "../session/load/note-unit.ts";
import { quoteLines } from "../session/run/quote-lines.ts";
import { runScript } from "../session/run/session.ts";

/** How far a check goes and what it shows. */
export interface CheckOptions {
  readonly args: readonly string[];
  readonly cflags: readonly string[];
  /** What the user lets the script or C file read besides its own files. */
  readonly grants: FileGrants;
  /** Which function a `.c` file means for which kind of place: functions that nothing attaches are not loaded, as in BCC. Without it all are, for kprobes when nothing tells. */
  readonly attaches?: readonly AttachRequest[];
  /** False only compiles: a script goes on with maps that are empty. */
  readonly load: boolean;
  /** Hands out a stage; a `.c` file is not loaded then. */
  readonly emit?: Stage;
  /** Show the verifier's log of programs that it accepts. */
  readonly verifierLog?: boolean;
  readonly log: Log;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly memoryBytes: number;
}

/** What was found to be in order. */
export interface CheckReport {
  readonly programs: number;
  readonly maps: number;
  /** Functions of a script that the verifier did not look at. */
  readonly unverified: readonly UnverifiedFunction[];
  /** From the text to the object; for a script, from its start to its end. Units: ms. */
  readonly buildMs: number;
  /** Units: ms, in the kernel; 0 for a script. */
  readonly loadMs: number;
  /** The stage that was asked for, of each text of the script. */
  readonly emitted: readonly EmittedStage[];
  /** What it asks of the machine, as far as it came. */
  readonly asks: Asks;
  /** The oldest kernel that has all that the compiled programs use, and why none before it does. */
  readonly oldestKernel: OldestKernel;
}

/**
 * Takes a script, or a bare `.c` file in the dialect, up to a verified load and attaches nothing.
 *
 * @throws BpftsError of any kind that the way has.
 */
export async function checkFile(path: string, options: CheckOptions): Promise<CheckReport> {
  return path.endsWith(".c") ? checkSource(path, options) : checkScript(path, options);
}

async function checkScript(path: string, options: CheckOptions): Promise<CheckReport> {
  const emitted: EmittedStage[] = [];
  const needs: KernelNeed[] = [];
  const unverified: UnverifiedFunction[] = [];
  let programs = 0;
  let maps = 0;
  const guard = openGuard(undefined);
  const started = performance.now();
  let seen = 0;
  const running = runScript({
    script: path,
    args: options.args,
    memoryBytes: options.memoryBytes,
    log: options.log,
    environment: options.environment,
    grants: options.grants,
    attaches: false,
    guard,
    loads: options.load,
    verifierLog: options.verifierLog ?? false,
    reportUnverified: (functions) => void unverified.push(...functions),
    observe: (source, cflags, builder) => {
      const unit = buildUnit(source, cflags, builder);
      seen++;
      programs += unit.spec.programs.length;
      maps += countMaps(unit.spec);
      needs.push(...listUnitNeeds(unit));
      if (options.emit !== undefined) emitted.push(emitStage(options.emit, source, cflags, unit, builder));
    },
  });
  try {
    await running;
  } catch (error) {
    // A script that stumbles over maps which are empty here is not wrong for that.
    if (options.load || seen === 0 || !(error instanceof GuestError)) throw error;
    options.log.info(`went no further than: ${error.message}`);
  }
  return {
    programs,
    maps,
    unverified,
    buildMs: measure(started),
    loadMs: 0,
    emitted,
    asks: guard.asks,
    oldestKernel: findOldestKernel(needs),
  };
}

function checkSource(path: string, options: CheckOptions): CheckReport {
  const files = openScopeOf(path, options.grants);
  try {
    return checkSourceIn(files, path, options);
  } catch (error) {
    throw quoteLines(error, files);
  }
}

function checkSourceIn(files: FileScope, path: string, options: CheckOptions): CheckReport {
  const cache = openCacheFolder(options.environment, options.log);
  const port = openAddon();
  const builder = openBuilder({ port, cache, environment: options.environment, files, log: options.log });
  const source = describeSourceFile(path, files);
  const started = performance.now();
  const unit = buildUnit(source, options.cflags, builder);
  const buildMs = measure(started);
  const emitted = options.emit === undefined ? [] : [emitStage(options.emit, source, options.cflags, unit, builder)];
  const guard = openGuard(undefined);
  noteUnit(guard, unit, port.possibleCpus());
  guard.admitObject(
    unit.bytes,
    openInstructionLines(unit.bytes, () => undefined),
  );
  const loadStarted = performance.now();
  if (options.load && options.emit === undefined) {
    loadBuilt(
      unit,
      options.attaches,
      { port, machine: builder.machine },
      (offset) => locateOffset(source, offset),
      openDebugOutput(0, options.verifierLog ?? false, options.log),
    );
  }
  return {
    programs: unit.spec.programs.length,
    maps: countMaps(unit.spec),
    unverified: [],
    buildMs,
    loadMs: measure(loadStarted),
    emitted,
    asks: guard.asks,
    oldestKernel: findOldestKernel(listUnitNeeds(unit)),
  };
}

/**
 * Makes the maps of a built unit and has the verifier look at every function that would be loaded; keeps nothing.
 *
 * @throws VerifierError, MapError, UnsupportedFeatureError, PrivilegeError
 */
export function loadBuilt(
  unit: BuiltUnit,
  attaches: readonly AttachRequest[] | undefined,
  kernel: Pick<AttachContext, "port" | "machine">,
  locate: (offset: number) => SourceLocation | undefined = () => undefined,
  { logLevel, noteLogs }: Pick<DebugOutput, "logLevel" | "noteLogs"> = openDebugOutput(0, false, silentLog),
): void {
  const { port } = kernel;
  requireSizes(unit, locate);
  const scope = new Scope();
  try {
    const object = loadObject(port, {
      bytes: unit.bytes,
      spec: unit.spec,
      name: "bpfts",
      programs: [],
      maps: planCheckMaps(unit, port, scope),
      logLevel,
      noteLogs,
    });
    scope.own(object);
    loadPrograms(
      object,
      planLoads(unit, attaches, { ...kernel, listTracepoints, userSpace: scope.own(openUserSpace(port)) }),
    );
  } finally {
    scope.close();
  }
}

/** A text that was put together at run time has no lines that a file shows. */
function listUnitNeeds(unit: BuiltUnit): readonly KernelNeed[] {
  return listKernelNeeds(
    unit,
    openInstructionLines(unit.bytes, () => undefined),
  );
}

function measure(started: number): number {
  return Math.round(performance.now() - started);
}

/** A check leaves nothing behind: a map that is pinned already is used, another one is not pinned. */
function planCheckMaps(unit: BuiltUnit, port: KernelPort, scope: Scope): MapRequest[] {
  const pinned = openPinnedMaps(unit, port, false);
  for (const handle of pinned.values()) scope.defer(() => port.mapClose(handle));
  return planMaps(unit, { sharedMaps: new Map(), pinned }).filter(({ pinPath }) => pinPath === undefined);
}

/** One by one, so that a failure names its function; what this kernel refuses to anybody is told last, since it must not hide what is wrong with the text. */
function loadPrograms(object: LoadedObject, requests: readonly ProgramRequest[]): void {
  let refusal: UnsupportedFeatureError | undefined;
  for (const request of requests) {
    try {
      object.loadProgram(request);
    } catch (error) {
      if (!(error instanceof UnsupportedFeatureError)) throw error;
      refusal ??= error;
    }
  }
  if (refusal !== undefined) throw refusal;
}

function planLoads(
  unit: BuiltUnit,
  attaches: readonly AttachRequest[] | undefined,
  context: AttachContext,
): ProgramRequest[] {
  for (const { fnName } of attaches ?? []) requireFunction(unit.programs, fnName);
  return unit.programs.flatMap((program) => {
    const { name } = program;
    const request = attaches?.find(({ fnName }) => fnName === name);
    if (request !== undefined) return [{ name, kind: findKind(request, context) }];
    const automatic = planAutoAttach(program, context);
    if (automatic !== undefined) return [automatic.program];
    if (attaches !== undefined) return [];
    return [planByText(program) ?? { name, kind: program.explicitSection ? "section" : "kprobe" }];
  });
}

/** Patterns are not looked up: a check asks what kind it is, not where it goes. */
function findKind(request: AttachRequest, context: AttachContext): ProgramKindName {
  switch (request.kind) {
    case "kprobe":
    case "kretprobe":
    case "uprobe":
    case "uretprobe":
    case "usdt":
    case "tracepoint":
    case "raw_tracepoint":
    case "perf_event":
      return request.kind;
    default:
      return planAttach(request, context).program.kind;
  }
}

/** Maps of the user's own: what the dialect and libbpf add is not counted. */
function countMaps(spec: ObjectSpec): number {
  return spec.maps.filter(({ name }) => !name.startsWith("__bpfts_") && !name.startsWith(".")).length;
}

/** Finds the list of attach requests that lies beside a `.c` file: `tool.attach.json` for `tool.c`. */
export function findAttachFile(path: string): string | undefined {
  const beside = path.replace(/\.c$/, ".attach.json");
  return beside !== path && existsSync(beside) ? beside : undefined;
}

/** Reads the list of attach requests that goes with a `.c` file. @throws UsageError */
export function readAttachFile(path: string): AttachRequest[] {
  try {
    return parseAttachRequests(JSON.parse(readFileSync(path, "utf8")) as object[]);
  } catch (cause) {
    throw new UsageError(`Cannot read the attach requests in "${path}": ${(cause as Error).message}`, {
      cause,
      hint: 'it is a JSON array of { "kind": "kprobe", "fn_name": "f", "event": "vfs_read" }',
    });
  }
}

/** Takes attach requests as they stand in such a file. */
export function parseAttachRequests(entries: readonly object[]): AttachRequest[] {
  // Both spellings: the script API's and the host's.
  return entries.map(
    (entry) =>
      ({
        ...entry,
        fnName: (entry as Record<string, unknown>)["fnName"] ?? (entry as Record<string, unknown>)["fn_name"],
      }) as unknown as AttachRequest,
  );
}
