import type { NetworkArgument } from "../../../sdk/wire/network-calls.ts";
import { namespaceHook } from "./namespace-hooks.ts";
import { netfilterHook } from "./netfilter.ts";
import { netkitHook } from "./netkit.ts";
import type { ArgumentOf, NetworkHook } from "./network-hook.ts";
import { rawSocketHook } from "./raw-socket.ts";
import { tcHook } from "./tc.ts";
import { xdpHook } from "./xdp.ts";

/** One row for each kind of place in the network. */
const hooks: { readonly [Kind in NetworkArgument["kind"]]: NetworkHook<ArgumentOf<Kind>> } = {
  xdp: xdpHook,
  tc: tcHook,
  netkit: netkitHook,
  sk_lookup: namespaceHook,
  flow_dissector: namespaceHook,
  netfilter: netfilterHook,
  raw_socket: rawSocketHook,
};

/** The hook that an argument asks for. */
export function findNetworkHook(argument: NetworkArgument): NetworkHook {
  return hooks[argument.kind] as NetworkHook;
}
