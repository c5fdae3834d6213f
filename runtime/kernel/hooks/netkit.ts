import { BPFAttachType } from "../../../sdk/abi/program-types.ts";
import { AttachError } from "../../base/errors.ts";
import { describeRefusal, noOptions, renderDevice } from "./network-hook.ts";
import type { ArgumentOf, NetworkHook } from "./network-hook.ts";

const attachTypes = { primary: BPFAttachType.NETKIT_PRIMARY, peer: BPFAttachType.NETKIT_PEER } as const;

/** A netkit device's own programs, for either end, named by its primary end. Source: BPF_NETKIT_PRIMARY. Since: Linux 6.7 */
export const netkitHook: NetworkHook<ArgumentOf<"netkit">> = {
  plan: ({ fnName }) => ({ name: fnName, kind: "sched_cls" }),
  label: ({ dev, side }) => `netkit ${dev} ${side}`,
  isGuarded: true,
  attach({ fnName, side }, program, { port, netns, device }) {
    const action = `Cannot attach "${fnName}" to netkit ${side} of ${renderDevice(device!.name, netns)}`;
    if (device!.kind !== "netkit")
      throw new AttachError(`${action}: it is no netkit device${device!.kind === "" ? "" : ` but a ${device!.kind}`}`, {
        hint: "use attach_tc() for other devices",
      });
    const handle = port.linkCreate(program, netns.handle, device!.index, attachTypes[side], 0, noOptions);
    if (handle >= 0) return { handle, via: "link", warnings: [] };
    throw describeRefusal({ action, status: handle });
  },
};
