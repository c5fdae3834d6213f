import { UnsupportedFeatureError } from "../../base/errors.ts";
import type { ProgramDecl } from "../../dialect/text/unit.ts";
import type { BuiltProgram, UnverifiedFunction } from "./program.ts";
import { planSectionType } from "../../kernel/hooks/program-kinds.ts";
import type { ProgramKindName, ProgramRequest } from "../../kernel/hooks/program-kinds.ts";
import { findSectionType } from "../../kernel/hooks/section-types.ts";

/** The kinds that a function's section, name or context type tells without a place. */
const knownKinds: Readonly<Record<string, ProgramKindName>> = {
  tracepoint: "tracepoint",
  raw_tracepoint: "raw_tracepoint",
  perf_event: "perf_event",
  xdp: "xdp",
  tc: "sched_cls",
  kprobe: "kprobe",
  kretprobe: "kretprobe",
  uprobe: "uprobe",
  usdt: "usdt",
  fentry: "fentry",
  fexit: "fexit",
  fmod_ret: "fmod_ret",
  lsm: "lsm",
};

/** Sections that are loaded for a place, which must stand behind a slash. */
const needsPlace = /^\??(?:tp_btf|fentry|fexit|fmod_ret|lsm|lsm_cgroup|freplace|iter)(?:\.s)?$/;

/** Sections that are loaded for another program. */
const needsProgram = /^\??freplace\//;

/** What a function is loaded as when nobody attaches it; undefined where its text does not tell. */
export function planByText(program: ProgramDecl): ProgramRequest | undefined {
  const { name, kind, section } = program;
  // A function of struct_ops is loaded for a member of its table.
  if (kind === "struct_ops") return undefined;
  if (needsPlace.test(section) || needsProgram.test(section)) return undefined;
  const known = program.explicitSection ? findSectionType(section) : undefined;
  if (known !== undefined) return { name, ...planSectionType(known) };
  if (program.explicitSection) return { name, kind: "section" };
  if (kind !== "any") return { name, kind: knownKinds[kind] ?? "section" };
  // Registers are what probes of the kernel and of processes get: one type of program.
  return program.takesRegisters === true ? { name, kind: "kprobe" } : undefined;
}

/**
 * Has the verifier look at the functions that nothing loaded, as far as their text says what they are. Answers the others.
 *
 * @throws VerifierError and whatever else `load` throws, but what this kernel has not
 */
export function verifyRest(
  programs: readonly ProgramDecl[],
  load: (request: ProgramRequest) => void,
): UnverifiedFunction[] {
  return programs.flatMap((program) => {
    const { name } = program;
    const request = planByText(program);
    if (request === undefined)
      return [
        {
          name,
          reason: explainUnplanned(program),
        },
      ];
    try {
      load(request);
      return [];
    } catch (error) {
      // A script that chooses between ways does not need the one that this kernel lacks.
      if (!(error instanceof UnsupportedFeatureError)) throw error;
      return [{ name, reason: `nothing attaches it here, and this kernel cannot load it: ${error.message}` }];
    }
  });
}

/**
 * The program, verified as a whole before the script closes it. `finish` does the same where the script does not; the second time does nothing.
 *
 * @throws VerifierError from both
 */
export function verifyBeforeClose(
  program: BuiltProgram,
  report: (functions: readonly UnverifiedFunction[]) => void,
): { readonly program: BuiltProgram; finish(): void } {
  let isDone = false;
  const finish = (): void => {
    if (isDone) return;
    isDone = true;
    report(program.verifyRest());
  };
  const close = (): void => {
    try {
      finish();
    } finally {
      program.close();
    }
  };
  return { program: Object.create(program, { close: { value: close } }) as BuiltProgram, finish };
}

function explainUnplanned({ kind, section }: ProgramDecl): string {
  if (kind === "struct_ops") return 'no table of SEC(".struct_ops") has it';
  if (needsProgram.test(section))
    return "nothing attaches it here, so that no program is known whose function it replaces";
  return needsPlace.test(section)
    ? `nothing loads it, and its section "${section}" names no place: ${section}/…`
    : "nothing attaches it here, and neither a section nor the type of its context says what kind of program it is";
}
