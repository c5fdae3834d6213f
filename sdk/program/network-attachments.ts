import { makeArgumentError } from "../wire/errors.ts";
import { callHost } from "../wire/host.ts";
import type { NetworkArgument, NetworkNamespaceName } from "../wire/network-calls.ts";
import type { FunctionIn } from "./attach-options.ts";
import { Attachments, requireOpenProgram } from "./attachments.ts";
import type { OpenProgram } from "./attachments.ts";
import { NetworkLink } from "./network-link.ts";
import {
  describeNamespace,
  describeNetfilter,
  describeNetkit,
  describeRawSocket,
  describeTc,
  describeXdp,
} from "./network-options.ts";
import type {
  NamespaceOptions,
  NetfilterOptions,
  NetkitOptions,
  OnDevice,
  RawSocketOptions,
  TcOptions,
  XdpOptions,
} from "./network-options.ts";

/** A link with what its caller named. */
interface NamedLink {
  readonly link: NetworkLink;
  readonly dev: string;
  readonly netns: NetworkNamespaceName | undefined;
}

/** What a program's functions have in the network. */
export abstract class NetworkAttachments<Functions> extends Attachments<Functions> {
  readonly #open: OpenProgram;
  readonly #xdp: NamedLink[] = [];

  constructor(open: OpenProgram) {
    super(open);
    this.#open = open;
  }

  /**
   * Attaches an XDP program to a device, which takes one at a time: `b.attach_xdp({ dev: "veth0", netns: "node1", fn_name: "filter" })`.
   *
   * Since: Linux 5.9. @throws BpfError when there is no such device, it has a program already, or it is guarded
   */
  attach_xdp(options: XdpOptions<FunctionIn<Functions>>): NetworkLink<FunctionIn<Functions>> {
    const link = this.#attach("attach_xdp", describeXdp(options));
    this.#xdp.push({ link, dev: options.dev, netns: options.netns });
    return link;
  }

  /** Undoes `attach_xdp`, by the same `dev` and `netns`. @throws BpfError when this program has none there */
  detach_xdp(options: OnDevice): this {
    requireOpenProgram(this.#open, "detach_xdp");
    const found = this.#xdp.find(
      ({ link, dev, netns }) =>
        !link.closed && dev === options.dev && JSON.stringify(netns) === JSON.stringify(options.netns),
    );
    if (found === undefined)
      throw makeArgumentError(`Cannot detach: this program has no XDP function on "${options.dev}"`);
    found.link.close();
    return this;
  }

  /** The same as `detach_xdp`. Source: BCC's remove_xdp. */
  remove_xdp(options: OnDevice): this {
    return this.detach_xdp(options);
  }

  /**
   * Attaches a program of traffic control to a device, behind those that are there: `b.attach_tc({ dev: "veth0", direction: "ingress", fn_name: "count" })`. It answers with the kernel's
   * TC_ACT_ words; -1 lets the next program decide.
   *
   * Since: Linux 6.6; on older kernels it becomes a classic filter. @throws BpfError when there is no such device, or it is guarded
   */
  attach_tc(options: TcOptions<FunctionIn<Functions>>): NetworkLink<FunctionIn<Functions>> {
    return this.#attach("attach_tc", describeTc(options));
  }

  /** Attaches a program to a netkit device. Since: Linux 6.7. */
  attach_netkit(options: NetkitOptions<FunctionIn<Functions>>): NetworkLink<FunctionIn<Functions>> {
    return this.#attach("attach_netkit", describeNetkit(options));
  }

  /** Lets a program choose the socket that a packet of a network namespace is for. Since: Linux 5.9. */
  attach_sk_lookup(options: NamespaceOptions<FunctionIn<Functions>>): NetworkLink<FunctionIn<Functions>> {
    return this.#attach("attach_sk_lookup", describeNamespace("sk_lookup", options));
  }

  /** Lets a program take the headers of a network namespace's packets apart. Since: Linux 5.8. */
  attach_flow_dissector(options: NamespaceOptions<FunctionIn<Functions>>): NetworkLink<FunctionIn<Functions>> {
    return this.#attach("attach_flow_dissector", describeNamespace("flow_dissector", options));
  }

  /** Attaches a program to one of netfilter's hooks. Since: Linux 6.4. */
  attach_netfilter(options: NetfilterOptions<FunctionIn<Functions>>): NetworkLink<FunctionIn<Functions>> {
    return this.#attach("attach_netfilter", describeNetfilter(options));
  }

  /** Runs a socket filter on every packet of a device; it stops none. Source: BCC's attach_raw_socket. */
  attach_raw_socket(options: RawSocketOptions<FunctionIn<Functions>>): NetworkLink<FunctionIn<Functions>> {
    return this.#attach("attach_raw_socket", describeRawSocket(options));
  }

  #attach(call: string, request: NetworkArgument): NetworkLink<FunctionIn<Functions>> {
    requireOpenProgram(this.#open, call);
    const reply = callHost("link_open", { program: this.#open.id, request });
    return new NetworkLink(request.kind, this.#open, reply);
  }
}
