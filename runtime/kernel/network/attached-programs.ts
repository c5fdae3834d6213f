import { BPFAttachType } from "../../../sdk/abi/program-types.ts";
import type { KernelPort, Status } from "../door/port.ts";
import { listDevices } from "./devices.ts";
import type { NetworkDevice } from "./devices.ts";
import { parseAttributes, parseNetlinkMessages, readNumber } from "./netlink-messages.ts";
import type { NetworkNamespace } from "./network-namespace.ts";

/** A program at a place of the network or of a cgroup, however it was attached. */
export interface AttachedProgram {
  readonly programId: number;
  /** Source: enum bpf_attach_type; undefined for classic filters. */
  readonly attachType?: number;
  /** The place in the kernel's words: `xdp`, `tcx_ingress`, `clsact_egress`. */
  readonly hook: string;
  /** Which one of its place it is, from 1. */
  readonly order: number;
  /** How it runs or was attached: `native`, `priority 1 handle 0x1`. */
  readonly mode: string;
  readonly device?: NetworkDevice;
}

const hooks = {
  tcx: { tcx_ingress: BPFAttachType.TCX_INGRESS, tcx_egress: BPFAttachType.TCX_EGRESS },
  netkit: { netkit_primary: BPFAttachType.NETKIT_PRIMARY, netkit_peer: BPFAttachType.NETKIT_PEER },
  namespace: { sk_lookup: BPFAttachType.SK_LOOKUP, flow_dissector: BPFAttachType.FLOW_DISSECTOR },
} as const;

/** Source: RTM_GETTFILTER of linux/rtnetlink.h, struct tcmsg. */
const getFilter = 46;
const filterHeadBytes = 20;
/** Source: TC_H_CLSACT with TC_H_MIN_INGRESS and TC_H_MIN_EGRESS of linux/pkt_sched.h. */
const clsact = { clsact_ingress: 0xfffffff2, clsact_egress: 0xfffffff3 } as const;
/** Source: TCA_OPTIONS of linux/rtnetlink.h, TCA_BPF_ID of linux/pkt_cls.h. */
const attributes = { options: 2, programId: 11 } as const;

/** Lists the programs of a network namespace: those of its devices, then its own. @throws PrivilegeError, AttachError */
export function listNetworkPrograms(port: KernelPort, netns: NetworkNamespace): readonly AttachedProgram[] {
  const found: AttachedProgram[] = [];
  for (const device of listDevices(port, netns.handle)) {
    if (device.xdp !== undefined)
      found.push({
        programId: device.xdp.programId,
        attachType: BPFAttachType.XDP,
        hook: "xdp",
        order: 1,
        mode: device.xdp.mode,
        device,
      });
    const places = device.kind === "netkit" ? { ...hooks.tcx, ...hooks.netkit } : hooks.tcx;
    for (const [hook, attachType] of Object.entries(places))
      for (const program of readAnswer(port.programQuery(netns.handle, device.index, attachType), attachType, hook))
        found.push({ ...program, device });
    for (const [hook, parent] of Object.entries(clsact))
      found.push(...listFilters(port, netns.handle, device, parent, hook));
  }
  for (const [hook, attachType] of Object.entries(hooks.namespace))
    found.push(...readAnswer(port.programQueryOf(netns.handle, attachType), attachType, hook));
  return found;
}

/** Reads what `programQuery` answers: the programs of a place in their order; none where the kernel has no such place. */
export function readAnswer(answer: Uint8Array | Status, attachType: number, hook: string): readonly AttachedProgram[] {
  if (typeof answer === "number") return [];
  const [flags = 0, ...ids] = new Uint32Array(answer.slice().buffer);
  return ids.map((programId, at) => ({ programId, attachType, hook, order: at + 1, mode: nameFlags(flags) }));
}

/** Source: BPF_F_ALLOW_OVERRIDE and BPF_F_ALLOW_MULTI of linux/bpf.h. */
function nameFlags(flags: number): string {
  return flags & 2 ? "multi" : flags & 1 ? "override" : "";
}

function listFilters(
  port: KernelPort,
  netns: number,
  device: NetworkDevice,
  parent: number,
  hook: string,
): readonly AttachedProgram[] {
  return listClassicFilters(port, netns, device.index, parent).map(({ programId, priority, handle }, at) => ({
    programId,
    hook,
    order: at + 1,
    mode: `priority ${priority} handle 0x${handle.toString(16)}`,
    device,
  }));
}

/** A BPF program that is a classic filter. */
export interface ClassicFilter {
  readonly programId: number;
  readonly priority: number;
  readonly handle: number;
}

/** Lists the classic filters of one direction of a device that are BPF programs, in the order in which they run. */
export function listFiltersAt(
  port: KernelPort,
  netns: number,
  index: number,
  direction: "ingress" | "egress",
): readonly ClassicFilter[] {
  return listClassicFilters(port, netns, index, clsact[`clsact_${direction}`]);
}

function listClassicFilters(port: KernelPort, netns: number, index: number, parent: number): readonly ClassicFilter[] {
  const request = new DataView(new ArrayBuffer(filterHeadBytes));
  request.setInt32(4, index, true);
  request.setUint32(12, parent, true);
  const answer = port.netlinkDump(netns, getFilter, new Uint8Array(request.buffer));
  if (typeof answer === "number") return [];
  return parseNetlinkMessages(answer, filterHeadBytes)
    .flatMap((message): ClassicFilter[] => {
      const options = parseAttributes(message.attributes.get(attributes.options) ?? new Uint8Array());
      const programId = readNumber(options.get(attributes.programId));
      const priority = message.head.getUint32(16, true) >>> 16;
      const handle = message.head.getUint32(8, true);
      return programId === undefined ? [] : [{ programId, priority, handle }];
    })
    .sort((a, b) => a.priority - b.priority);
}
