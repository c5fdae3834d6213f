/**
 * A network namespace: a name of `ip netns`, a process that is in it, or the path of its file.
 *
 * @example
 * import { print, type NetworkNamespaceName } from "bpfts";
 * const names: readonly NetworkNamespaceName[] = ["blue", "/run/netns/green", { pid: 4711 }];
 * print(names.length); // 3
 */
export type NetworkNamespaceName =
  | string
  | {
      /** The process whose namespace is meant. */
      readonly pid: number;
    };

/** What `attach_xdp` and its like ask for, as it crosses. Source: BCC's names where it has them. */
export type NetworkArgument =
  | XdpArgument
  | TcArgument
  | NetkitArgument
  | NamespaceArgument
  | NetfilterArgument
  | RawSocketArgument;

interface PlaceArgument {
  readonly fnName: string;
  readonly netns?: NetworkNamespaceName;
}

/** An XDP program of a device. */
export interface XdpArgument extends PlaceArgument {
  readonly kind: "xdp";
  readonly dev: string;
  readonly mode: "auto" | "native" | "generic";
  /** Packets of several buffers. */
  readonly frags: boolean;
}

/** A program of traffic control. */
export interface TcArgument extends PlaceArgument {
  readonly kind: "tc";
  readonly dev: string;
  readonly direction: "ingress" | "egress";
  readonly via: "auto" | "tcx" | "clsact";
  /** Before or behind all programs that sit there by tcx. */
  readonly order: "first" | "last";
  /** Of a classic filter; 0 lets the kernel choose. */
  readonly priority: number;
  /** Whether a second copy of one program is meant. */
  readonly stack: boolean;
}

/** A program of a netkit device. */
export interface NetkitArgument extends PlaceArgument {
  readonly kind: "netkit";
  readonly dev: string;
  readonly side: "primary" | "peer";
}

/** A program of a whole namespace. */
export interface NamespaceArgument extends PlaceArgument {
  readonly kind: "sk_lookup" | "flow_dissector";
}

/** A program of netfilter's hooks. */
export interface NetfilterArgument extends PlaceArgument {
  readonly kind: "netfilter";
  readonly family: "ipv4" | "ipv6";
  readonly hook: "prerouting" | "input" | "forward" | "output" | "postrouting";
  readonly priority: number;
}

/** A socket filter that sees what passes a device. */
export interface RawSocketArgument extends PlaceArgument {
  readonly kind: "raw_socket";
  readonly dev: string;
}

/** What a program was attached to, and how. */
export interface LinkReply {
  /** The host's number for it; 0 in a check, which attaches nothing. */
  readonly link: number;
  /** The kernel's number for it, null where it has none. */
  readonly id: number | null;
  readonly dev: string | null;
  readonly ifindex: number | null;
  /** The number of the network namespace. */
  readonly netns: number;
  readonly mode: "native" | "generic" | null;
  readonly via: string;
}
