import { compileGlob } from "../../base/compile-glob.ts";
import { describeKprobe } from "../../kernel/hooks/kprobe.ts";
import type { AttachTarget } from "../../kernel/hooks/attach.ts";
import { canShareLink } from "../../kernel/hooks/multi-links.ts";
import type { ProgramDecl } from "../../dialect/text/unit.ts";
import { findSyscallPrefix, listKernelFunctions, readFunctionAddresses } from "../../kernel/machine/kallsyms.ts";
import { ArgumentError, AttachError } from "../../base/errors.ts";
import type { AttachPlan } from "./attach-plan.ts";
import type { AttachContext } from "./attach-plan.ts";
import { choosePlaces } from "./choose-places.ts";
import type { RequestOf } from "./request-of.ts";

/** Kernel functions that one of the script's is to run at. */
export interface KprobePlan {
  readonly names: readonly string[];
  /** How far behind the functions' starts. Units: bytes. */
  readonly offset?: number;
  readonly retprobe: boolean;
  /** Entry and return as one, by a link of many places. */
  readonly session?: boolean;
  readonly isPattern: boolean;
}

/** Plans an `attach_kprobe` or `attach_kretprobe`. @throws AttachError, ArgumentError */
export function planKprobe(request: RequestOf<"kprobe">, { machine }: AttachContext, retprobe: boolean): AttachPlan {
  const { names, isPattern } = choosePlaces(
    request.event,
    request.eventRe,
    "event",
    listKernelFunctions,
    request.limit,
  );
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

/** Plans kernel functions; they go on one link where the kernel can have it and the script asks for many. */
export function planKernelFunctions(functionName: string, asked: KprobePlan, versionCode: number): AttachPlan {
  const { names, offset = 0, retprobe, session = false, isPattern } = asked;
  const targets = names.map((name) => describeKprobe(name, retprobe, offset));
  return {
    program: { name: functionName, kind: retprobe ? "kretprobe" : "kprobe" },
    targets: isPattern || session ? shareLink(targets, retprobe, session, versionCode) : targets,
    isPattern,
  };
}

/** Functions whose addresses are known can go on one link. */
function shareLink(
  targets: readonly AttachTarget[],
  retprobe: boolean,
  session: boolean,
  versionCode: number,
): readonly AttachTarget[] {
  const place = { kind: "kprobe" as const, retprobe, session };
  const canShare = canShareLink([{ ...place, addresses: [] }], versionCode);
  // Nothing but a shared link will do, and whoever attaches it says so.
  if (!canShare)
    return session ? targets.map((target) => ({ ...target, place: { ...place, addresses: [] } })) : targets;
  const known = readFunctionAddresses(new Set(targets.map(({ key }) => key)));
  if (known.size === 0 && !session) return targets;
  return targets.flatMap((target) => {
    const addresses = known.get(target.key);
    if (addresses === undefined)
      return session && targets.length === 1 ? [{ ...target, place: { ...place, addresses: [] } }] : [];
    return [{ ...target, place: { ...place, addresses } }];
  });
}

/** Sections of kernel functions: `kprobe/vfs_read+4`, `ksyscall/mkdir`, `kprobe.multi/vfs_*`, `kprobe.session/vfs_*`. Source: libbpf's section names. */
const sectionForm = /^\??(k(?:ret)?probe|k(?:ret)?syscall|k(?:ret)?probe\.multi|kprobe\.session)\/(.+)$/;

/** Plans a function whose section names kernel functions; undefined for other sections. @throws ArgumentError, AttachError */
export function planKprobeSection({ name, section }: ProgramDecl, versionCode: number): AttachPlan | undefined {
  const [, form, target = ""] = sectionForm.exec(section) ?? [];
  if (form === undefined) return undefined;
  const retprobe = form.startsWith("kret");
  if (form.endsWith("syscall"))
    return planKernelFunctions(
      name,
      { names: [`${findSyscallPrefix()}${target}`], retprobe, isPattern: false },
      versionCode,
    );
  if (!form.includes(".")) {
    const [, symbol = target, offset = "0"] = /^(.+?)\+(0x[0-9a-f]+|\d+)$/i.exec(target) ?? [];
    if (retprobe && Number(offset) !== 0)
      throw new ArgumentError(`Cannot attach "${name}" to ${section}: a return has no offset`);
    return planKernelFunctions(
      name,
      { names: [symbol], offset: Number(offset), retprobe, isPattern: false },
      versionCode,
    );
  }
  const isPattern = /[*?]/.test(target);
  const names = isPattern ? listKernelFunctions({ test: compileGlob(target) }) : [target];
  if (names.length === 0)
    throw new AttachError(`Cannot attach "${name}" to ${section}: no kernel function fits the pattern`, {
      hint: `look at what there is: bpfts list 'kprobe:${target}'`,
    });
  return planKernelFunctions(name, { names, retprobe, session: form === "kprobe.session", isPattern }, versionCode);
}
