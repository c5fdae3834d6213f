import { describeHolders, renderHolders } from "../objects/describe-holders.ts";
import type { HolderRow } from "../objects/describe-holders.ts";
import { nameAttachType, nameLinkType, renderTarget } from "../objects/describe-target.ts";
import type { LiveObjects } from "../objects/live-objects.ts";
import { renderColumns } from "../objects/render-columns.ts";
import { nameProgramType } from "../prog/describe-programs.ts";
import type { LinkInfo } from "../../kernel/live/link-info.ts";

/** A link as `--json` prints it; what bpftool prints too has its name there. */
export interface LinkRow {
  readonly id: number;
  readonly type: string;
  readonly prog_id: number;
  readonly prog_name: string;
  readonly attached: string;
  readonly prog_type?: string;
  readonly attach_type?: string;
  /** Of a raw tracepoint. */
  readonly tp_name?: string;
  /** Of an iterator. */
  readonly target_name?: string;
  readonly map_id?: number;
  readonly cgroup_id?: bigint;
  readonly netns_ino?: number;
  readonly ifindex?: number;
  /** The type information of the function that a tracing program is at, and the function's type there. */
  readonly target_obj_id?: number;
  readonly target_btf_id?: number;
  readonly cookie?: bigint;
  /** Of a link with many places: all of them, as addresses in the kernel or offsets in the binary. */
  readonly places?: readonly string[];
  readonly pids: readonly HolderRow[];
  readonly pinned: readonly string[];
}

/** Describes links: which program is attached where, and who has the link. */
export function describeLinks(objects: LiveObjects, links: readonly LinkInfo[]): readonly LinkRow[] {
  return links.map((link) => {
    const { attachType, cookie, places = [] } = link.target;
    const program = objects.findProgram(link.programId);
    return {
      id: link.id,
      type: nameLinkType(link.type),
      prog_id: link.programId,
      prog_name: program === undefined ? "" : objects.nameProgram(program),
      attached: renderTarget(objects, link),
      ...(program !== undefined && { prog_type: nameProgramType(program.type) }),
      ...(attachType !== undefined && { attach_type: nameAttachType(attachType) }),
      ...listParts(link),
      ...(cookie !== undefined && { cookie }),
      ...(places.length > 1 && { places: places.map((place) => `0x${place.toString(16)}`) }),
      pids: describeHolders(objects.listHolders("link", link.id)),
      pinned: objects.listPins("link", link.id),
    };
  });
}

/** What the kernel tells of the place, each by the name that bpftool has for it. */
function listParts({ type, target }: LinkInfo): Partial<LinkRow> {
  const kind = nameLinkType(type);
  const parts: Partial<Record<keyof LinkRow, unknown>> = {
    tp_name: kind === "raw_tracepoint" ? target.name : undefined,
    target_name: kind === "iter" ? target.name : undefined,
    map_id: target.mapId,
    cgroup_id: target.cgroupId,
    netns_ino: target.networkNamespace,
    ifindex: target.interfaceIndex,
    target_obj_id: target.targetObject,
    target_btf_id: target.targetType,
  };
  return Object.fromEntries(Object.entries(parts).filter(([, value]) => value !== undefined)) as Partial<LinkRow>;
}

/** Renders a table of links. */
export function renderLinks(rows: readonly LinkRow[]): string {
  return renderColumns(
    ["ID", "TYPE", "PROGRAM", "ATTACHED TO", "HELD BY"],
    rows.map(({ id, type, prog_id, prog_name, attached, pids, pinned }) => [
      id,
      type,
      `${prog_id} ${prog_name}`.trimEnd(),
      attached,
      renderHolders(pids, pinned),
    ]),
  );
}
