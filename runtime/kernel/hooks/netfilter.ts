import { BPFAttachType, BPFProgType } from "../../../sdk/abi/program-types.ts";
import { AttachError } from "../../base/errors.ts";
import { errno } from "../door/errno.ts";
import { describeRefusal } from "./network-hook.ts";
import type { ArgumentOf, NetworkHook } from "./network-hook.ts";

/** Source: NFPROTO_IPV4, NFPROTO_IPV6; enum nf_inet_hooks. */
const families = { ipv4: 2, ipv6: 10 } as const;
const hooks = { prerouting: 0, input: 1, forward: 2, output: 3, postrouting: 4 } as const;

/** Netfilter's hooks, beside nftables and iptables by priority. Source: BPF_NETFILTER. Since: Linux 6.4 */
export const netfilterHook: NetworkHook<ArgumentOf<"netfilter">> = {
  plan: ({ fnName }) => ({
    name: fnName,
    kind: "func",
    type: BPFProgType.NETFILTER,
    expectedAttachType: BPFAttachType.NETFILTER,
  }),
  label: ({ family, hook }) => `netfilter ${family} ${hook}`,
  isGuarded: true,
  attach({ fnName, family, hook, priority }, program, { port, netns }) {
    const options = new DataView(new ArrayBuffer(16));
    options.setUint32(0, families[family], true);
    options.setUint32(4, hooks[hook], true);
    options.setInt32(8, priority, true);
    const bytes = new Uint8Array(options.buffer);
    const handle = port.linkCreate(program, netns.handle, 0, BPFAttachType.NETFILTER, 0, bytes);
    if (handle >= 0) return { handle, via: "link", warnings: [] };
    const action = `Cannot attach "${fnName}" to netfilter ${family} ${hook}`;
    if (handle === errno.EBUSY)
      throw new AttachError(`${action}: a BPF program has the priority ${priority} already`, {
        errno: -handle,
        reason: "exists",
        hint: "give another priority: each is taken once",
      });
    throw describeRefusal({ action, status: handle });
  },
};
