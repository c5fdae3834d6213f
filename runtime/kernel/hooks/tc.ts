import { BPFAttachType } from "../../../sdk/abi/program-types.ts";
import { AttachError } from "../../base/errors.ts";
import { errno } from "../door/errno.ts";
import type { Handle } from "../door/port.ts";
import { readHolders } from "../live/object-holders.ts";
import { readProgramInfo } from "../live/program-info.ts";
import { listFiltersAt } from "../network/attached-programs.ts";
import { describeRefusal, missingAnswers, noOptions, renderDevice } from "./network-hook.ts";
import type { ArgumentOf, AttachedLink, NetworkHook, NetworkPlace } from "./network-hook.ts";

/** Source: BPF_F_BEFORE of include/uapi/linux/bpf.h; a program that names no other one goes before all of them. */
const BEFORE = 1 << 3;

const attachTypes = { ingress: BPFAttachType.TCX_INGRESS, egress: BPFAttachType.TCX_EGRESS } as const;

/** Traffic control: what a device takes in or gives out, behind XDP. Programs sit in order (tcx), else as classic filters. Source: BPF_TCX_INGRESS. Since: Linux 6.6 for tcx */
export const tcHook: NetworkHook<ArgumentOf<"tc">> = {
  plan: ({ fnName }) => ({ name: fnName, kind: "sched_cls" }),
  label: ({ dev, direction }) => `tc ${dev} ${direction}`,
  isGuarded: true,
  attach(argument, program, place) {
    const device = place.device!;
    const action = `Cannot attach "${argument.fnName}" to tc ${argument.direction} of ${renderDevice(device.name, place.netns)}`;
    if (!argument.stack) requireAlone(argument, program, place, action);
    if (argument.via === "clsact") return attachFilter(argument, program, place, action);
    const attachType = attachTypes[argument.direction];
    const flags = argument.order === "first" ? BEFORE : 0;
    const handle = place.port.linkCreate(program, place.netns.handle, device.index, attachType, flags, noOptions);
    if (handle >= 0) return { handle, via: "tcx", warnings: [] };
    // Other reasons have the same answers: the probe tells them apart.
    const isMissing = missingAnswers.includes(handle) && !haveTcx(place, device.index, attachType);
    if (!isMissing || argument.via === "tcx")
      throw describeRefusal({
        action,
        status: handle,
        ...(isMissing && {
          feature: {
            name: "tcx",
            title: "tcx",
            since: "6.6",
            instead: 'leave out via: "tcx": the program becomes a classic filter (clsact) there',
          },
        }),
      });
    const filter = attachFilter(argument, program, place, action);
    return {
      ...filter,
      warnings: [
        `this kernel has no tcx (Linux 6.6): "${argument.fnName}" is a classic filter of ${renderDevice(device.name, place.netns)}, which stays there if bpfts is killed by SIGKILL`,
      ],
    };
  },
};

function attachFilter(
  argument: ArgumentOf<"tc">,
  program: Handle,
  { port, netns, device }: NetworkPlace,
  action: string,
): AttachedLink {
  const handle = port.filterAttach(
    program,
    netns.handle,
    device!.index,
    argument.direction === "egress",
    argument.priority,
  );
  if (handle >= 0) return { handle, via: "clsact", warnings: [] };
  if (handle === errno.EEXIST)
    throw new AttachError(`${action}: a filter has the priority ${argument.priority} already`, {
      errno: -handle,
      reason: "exists",
      hint: "give another priority, or none",
    });
  throw describeRefusal({
    action,
    status: handle,
    feature: {
      name: "clsact",
      title: "clsact queues",
      since: "4.5",
      instead: "try it on another kernel: bpfts vm run",
    },
  });
}

/** The question of what sits there is as old as tcx itself. */
function haveTcx({ port, netns }: NetworkPlace, index: number, attachType: number): boolean {
  return typeof port.programQuery(netns.handle, index, attachType) !== "number";
}

/**
 * Programs stack on a hook, as links and as filters, so a script that is started twice would do its work twice.
 *
 * @throws AttachError when the same program sits there already
 */
function requireAlone(argument: ArgumentOf<"tc">, program: Handle, place: NetworkPlace, action: string): void {
  const { port, netns } = place;
  const device = place.device!;
  const own = port.programInfo(program);
  if (typeof own === "number") return;
  const mine = readProgramInfo(port, own.id);
  const isSame = (id: number): boolean => {
    const found = readProgramInfo(port, id);
    return found !== undefined && found.name === mine?.name && found.tag === mine.tag;
  };
  const refuse = (id: number, remove: string | undefined): never => {
    const who = readHolders()
      .list("program", id)
      .map(({ comm, pid }) => `${comm}(${pid})`)
      .join(", ");
    const whose = id === own.id ? "this script attached it" : who === "" ? remove : `it belongs to ${who}`;
    throw new AttachError(`${action}: the same program sits there already, as program ${id}`, {
      reason: "exists",
      hint: `${whose === undefined ? "" : `${whose}; `}give stack: true to attach it once more`,
    });
  };
  const ids = port.programQuery(netns.handle, device.index, attachTypes[argument.direction]);
  if (typeof ids !== "number")
    // Of this very program the kernel itself makes no second link.
    for (const id of new Uint32Array(ids.slice().buffer).subarray(1))
      if (id !== own.id && isSame(id)) refuse(id, undefined);
  for (const { programId, priority } of listFiltersAt(port, netns.handle, device.index, argument.direction))
    if (isSame(programId))
      refuse(
        programId,
        `no process has it, so a run that was killed has left it, or tc made it: tc filter delete dev ${device.name} ${argument.direction} pref ${priority}${netns.label === "" ? "" : " (in that network namespace)"}`,
      );
}
