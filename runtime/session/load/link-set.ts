import { AttachError, UnsupportedFeatureError } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import { attachProgram } from "../../kernel/hooks/attach.ts";
import type { AttachTarget, Link } from "../../kernel/hooks/attach.ts";
import { attachTogether, canShareLink, describeMultiProgram, isSession } from "../../kernel/hooks/multi-links.ts";
import type { MultiPlace, PlacedRow } from "../../kernel/hooks/multi-links.ts";
import type { ProgramKindName, ProgramRequest } from "../../kernel/hooks/program-kinds.ts";
import type { Handle, KernelPort } from "../../kernel/door/port.ts";
import type { AttachPlan } from "./attach-plan.ts";
import { openProgress } from "./progress.ts";

/** What the links of a program need to know of the machine and of the user. */
export interface LinkSetOptions {
  readonly port: KernelPort;
  /** Source: LINUX_VERSION_CODE. */
  readonly versionCode: number;
  readonly log: Log;
}

/** A link with all the targets that are on it. */
interface KeptLink {
  readonly kind: ProgramKindName;
  readonly handle: Handle;
  readonly targets: readonly AttachTarget[];
  readonly program: Handle;
}

/** Before, links of events carried no number for their program. */
const cookieSince = (5 << 16) | (15 << 8);

/** The places that the functions of one program sit on. Owner: whoever made it closes it. */
export class LinkSet {
  private readonly links: KeptLink[] = [];
  /** By the cookie that stands for each, less 1. */
  private readonly names: string[] = [];
  private areDetached = false;

  constructor(private readonly options: LinkSetOptions) {}

  /**
   * Puts a function on every place of a plan: on one link where the kernel can, else one by one. `load` loads the function in the
   * way that the links ask for. Answers how many places it now sits on.
   *
   * @throws AttachError, PrivilegeError, UnsupportedFeatureError when no place takes it, or one of a plan without a pattern refuses
   */
  attach(plan: AttachPlan, load: (request: ProgramRequest) => Handle): number {
    const rows = plan.targets.map((target) => ({ target, cookie: this.nameTarget(target) }));
    const before = this.links.length;
    const rest = this.shareLinks(plan, rows, load);
    if (rest.length > 0)
      this.attachEach(
        plan,
        rows.filter(({ target }) => rest.includes(target)),
        load,
        before,
      );
    return countTargets(this.links.slice(before));
  }

  /** Takes a function off the places that have these keys. Answers how many. @throws AttachError when it is on none of them */
  detach(kind: ProgramKindName, keys: ReadonlySet<string>, label: string): number {
    const leaving = this.links.filter((link) => link.kind === kind && link.targets.some(({ key }) => keys.has(key)));
    if (this.areDetached) return 0;
    if (leaving.length === 0) throw new AttachError(`Cannot detach: nothing is attached to ${kind} "${label}"`);
    let count = 0;
    for (const link of leaving) {
      this.options.port.linkClose(link.handle);
      this.links.splice(this.links.indexOf(link), 1);
      const staying = link.targets.filter(({ key }) => !keys.has(key));
      count += link.targets.length - staying.length;
      // The kernel takes no place off a link: those that stay get a link of their own.
      if (staying.length > 0)
        this.keepTogether(
          kind,
          link.program,
          staying.map((target) => ({ target, cookie: this.nameTarget(target) })),
        );
    }
    return count;
  }

  count(kind: ProgramKindName): number {
    return countTargets(this.links.filter((link) => link.kind === kind));
  }

  /** The name of the place that a cookie stands for. */
  findName(cookie: number): string | undefined {
    return this.names[cookie - 1];
  }

  /** Takes all functions off their places before the script ends; what the script detaches then is gone already. */
  detachAll(): void {
    this.areDetached = true;
    this.close();
  }

  close(): void {
    for (const link of this.links.splice(0).reverse()) this.options.port.linkClose(link.handle);
  }

  private nameTarget(target: AttachTarget): bigint {
    return BigInt(this.names.push(target.name ?? target.label));
  }

  /** Answers the targets that are left to be attached one by one. */
  private shareLinks(
    plan: AttachPlan,
    rows: readonly TargetRow[],
    load: (request: ProgramRequest) => Handle,
  ): readonly AttachTarget[] {
    const places = rows.map(({ target }) => target.place);
    const [first] = places;
    if (first === undefined || !canShareLink(places, this.options.versionCode)) return requireNoSession(plan);
    const program = load(describeMultiProgram(plan.program, first));
    const before = this.links.length;
    const failed = this.keepTogether(plan.program.kind, program, rows);
    if (failed.length === 0) return [];
    const made = this.links.length - before;
    // Whatever refuses a shared link may take one of its own, or at least says why it does not.
    if (!plan.isPattern || made === 0) {
      this.closeFrom(before);
      return requireNoSession(plan);
    }
    if (first.kind === "kprobe" && !isSession(first)) return failed;
    for (const target of failed) this.options.log.info(`Cannot attach "${plan.program.name}" to "${target.label}"`);
    return [];
  }

  private keepTogether(kind: ProgramKindName, program: Handle, rows: readonly TargetRow[]): readonly AttachTarget[] {
    const placed: PlacedRow<AttachTarget>[] = rows.map(({ target, cookie }) => ({
      owner: target,
      place: target.place as MultiPlace,
      cookie,
    }));
    const { links, failed } = attachTogether(this.options.port, program, placed);
    this.links.push(...links.map(({ handle, owners }) => ({ kind, handle, targets: owners, program })));
    return failed;
  }

  private attachEach(
    plan: AttachPlan,
    rows: readonly TargetRow[],
    load: (request: ProgramRequest) => Handle,
    before: number,
  ): void {
    const { port, log, versionCode } = this.options;
    const program = load(plan.program);
    const progress = openProgress(log, `attaching "${plan.program.name}"`, rows.length);
    let failure: unknown;
    try {
      for (const { target, cookie } of rows) {
        progress.step();
        try {
          const links: Link[] = attachProgram(
            port,
            plan.program.kind,
            plan.program.name,
            program,
            target,
            versionCode >= cookieSince ? cookie : 0n,
          );
          this.links.push(...links.map(({ kind, handle }) => ({ kind, handle, targets: [target], program })));
        } catch (error) {
          // An attachment that fails at one of its places leaves nothing at the others; with a pattern the others count.
          if (!plan.isPattern) throw error;
          failure ??= error;
          log.info((error as Error).message);
        }
      }
    } catch (error) {
      this.closeFrom(before);
      throw error;
    } finally {
      progress.close();
    }
    if (this.links.length === before && failure !== undefined) throw failure;
  }

  private closeFrom(start: number): void {
    for (const link of this.links.splice(start)) this.options.port.linkClose(link.handle);
  }
}

/** How the function of a plan is loaded for most of its places. */
export function findLoadRequest({ program, targets }: AttachPlan, versionCode: number): ProgramRequest {
  const places = targets.map(({ place }) => place);
  const [first] = places;
  return first !== undefined && canShareLink(places, versionCode) ? describeMultiProgram(program, first) : program;
}

/** The places of a plan, to be attached one by one. @throws UnsupportedFeatureError where they are sessions, which live on shared links only */
function requireNoSession({ program, targets }: AttachPlan): readonly AttachTarget[] {
  if (!targets.some(({ place }) => isSession(place))) return targets;
  throw new UnsupportedFeatureError(
    "kprobe_session",
    `Cannot attach "${program.name}" to kprobe.session "${targets[0]!.label}": this kernel has no sessions of kprobes, or no such function to trace`,
    {
      since: "6.10",
      hint: "Linux 6.10 or later with CONFIG_FPROBE has them; a kprobe and a kretprobe do the same with a table between them",
    },
  );
}

interface TargetRow {
  readonly target: AttachTarget;
  readonly cookie: bigint;
}

function countTargets(links: readonly KeptLink[]): number {
  return links.reduce((sum, { targets }) => sum + targets.length, 0);
}
