import { readFileSync } from "node:fs";
import { InterruptedError, UsageError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import { Scope } from "../base/scope.ts";
import { openCacheFolder } from "../compile/cache.ts";
import type { CSource, ProgramDecl } from "../dialect/unit.ts";
import { openAddon } from "../kernel/addon.ts";
import { loadObject } from "../kernel/load-object.ts";
import type { ProgramRequest } from "../kernel/load-object.ts";
import type { ProgramKindName } from "../kernel/program-kinds.ts";
import type { ObjectSpec } from "../object/spec.ts";
import { listTracepoints } from "../kernel/tracefs.ts";
import { planAttach } from "./attach-rows.ts";
import type { AttachContext } from "./attach-rows.ts";
import { planAutoAttach } from "./auto-attach.ts";
import { planMaps } from "./build-program.ts";
import { buildUnit, renderUnit } from "./build-unit.ts";
import type { BuiltUnit } from "./build-unit.ts";
import { describeSourceFile, openBuilder } from "./open-builder.ts";
import type { Builder } from "./open-builder.ts";
import type { AttachRequest } from "./program.ts";
import { runScript } from "./session.ts";

/** How far a check goes and what it shows. */
export interface CheckOptions {
  readonly args: readonly string[];
  readonly cflags: readonly string[];
  /** Which function a `.c` file means for which kind of place; functions that are not named are taken for kprobes. */
  readonly attaches: readonly AttachRequest[];
  /** False stops after compiling. */
  readonly load: boolean;
  /** Hands out a stage as text instead of loading. */
  readonly emit?: "c" | "spec";
  readonly log: Log;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly memoryBytes: number;
}

/** What was found to be in order. */
export interface CheckReport {
  readonly programs: number;
  readonly maps: number;
  /** The stage that was asked for, one text for each program of the script. */
  readonly emitted: readonly string[];
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
  const emitted: string[] = [];
  let programs = 0;
  let maps = 0;
  await runScript({
    script: path,
    args: options.args,
    memoryBytes: options.memoryBytes,
    log: options.log,
    environment: options.environment,
    attaches: false,
    verifierLog: false,
    observe: (source, cflags, builder) => {
      const unit = buildUnit(source, cflags, builder);
      programs += unit.spec.programs.length;
      maps += countMaps(unit.spec);
      if (options.emit !== undefined) emitted.push(emitStage(options.emit, source, cflags, unit, builder));
      // Nothing further can be run without maps: the script ends where it would have loaded.
      if (!options.load) throw new InterruptedError("The check stops after compiling");
    },
  });
  return { programs, maps, emitted };
}

function checkSource(path: string, options: CheckOptions): CheckReport {
  const scope = new Scope();
  try {
    const cache = openCacheFolder(options.environment);
    const port = openAddon();
    const builder = openBuilder({ port, cache, environment: options.environment, log: options.log });
    const source = describeSourceFile(path);
    const unit = buildUnit(source, options.cflags, builder);
    const emitted = options.emit === undefined ? [] : [emitStage(options.emit, source, options.cflags, unit, builder)];
    if (options.load && options.emit === undefined) {
      const context = { machine: builder.machine, listTracepoints };
      const programs = unit.programs.map((program) => planLoad(program, options.attaches, context));
      const object = loadObject(port, { bytes: unit.bytes, spec: unit.spec, name: "bpfts", programs: [], maps: planMaps(unit, { sharedMaps: new Map() }), logLevel: 0 });
      scope.own(object);
      // One by one, so that a failure names its function and the others' are not blamed.
      for (const program of programs) object.loadProgram(program);
    }
    return { programs: unit.spec.programs.length, maps: countMaps(unit.spec), emitted };
  } finally {
    scope.close();
  }
}

function planLoad(program: ProgramDecl, attaches: readonly AttachRequest[], context: AttachContext): ProgramRequest {
  const request = attaches.find(({ fnName }) => fnName === program.name);
  if (request !== undefined) return { name: program.name, kind: findKind(request, context) };
  const automatic = planAutoAttach(program, context);
  if (automatic !== undefined) return automatic.program;
  if (program.explicitSection) return { name: program.name, kind: "section" };
  const kind: ProgramKindName = program.kind === "any" ? "kprobe" : (knownKinds[program.kind] ?? "section");
  return { name: program.name, kind };
}

const knownKinds: Readonly<Record<string, ProgramKindName>> = { tracepoint: "tracepoint", raw_tracepoint: "raw_tracepoint", perf_event: "perf_event", xdp: "xdp", tc: "sched_cls", kprobe: "kprobe", kretprobe: "kretprobe", uprobe: "uprobe", usdt: "usdt", fentry: "fentry", fexit: "fexit", fmod_ret: "fmod_ret", lsm: "lsm" };

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

function emitStage(stage: "c" | "spec", source: CSource, cflags: readonly string[], unit: BuiltUnit, builder: Builder): string {
  if (stage === "c") return renderUnit(source, cflags, builder);
  return `${JSON.stringify({ programs: unit.programs.map(({ name, section, kind, autoAttach }) => ({ name, section, kind, ...(autoAttach && { autoAttach }) })), maps: unit.spec.maps, structs: unit.spec.structs }, undefined, 2)}\n`;
}

/** Maps of the user's own: what the dialect and libbpf add is not counted. */
function countMaps(spec: ObjectSpec): number {
  return spec.maps.filter(({ name }) => !name.startsWith("__bpfts_") && !name.startsWith(".")).length;
}

/** Reads the list of attach requests that goes with a `.c` file. @throws UsageError */
export function readAttachFile(path: string): AttachRequest[] {
  try {
    const entries = JSON.parse(readFileSync(path, "utf8")) as Record<string, unknown>[];
    // Both spellings: the script API's and the host's.
    return entries.map((entry) => ({ ...entry, fnName: entry["fnName"] ?? entry["fn_name"] }) as unknown as AttachRequest);
  } catch (cause) {
    throw new UsageError(`Cannot read the attach requests in "${path}": ${(cause as Error).message}`, { cause, hint: 'it is a JSON array of { "kind": "kprobe", "fn_name": "f", "event": "vfs_read" }' });
  }
}
