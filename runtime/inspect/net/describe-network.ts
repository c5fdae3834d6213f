import { BPFAttachType } from "../../../sdk/abi/program-types.ts";
import { linkTypes } from "../../kernel/live/link-info.ts";
import type { LinkInfo } from "../../kernel/live/link-info.ts";
import { listCgroups, withCgroup } from "../../kernel/machine/cgroups.ts";
import { readAnswer, listNetworkPrograms } from "../../kernel/network/attached-programs.ts";
import type { AttachedProgram } from "../../kernel/network/attached-programs.ts";
import { describeHolders, renderHolders } from "../objects/describe-holders.ts";
import type { HolderRow } from "../objects/describe-holders.ts";
import { renderTarget } from "../objects/describe-target.ts";
import type { LiveObjects } from "../objects/live-objects.ts";
import { renderColumns } from "../objects/render-columns.ts";
import { withAllNamespaces, withNamedNamespaces } from "./list-namespaces.ts";
import type { ListedNamespace } from "./list-namespaces.ts";

/** A program in the network as `--json` prints it; what bpftool prints too has its name there. */
export interface NetworkRow {
  /** The network namespace: `self`, a name of `ip netns`, or `of pid N`; absent for cgroups, and for netfilter, where the kernel does not tell it. */
  readonly netns?: string;
  /** The number of the namespace. */
  readonly netns_inode?: number;
  readonly devname?: string;
  readonly ifindex?: number;
  readonly cgroup?: string;
  readonly hook: string;
  /** Which one of its place it is, in the order in which they run. */
  readonly order: number;
  /** `native` or `generic` of XDP, priority and handle of a classic filter, `multi` or `override` of a cgroup. */
  readonly mode?: string;
  readonly prog_id: number;
  readonly prog_name: string;
  /** Absent where it was attached without a link: it then stays when nobody holds it. */
  readonly link_id?: number;
  /** In place of `link_id` where several links could be its own: a link tells the number of its device, which another namespace can have given, too. */
  readonly link_ids?: readonly number[];
  readonly pids: readonly HolderRow[];
  readonly pinned: readonly string[];
}

/** Where a program sits, and which links could be its own. */
interface Place {
  readonly facts: Partial<NetworkRow>;
  isOf(link: LinkInfo): boolean;
}

/** Describes what is attached to devices, network namespaces and cgroups: of the whole machine, or of the namespaces that are named. @throws PrivilegeError, AttachError */
export function describeNetwork(objects: LiveObjects, names: readonly string[] = []): readonly NetworkRow[] {
  const links = objects.listLinks();
  const rows: NetworkRow[] = [];
  const look = ({ label, namespace }: ListedNamespace): void => {
    for (const program of listNetworkPrograms(objects.port, namespace)) {
      const { device } = program;
      rows.push(
        describeRow(objects, links, program, {
          facts: {
            netns: label,
            netns_inode: namespace.inode,
            ...(device !== undefined && { devname: device.name, ifindex: device.index }),
          },
          isOf: ({ target }) =>
            device === undefined ? target.networkNamespace === namespace.inode : target.interfaceIndex === device.index,
        }),
      );
    }
  };
  if (names.length > 0) {
    withNamedNamespaces(objects.port, names, look);
    return rows;
  }
  withAllNamespaces(objects.port, look);
  return [...rows, ...describeNetfilter(objects, links), ...describeCgroups(objects, links)];
}

function describeRow(
  objects: LiveObjects,
  links: readonly LinkInfo[],
  { programId, attachType, hook, order, mode }: AttachedProgram,
  { facts, isOf }: Place,
): NetworkRow {
  const program = objects.findProgram(programId);
  const own = links.filter(
    (one) =>
      one.programId === programId &&
      attachType !== undefined &&
      (one.target.attachType ?? BPFAttachType.XDP) === attachType &&
      isOf(one),
  );
  const ids = own.map(({ id }) => id);
  const holders =
    own.length === 0 ? objects.listHolders("program", programId) : ids.flatMap((id) => objects.listHolders("link", id));
  return {
    ...facts,
    hook,
    order,
    ...(mode !== "" && { mode }),
    prog_id: programId,
    prog_name: program === undefined ? "" : objects.nameProgram(program),
    ...(ids.length === 1 && { link_id: ids[0]! }),
    ...(ids.length > 1 && { link_ids: ids }),
    pids: describeHolders([...new Map(holders.map((holder) => [holder.pid, holder])).values()]),
    pinned:
      own.length === 0 ? objects.listPins("program", programId) : ids.flatMap((id) => objects.listPins("link", id)),
  };
}

/** Links of netfilter are the only trace of its programs, and do not tell their namespace. */
function describeNetfilter(objects: LiveObjects, links: readonly LinkInfo[]): readonly NetworkRow[] {
  return links
    .filter(({ type }) => linkTypes[type] === "netfilter")
    .map((link) => {
      const [, ...place] = renderTarget(objects, link).split(" ");
      const hook = `netfilter_${place.slice(0, 2).join("_")}`;
      const mode = place.slice(2).join(" ");
      const program = { programId: link.programId, attachType: BPFAttachType.NETFILTER, hook, order: 1, mode };
      return {
        ...describeRow(objects, [], program, { facts: {}, isOf: () => false }),
        link_id: link.id,
        pids: describeHolders(objects.listHolders("link", link.id)),
        pinned: objects.listPins("link", link.id),
      };
    });
}

const cgroupHooks = Object.entries(BPFAttachType).filter(([name]) => /^(?:CGROUP_|LSM_CGROUP$)/.test(name));

function describeCgroups(objects: LiveObjects, links: readonly LinkInfo[]): readonly NetworkRow[] {
  return [...listCgroups()].flatMap(([id, path]) => {
    try {
      return withCgroup(objects.port, path, (cgroup) =>
        cgroupHooks
          .flatMap(([name, attachType]) =>
            readAnswer(objects.port.programQueryOf(cgroup, attachType), attachType, name.toLowerCase()),
          )
          .map((program) =>
            describeRow(objects, links, program, {
              facts: { cgroup: path },
              isOf: ({ target }) => target.cgroupId === id,
            }),
          ),
      );
    } catch {
      // It went while the others were looked at.
      return [];
    }
  });
}

/** Renders a table of what is attached where. */
export function renderNetwork(rows: readonly NetworkRow[]): string {
  if (rows.length === 0) return "Nothing is attached to devices, network namespaces and cgroups.\n";
  return renderColumns(
    ["WHERE", "DEVICE", "HOOK", "ORDER", "MODE", "PROGRAM", "LINK", "HELD BY"],
    rows.map(({ netns, devname, cgroup, hook, order, mode, prog_id, prog_name, link_id, link_ids, pids, pinned }) => [
      cgroup ?? netns ?? "?",
      devname ?? "",
      hook,
      order,
      mode ?? "",
      `${prog_id} ${prog_name}`.trimEnd(),
      link_id ?? (link_ids === undefined ? "none" : `one of ${link_ids.join(", ")}`),
      renderHolders(pids, pinned),
    ]),
  );
}
