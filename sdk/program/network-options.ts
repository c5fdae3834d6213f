import { MAX, requireInteger, requireOptions, requireText } from "../checks/check-options.ts";
import { BpfFunction } from "../tables/bpf-function.ts";
import { makeArgumentError } from "../wire/errors.ts";
import type { NetworkArgument, NetworkNamespaceName } from "../wire/network-calls.ts";

/** The C function that runs, by its name or as `load_func` answers it. */
export type NetworkFunction<Functions extends string = string> =
  | {
      /** The name of a function of the C text. */
      readonly fn_name: Functions;
      readonly fn?: undefined;
    }
  | {
      readonly fn_name?: undefined;
      /** What `load_func` answered. */
      readonly fn: BpfFunction;
    };

/** In which network namespace. */
export interface InNamespace {
  /** A name of `ip netns`, `{ pid }`, or the path of a namespace's file; that of bpfts unless given. */
  readonly netns?: NetworkNamespaceName | undefined;
}

/**
 * On which device.
 *
 * @example
 * import { print, type OnDevice } from "bpfts";
 * const places: readonly OnDevice[] = [{ dev: "veth0" }, { dev: "eth0", netns: { pid: 4711 } }];
 * print(places.map(({ dev }) => dev).join()); // veth0,eth0
 */
export interface OnDevice extends InNamespace {
  /** The network device. None is meant unless it is named. */
  readonly dev: string;
}

/**
 * What `attach_xdp` takes.
 *
 * @example
 * import type { BPF, XdpOptions } from "bpfts";
 * const options: XdpOptions = { fn_name: "on_packet", dev: "veth0", mode: "generic" };
 * const attach = (b: BPF): unknown => b.attach_xdp(options);
 */
export type XdpOptions<Functions extends string = string> = NetworkFunction<Functions> &
  OnDevice & {
    /** In the driver, behind it, or (the default) in the driver where it can; the link's `mode` says which. */
    readonly mode?: "auto" | "native" | "generic" | undefined;
    /** Lets in packets of several buffers, as large MTUs have them. Since: Linux 5.18. */
    readonly frags?: boolean | undefined;
  };

/**
 * What `attach_tc` takes.
 *
 * @example
 * import type { BPF, TcOptions } from "bpfts";
 * const options: TcOptions = { fn_name: "on_packet", dev: "veth0", direction: "ingress" };
 * const attach = (b: BPF): unknown => b.attach_tc(options);
 */
export type TcOptions<Functions extends string = string> = NetworkFunction<Functions> &
  OnDevice & {
    /** What the device takes in, or gives out. */
    readonly direction: "ingress" | "egress";
    /** By tcx (Linux 6.6), by a classic filter, or (the default) by tcx where the kernel has it. */
    readonly via?: "auto" | "tcx" | "clsact" | undefined;
    /** By tcx: before or (the default) behind the programs that sit there. */
    readonly order?: "first" | "last" | undefined;
    /** Of a classic filter: lower ones come first. */
    readonly priority?: number | undefined;
    /** Attaches although the same program sits there already. */
    readonly stack?: boolean | undefined;
  };

/**
 * What `attach_netkit` takes.
 *
 * @example
 * import type { BPF, NetkitOptions } from "bpfts";
 * const options: NetkitOptions = { fn_name: "on_packet", dev: "nk0", side: "primary" };
 * const attach = (b: BPF): unknown => b.attach_netkit(options);
 */
export type NetkitOptions<Functions extends string = string> = NetworkFunction<Functions> &
  OnDevice & {
    /** Which end's traffic: the device is named by its primary end. */
    readonly side: "primary" | "peer";
  };

/**
 * What `attach_sk_lookup` and `attach_flow_dissector` take.
 *
 * @example
 * import type { BPF, NamespaceOptions } from "bpfts";
 * const options: NamespaceOptions = { fn_name: "dissect", netns: "blue" };
 * const attach = (b: BPF): unknown => b.attach_flow_dissector(options);
 */
export type NamespaceOptions<Functions extends string = string> = NetworkFunction<Functions> & InNamespace;

/**
 * What `attach_netfilter` takes.
 *
 * @example
 * import type { BPF, NetfilterOptions } from "bpfts";
 * const options: NetfilterOptions = { fn_name: "on_packet", family: "ipv4", hook: "input", priority: -10, netns: "blue" };
 * const attach = (b: BPF): unknown => b.attach_netfilter(options);
 */
export type NetfilterOptions<Functions extends string = string> = NetworkFunction<Functions> &
  InNamespace & {
    /** Whose packets. */
    readonly family: "ipv4" | "ipv6";
    /** Where on their way. */
    readonly hook: "prerouting" | "input" | "forward" | "output" | "postrouting";
    /** Lower ones come first; nftables' filter chains have 0. */
    readonly priority: number;
  };

/**
 * What `attach_raw_socket` takes.
 *
 * @example
 * import type { BPF, RawSocketOptions } from "bpfts";
 * const options: RawSocketOptions = { fn_name: "on_packet", dev: "veth0" };
 * const attach = (b: BPF): unknown => b.attach_raw_socket(options);
 */
export type RawSocketOptions<Functions extends string = string> = NetworkFunction<Functions> & OnDevice;

const functionNames = ["fn_name", "fn", "netns"];

/** An XDP program as it crosses to the host. */
export function describeXdp(options: XdpOptions): NetworkArgument {
  const place = describePlace("attach_xdp()", options, ["dev", "mode", "frags"]);
  const mode = options.mode ?? "auto";
  requireWord("attach_xdp()", "mode", mode, ["auto", "native", "generic"]);
  return { kind: "xdp", ...place, dev: requireDev("attach_xdp()", options), mode, frags: options.frags === true };
}

/** A tc program as it crosses to the host. */
export function describeTc(options: TcOptions): NetworkArgument {
  const call = "attach_tc()";
  const place = describePlace(call, options, ["dev", "direction", "via", "order", "priority", "stack"]);
  const { direction, via = "auto", order = "last", priority = 0 } = options;
  requireWord(call, "direction", direction, ["ingress", "egress"]);
  requireWord(call, "via", via, ["auto", "tcx", "clsact"]);
  requireWord(call, "order", order, ["first", "last"]);
  requireInteger(call, "priority", priority, 0, MAX_PRIORITY);
  if (via === "clsact" && options.order !== undefined)
    throw makeArgumentError(
      `${call} takes order for tcx alone, and via: "clsact" makes a classic filter`,
      "priority says where it stands among others: lower ones come first",
    );
  if (via === "tcx" && options.priority !== undefined)
    throw makeArgumentError(
      `${call} takes priority for classic filters alone, and via: "tcx" makes none`,
      'order: "first" puts the program before those that sit there',
    );
  return {
    kind: "tc",
    ...place,
    dev: requireDev(call, options),
    direction,
    via,
    order,
    priority,
    stack: options.stack === true,
  };
}

/** A netkit program as it crosses to the host. */
export function describeNetkit(options: NetkitOptions): NetworkArgument {
  const call = "attach_netkit()";
  const place = describePlace(call, options, ["dev", "side"]);
  requireWord(call, "side", options.side, ["primary", "peer"]);
  return { kind: "netkit", ...place, dev: requireDev(call, options), side: options.side };
}

/** A program of a whole namespace as it crosses to the host. */
export function describeNamespace(kind: "sk_lookup" | "flow_dissector", options: NamespaceOptions): NetworkArgument {
  return { kind, ...describePlace(`attach_${kind}()`, options, []) };
}

/** A netfilter program as it crosses to the host. */
export function describeNetfilter(options: NetfilterOptions): NetworkArgument {
  const call = "attach_netfilter()";
  const place = describePlace(call, options, ["family", "hook", "priority"]);
  const { family, hook, priority } = options;
  requireWord(call, "family", family, ["ipv4", "ipv6"]);
  requireWord(call, "hook", hook, ["prerouting", "input", "forward", "output", "postrouting"]);
  requireInteger(call, "priority", priority ?? null, -MAX.i32, MAX.i32);
  return { kind: "netfilter", ...place, family, hook, priority };
}

/** A raw socket's filter as it crosses to the host. */
export function describeRawSocket(options: RawSocketOptions): NetworkArgument {
  const call = "attach_raw_socket()";
  return { kind: "raw_socket", ...describePlace(call, options, ["dev"]), dev: requireDev(call, options) };
}

/** Units: a priority is a number of 16 bits. */
const MAX_PRIORITY = 0xffff;

function describePlace(
  call: string,
  options: NetworkFunction & InNamespace,
  names: readonly string[],
): { readonly fnName: string; readonly netns?: NetworkNamespaceName } {
  requireOptions(call, options, [...names, ...functionNames]);
  const { fn, fn_name, netns } = options;
  if ((fn === undefined) === (fn_name === undefined))
    throw makeArgumentError(`${call} takes the function that runs: give exactly one of fn_name and fn`);
  if (fn !== undefined && !((fn as unknown) instanceof BpfFunction))
    throw makeArgumentError(`${call} takes fn as what load_func() answers`, "give fn_name for a function's name");
  return { fnName: fn_name ?? fn.name, ...(netns === undefined ? {} : { netns: requireNamespace(call, netns) }) };
}

/** A namespace as it crosses. @throws BpfError for what is none */
export function requireNamespace(call: string, netns: NetworkNamespaceName): NetworkNamespaceName {
  if (typeof netns === "string" && netns !== "" && !netns.includes("\0")) return netns;
  const pid = typeof netns === "object" ? (netns as { readonly pid?: unknown } | null)?.pid : undefined;
  if (pid === undefined)
    throw makeArgumentError(
      `${call} takes netns as a name of ip netns, as { pid }, or as a path`,
      'for example netns: "node1", or netns: { pid: 4711 }',
    );
  requireInteger(call, "netns.pid", pid, 1, MAX.i32);
  return { pid: pid as number };
}

function requireDev(call: string, { dev }: OnDevice): string {
  requireText(call, "dev", dev);
  return dev;
}

function requireWord(call: string, what: string, word: unknown, words: readonly string[]): void {
  if (typeof word === "string" && words.includes(word)) return;
  throw makeArgumentError(`${call} takes ${what} as one of ${words.map((each) => `"${each}"`).join(", ")}`);
}
