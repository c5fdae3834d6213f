import { BPFAttachType, BPFProgType } from "../../../sdk/abi/program-types.ts";
import { AttachError } from "../../base/errors.ts";
import { errno } from "../door/errno.ts";
import { ownNetns } from "../network/network-namespace.ts";
import { useDescriptor } from "../door/use-descriptor.ts";
import { describeRefusal } from "./network-hook.ts";
import type { ArgumentOf, NetworkHook } from "./network-hook.ts";

const rows = {
  sk_lookup: { type: BPFProgType.SK_LOOKUP, attachType: BPFAttachType.SK_LOOKUP, since: "5.9" },
  flow_dissector: { type: BPFProgType.FLOW_DISSECTOR, attachType: BPFAttachType.FLOW_DISSECTOR, since: "5.8" },
} as const;

/** Programs of a whole network namespace: which socket a packet is for, and what its headers are. Source: BPF_SK_LOOKUP, BPF_FLOW_DISSECTOR. */
export const namespaceHook: NetworkHook<ArgumentOf<"sk_lookup" | "flow_dissector">> = {
  plan: ({ fnName, kind }) => ({
    name: fnName,
    kind: "func",
    type: rows[kind].type,
    expectedAttachType: rows[kind].attachType,
  }),
  label: ({ kind }) => kind,
  isGuarded: true,
  attach({ fnName, kind }, program, { port, netns }) {
    const { attachType, since } = rows[kind];
    const handle =
      netns.handle === ownNetns
        ? useDescriptor(port, port.descriptorOpen("/proc/self/ns/net", false), (own) =>
            port.attachTarget(program, own, attachType),
          )
        : port.attachTarget(program, netns.handle, attachType);
    if (handle >= 0) return { handle, via: "link", warnings: [] };
    const action = `Cannot attach "${fnName}" to ${kind}${netns.label === "" ? "" : ` of the network namespace "${netns.label}"`}`;
    if (handle === errno.EEXIST || handle === errno.EBUSY || handle === errno.E2BIG)
      throw new AttachError(`${action}: the namespace has one already`, {
        errno: -handle,
        reason: "exists",
        hint: "bpfts link shows who holds it",
      });
    throw describeRefusal({
      action,
      status: handle,
      feature: {
        name: kind,
        title: `links of ${kind} programs`,
        since,
        instead: "try it on another kernel: bpfts vm run",
      },
    });
  },
};
