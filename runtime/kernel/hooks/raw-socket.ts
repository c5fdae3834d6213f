import { describeRefusal, renderDevice } from "./network-hook.ts";
import type { ArgumentOf, NetworkHook } from "./network-hook.ts";

/** A socket filter that sees every packet of a device and stops none. Source: AF_PACKET, SO_ATTACH_BPF; BCC's attach_raw_socket. */
export const rawSocketHook: NetworkHook<ArgumentOf<"raw_socket">> = {
  plan: ({ fnName }) => ({ name: fnName, kind: "socket_filter" }),
  label: ({ dev }) => `raw socket ${dev}`,
  isGuarded: false,
  attach({ fnName }, program, { port, netns, device }) {
    const handle = port.rawSocketAttach(program, netns.handle, device!.index);
    if (handle >= 0) return { handle, via: "socket", warnings: [] };
    const action = `Cannot attach "${fnName}" to a raw socket of ${renderDevice(device!.name, netns)}`;
    throw describeRefusal({ action, status: handle });
  },
};
