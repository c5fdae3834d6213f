import { release } from "node:os";
import {
  AttachError,
  DialectError,
  MapError,
  PrivilegeError,
  ResourceError,
  UnsupportedFeatureError,
  VerifierError,
  InternalError,
} from "../../base/errors.ts";
import type { BpftsError } from "../../base/errors.ts";
import type { SourceLocation } from "../../base/location.ts";
import { findSourceLine } from "../../object/line-info.ts";
import type { ObjectSpec } from "../../object/spec.ts";
import { findMapKind } from "../../../sdk/abi/map-kinds.ts";
import { isInUserNamespace, readCapabilities } from "../machine/capabilities.ts";
import { readLockdown } from "../machine/machine.ts";
import { errno, renderErrno } from "../door/errno.ts";
import type { ProgramRequest } from "../hooks/program-kinds.ts";
import type { ObjectLoadResult } from "../door/port.ts";
import { haveKprobes } from "../hooks/kprobe.ts";
import { findMissingTarget } from "../hooks/missing-target.ts";
import { findProgramKind } from "../hooks/program-kinds.ts";
import { findSectionVersion, isOlder } from "../../base/bpf-since.ts";
import { findSimilarSection } from "../hooks/section-types.ts";
import { describeMissing } from "./missing-features.ts";
import { placeLine } from "./place-line.ts";
import type { LocateLine } from "./place-line.ts";
import { summariseVerifierLog } from "./verifier.ts";

interface LoadedBytes {
  readonly bytes: Uint8Array;
  readonly spec: ObjectSpec;
  readonly locateLine?: LocateLine;
}

const eperm = -1;
const usedUp: readonly number[] = [errno.EMFILE, errno.ENFILE, errno.ENOMEM];
/** Turns a failed load into the error that tells the user most. */
export function describeLoadFailure(
  object: LoadedBytes,
  result: ObjectLoadResult,
  wanted: readonly ProgramRequest[],
  kernel: string = release(),
): BpftsError {
  const detail = [result.log, ...Object.values(result.programLogs)].filter((text) => text !== "").join("\n");
  const rejected = findRejected(result);
  if (result.status === eperm && !readCapabilities().has("CAP_BPF") && !readCapabilities().has("CAP_SYS_ADMIN")) {
    return new PrivilegeError("Cannot load BPF programs: this user may not", {
      hint: "run it as root, or give the process CAP_BPF and CAP_PERFMON (CAP_SYS_ADMIN before Linux 5.8); without either, try the script in a virtual machine: bpfts vm run",
      detail,
    });
  }
  if (result.status === eperm && isInUserNamespace()) {
    return new PrivilegeError("Cannot load BPF programs: this user is root in a user namespace only", {
      hint: "run it outside that namespace: on the machine itself, or in a container without a user namespace of its own",
      detail,
    });
  }
  // The verifier let it pass, and then there was no descriptor or memory for it.
  if (rejected !== undefined && usedUp.includes(result.status))
    return new ResourceError(`Cannot load "${rejected[0]}": ${renderErrno(result.status)}`, { detail });
  const missing = rejected === undefined ? describeMissingTarget(object, wanted, detail) : undefined;
  if (missing !== undefined) return missing;
  const traced = wanted.find(({ kind }) => ["fentry", "lsm"].includes(findProgramKind(kind)?.feature ?? ""));
  if (rejected === undefined && traced !== undefined) return describeTracing(object, traced, result.status, detail);
  const declared = /extern \(func ksym\) '([^']+)': func_proto \[\d+\] incompatible/.exec(detail)?.[1];
  if (declared !== undefined)
    return new DialectError(`The C text declares the kernel function "${declared}" otherwise than this kernel has it`, {
      detail,
      hint: `look at its parameters: bpfts list -v 'kfunc:${declared}'; they may differ from kernel to kernel`,
    });
  const unseen = findUnseen(object, result.status, rejected, wanted);
  if (unseen !== undefined) return describeUnseen(object, unseen, detail);
  if (readLockdown() === "confidentiality" && (result.status === eperm || /bpf_probe_read|unknown func/.test(detail))) {
    return new UnsupportedFeatureError(
      "lockdown",
      "Cannot load BPF programs: this kernel is locked down (confidentiality)",
      { detail, hint: "that is its owner's decision; the script can be tried on another kernel: bpfts vm run" },
    );
  }
  const unknown = /missing BPF prog type, check ELF section name '([^']*)'/.exec(detail)?.[1];
  if (unknown !== undefined) return describeUnknownSection(object, wanted, unknown, detail);
  const late = rejected === undefined ? describeLateType(object, result.status, wanted, detail, kernel) : undefined;
  if (late !== undefined) return late;
  const feature = describeMissing(
    { bytes: object.bytes, place: (line) => placeLine(line, object.locateLine) },
    detail,
    kernel,
  );
  if (feature !== undefined) return feature;
  if (rejected !== undefined) return describeRejection(object, rejected[0], rejected[1], result);
  const map =
    /map '([^']+)': failed to create[^:]*: (.*)/.exec(result.log) ??
    /failed to create map.*'([^']+)'.*: (.*)/.exec(result.log);
  const kind = map === null ? undefined : findMapKind(object.spec.maps.find(({ name }) => name === map[1])?.type ?? 0);
  if (kind !== undefined && result.status === errno.EINVAL && isOlder(kernel, kind.since))
    return new UnsupportedFeatureError(
      "map",
      `Cannot create map "${map![1]}": this kernel (${kernel}) has no maps of kind ${kind.name.toLowerCase()}, which came with Linux ${kind.since}`,
      { detail, since: kind.since, hint: "try it on another kernel: bpfts vm run" },
    );
  if (map !== null)
    return new MapError(`Cannot create map "${map[1]}": ${renderErrno(result.status)}`, {
      detail,
      hint: adviseMap(result.status),
    });
  const below = /prog '([^']+)': relo #\d+: unexpected insn #(\d+) .*got (\d+), exp (\d+)/.exec(detail);
  // The compiler counts in bits, of which the offset below zero keeps 32.
  if (below !== null && Number(below[3]) - Number(below[4]) === 7 * 2 ** 29)
    return describeNegativeIndex(object, below[1]!, Number(below[2]), detail);
  const telling = result.log
    .split("\n")
    .filter((line) => line.trim() !== "")
    .at(-1)
    ?.replace(/^libbpf: /, "");
  if (result.status === eperm) {
    return new PrivilegeError(`Cannot load the BPF object: ${telling ?? renderErrno(result.status)}`, {
      detail,
      hint: "the kernel refuses although this user has the capability: bpfts doctor shows lockdown and configuration",
    });
  }
  return new InternalError(`Cannot load the BPF object: ${telling ?? renderErrno(result.status)}`, {
    detail,
    hint: "see the whole log with --verbose",
  });
}

/**
 * The program whose load failed, with what the verifier said of it; undefined where it said nothing. With a log level the programs that it took have logs, too; libbpf loads
 * one after the other and stops at the first that fails.
 */
function findRejected({ log, programLogs }: ObjectLoadResult): readonly [name: string, log: string] | undefined {
  const logs = Object.entries(programLogs).filter(([, text]) => text.trim() !== "");
  const [, name, olderName] =
    /prog '([^']+)': (?:BPF program load failed|failed to load)|failed to load program '([^']+)'/.exec(log) ?? [];
  const failed = name ?? olderName;
  return failed === undefined ? logs.at(-1) : logs.find(([program]) => program === failed);
}

/** `(&pid->numbers[1])[-1]`: what lies before a pointer into the kernel's structs has no place that could be found anew on another kernel. */
function describeNegativeIndex(
  object: LoadedBytes,
  program: string,
  instruction: number,
  detail: string,
): DialectError {
  const found = findPlace(object, program, instruction);
  return new DialectError(`"${program}" reads the kernel's memory at an index below zero`, {
    detail,
    hint: "subtract from the pointer first: p -= 1; p->member",
    ...(found && { location: placeLine(found, object.locateLine) }),
  });
}

/** A section that is nobody's: mistyped, or of a libbpf that is not installed. */
function describeUnknownSection(
  object: LoadedBytes,
  wanted: readonly ProgramRequest[],
  section: string,
  detail: string,
): DialectError {
  const names = new Set(wanted.map(({ name }) => name));
  const name = object.spec.programs.find((program) => names.has(program.name) && program.section === section)?.name;
  const location = findPlace(object, name ?? "", 0);
  const similar = findSimilarSection(section);
  return new DialectError(
    `Cannot load ${name === undefined ? "the C text" : `"${name}"`}: no kind of program has the section "${section}"`,
    {
      detail,
      hint:
        similar === undefined
          ? 'a section names the kind of program: SEC("xdp"), SEC("tc"), SEC("cgroup/connect4"), SEC("kprobe/…")'
          : `did you mean "${similar}"?`,
      ...(location && { location: placeLine(location, object.locateLine) }),
    },
  );
}

/** A type of program that this kernel does not know yet: it says "invalid argument" before its verifier looks. */
function describeLateType(
  { spec }: LoadedBytes,
  status: number,
  wanted: readonly ProgramRequest[],
  detail: string,
  kernel: string,
): UnsupportedFeatureError | undefined {
  if (status !== errno.EINVAL) return undefined;
  for (const { name } of wanted) {
    const section = spec.programs.find((program) => program.name === name)?.section ?? "";
    const since = findSectionVersion(section);
    if (since !== undefined && isOlder(kernel, since))
      return new UnsupportedFeatureError(
        section,
        `Cannot load "${name}": this kernel (${kernel}) has no ${section} programs, which came with Linux ${since}`,
        { detail, since, hint: "try it on another kernel: bpfts vm run" },
      );
  }
  return undefined;
}

/** A function or hook that the section names and this kernel has not: libbpf looks for it before it loads anything. */
function describeMissingTarget(
  object: LoadedBytes,
  wanted: readonly ProgramRequest[],
  detail: string,
): AttachError | undefined {
  for (const { name } of wanted) {
    const section = object.spec.programs.find((program) => program.name === name)?.section ?? "";
    const missing = /not found|failed to find/.test(detail) ? findMissingTarget(section) : undefined;
    if (missing === undefined) continue;
    const location = findPlace(object, name, 0);
    return new AttachError(`Cannot attach "${name}" to ${section}: ${missing.reason}`, {
      reason: "no_such_place",
      detail,
      hint: missing.hint,
      ...(location && { location: placeLine(location, object.locateLine) }),
    });
  }
  return undefined;
}

function describeTracing(object: LoadedBytes, program: ProgramRequest, status: number, detail: string): BpftsError {
  const section = object.spec.programs.find(({ name }) => name === program.name)?.section ?? "";
  const target = program.targetFunction ?? /^\??[^/]+\/([^/]+)$/.exec(section)?.[1] ?? program.name;
  const found = findPlace(object, program.name, 0);
  const location = found && { location: placeLine(found, object.locateLine) };
  if (/is not found in vmlinux|not found in .* BTF|failed to find kernel BTF type ID/.test(detail)) {
    return new UnsupportedFeatureError(
      "fentry",
      `Cannot load "${program.name}": the kernel's type information has no function "${target}"`,
      { detail, hint: "look for its name in this kernel: grep NAME /proc/kallsyms", ...location },
    );
  }
  const feature = program.kind === "lsm" ? "lsm" : "fentry";
  return new UnsupportedFeatureError(
    feature,
    `Cannot load "${program.name}" on "${target}": this kernel refuses ${program.kind} programs (${renderErrno(status)})`,
    {
      detail,
      since: program.kind === "lsm" ? "5.7" : "5.5",
      hint: `use ${haveKprobes() ? "a kprobe or " : ""}a tracepoint instead, or try it on another kernel: bpfts vm run`,
      ...location,
    },
  );
}

/** Sections of programs that the owner of a kernel may refuse as such. */
const guardedSections = /^\??(?:fentry|fexit|fmod_ret|lsm|iter|freplace|struct_ops)\b/;

/** The program that the kernel refused before its verifier looked at anything: nothing in it can be the reason. */
function findUnseen(
  { spec }: LoadedBytes,
  status: number,
  rejected: readonly [name: string, log: string] | undefined,
  wanted: readonly ProgramRequest[],
): string | undefined {
  if (status !== eperm) return undefined;
  if (rejected !== undefined)
    return /^processed 0 insns[^\n]*\n?$/.test(rejected[1].trimStart()) ? rejected[0] : undefined;
  const names = new Set(wanted.map(({ name }) => name));
  const guarded = spec.programs.filter(({ name, section }) => names.has(name) && guardedSections.test(section));
  return guarded.length === 1 && names.size === 1 ? guarded[0]!.name : undefined;
}

function describeUnseen(object: LoadedBytes, program: string, detail: string): UnsupportedFeatureError {
  const section = object.spec.programs.find(({ name }) => name === program)?.section.replace(/^\?/, "") ?? "";
  const location = findPlace(object, program, 0);
  return new UnsupportedFeatureError(
    section.split("/")[0]!,
    `Cannot load "${program}": this kernel refuses ${section} programs (${renderErrno(eperm)})`,
    {
      detail,
      hint: "it did not look at the program: this is its owner's decision; the script can be tried on another kernel: bpfts vm run",
      ...(location && { location: placeLine(location, object.locateLine) }),
    },
  );
}

function describeRejection(object: LoadedBytes, program: string, log: string, result: ObjectLoadResult): VerifierError {
  const summary = summariseVerifierLog(log);
  // What is refused as a whole is shown at its head.
  const found = findPlace(object, program, summary.instruction) ?? summary.location ?? findPlace(object, program, 0);
  const place = found && placeLine(found, object.locateLine);
  return new VerifierError(program, `The kernel's verifier rejects "${program}": ${summary.sentence}`, {
    detail: trimLog(log),
    hint: summary.hint ?? `see the whole log (${summary.logLines} lines) with --verbose`,
    ...(place && { location: place }),
    ...(summary.lineText !== undefined && { diagnostics: [] }),
    cause: new InternalError(renderErrno(result.status)),
  });
}

/** A program that is too large has a log of megabytes, whose beginning and end tell all. Units: characters. */
const maxLogLength = 64 * 1024;

function trimLog(log: string): string {
  if (log.length <= maxLogLength) return log;
  const half = maxLogLength / 2;
  return `${log.slice(0, half)}\n… ${log.length - maxLogLength} characters left out …\n${log.slice(-half)}`;
}

/** Instruction numbers in the log count from the program's start, as the lines of its section do. */
function findPlace(object: LoadedBytes, program: string, instruction: number | undefined): SourceLocation | undefined {
  const section = object.spec.programs.find(({ name }) => name === program)?.section;
  if (section === undefined || instruction === undefined) return undefined;
  const alone = object.spec.programs.filter((other) => other.section === section).length === 1;
  if (!alone) return undefined;
  const line = findSourceLine(object.bytes, section, instruction);
  if (line === undefined) return undefined;
  return { file: line.file, line: line.line, ...(line.column > 0 && { column: line.column }) };
}

function adviseMap(status: number): string {
  if (status === errno.E2BIG || status === errno.ENOMEM) return "the map is too large: fewer entries or smaller values";
  if (status === errno.EINVAL)
    return "this kernel does not know the map's kind, or its key, value or flags do not fit the kind";
  return "see the whole log with --verbose";
}
