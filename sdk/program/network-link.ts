import { requireText } from "../checks/check-options.ts";
import type { BpfFunction } from "../tables/bpf-function.ts";
import { makeClosedError } from "../wire/errors.ts";
import { callHost } from "../wire/host.ts";
import type { LinkReply, NetworkArgument } from "../wire/network-calls.ts";
import type { OpenProgram } from "./attachments.ts";

/**
 * A program on its place in the network. It is detached when it is closed, and at the script's end.
 *
 * @example
 * import { BPF, print } from "bpfts";
 * const b = new BPF({
 *   text: `
 * int pass(struct xdp_md *ctx) { return XDP_PASS; }
 * `,
 * });
 * const link = b.attach_xdp({ dev: "veth0", fn_name: "pass" });
 * print(link.mode, link.via); // native link
 * link.close();
 */
export class NetworkLink<Functions extends string = string> {
  /** The kind of place: `"xdp"`, `"tc"`, `"netfilter"`. */
  readonly kind: NetworkArgument["kind"];
  /** The device, where the place is one. */
  readonly dev: string | undefined;
  /** The device's number in its network namespace. */
  readonly ifindex: number | undefined;
  /** The number of the network namespace, as `ls -Li /proc/PID/ns/net` shows it. */
  readonly netns: number;
  /** How XDP runs there: `"native"` in the driver, `"generic"` behind it. */
  readonly mode: "native" | "generic" | undefined;
  /** What holds it: `"link"`, `"tcx"`, `"clsact"` (a classic filter), `"socket"`. */
  readonly via: string;
  /** The kernel's number for the link, as `bpfts link` shows it; undefined where the kernel has none. */
  readonly id: number | undefined;
  readonly #program: OpenProgram;
  readonly #link: number;
  #closed = false;

  constructor(kind: NetworkArgument["kind"], program: OpenProgram, reply: LinkReply) {
    this.kind = kind;
    this.dev = reply.dev ?? undefined;
    this.ifindex = reply.ifindex ?? undefined;
    this.netns = reply.netns;
    this.mode = reply.mode ?? undefined;
    this.via = reply.via;
    this.id = reply.id ?? undefined;
    this.#program = program;
    this.#link = reply.link;
  }

  /** Whether its device is gone. Closing it is fine then, too. */
  get lost(): boolean {
    if (this.#closed || this.#program.closed) return false;
    return callHost("link_lost", { program: this.#program.id, link: this.#link });
  }

  /** Whether it was closed. */
  get closed(): boolean {
    return this.#closed || this.#program.closed;
  }

  /** Puts another function in its place: no packet passes between the two. Source: BPF_LINK_UPDATE. @throws BpfError when the device is gone */
  update(fn: Functions | BpfFunction): void {
    if (this.closed) throw makeClosedError("Cannot update this link: it was closed");
    const fnName = typeof fn === "string" ? fn : fn.name;
    callHost("link_update", { program: this.#program.id, link: this.#link, fnName });
  }

  /**
   * Gives it a name in the BPF file system, where it stays attached when it is closed here and after the script: `link.pin("/sys/fs/bpf/filter")`.
   * Removing the file detaches it. Source: BPF_OBJ_PIN.
   *
   * @throws BpfError when the path is in no BPF file system, something is there already, or what holds it is no link (`via`)
   */
  pin(path: string): void {
    if (this.closed) throw makeClosedError("Cannot pin this link: it was closed");
    requireText("pin()", "the path", path);
    callHost("link_pin", { program: this.#program.id, link: this.#link, path });
  }

  /** Detaches, unless it is pinned; twice is fine. */
  close(): void {
    if (this.closed) return;
    this.#closed = true;
    callHost("link_close", { program: this.#program.id, link: this.#link });
  }

  /** `using link = b.attach_xdp(…)` detaches at the end of the block. */
  [Symbol.dispose](): void {
    this.close();
  }
}
