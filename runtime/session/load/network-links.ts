import type { LinkReply, NetworkArgument } from "../../../sdk/wire/network-calls.ts";
import { AttachError, ClosedError } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import { findSimilar } from "../../base/similar.ts";
import { errno, renderErrno } from "../../kernel/door/errno.ts";
import type { Handle, KernelPort } from "../../kernel/door/port.ts";
import { pinAt } from "../../kernel/machine/pin-folder.ts";
import { findNetworkHook } from "../../kernel/hooks/network-hooks.ts";
import type { ProgramRequest } from "../../kernel/hooks/program-kinds.ts";
import { listDevices } from "../../kernel/network/devices.ts";
import type { NetworkDevice } from "../../kernel/network/devices.ts";
import { openNetworkNamespace } from "../../kernel/network/network-namespace.ts";
import type { AllowedPlaces } from "../../permit/places.ts";
import { requireAllowedPlace } from "./guard-place.ts";
import { checkedLink } from "./network-programs.ts";
import type { NetworkPrograms } from "./network-programs.ts";

/** What the links of networking need to know of their program and of the user. */
export interface NetworkLinksOptions {
  readonly port: KernelPort;
  readonly log: Log;
  /** Undefined in a check, which attaches nothing. */
  readonly allowed: AllowedPlaces | undefined;
  noteHook(hook: string): void;
  notePin(path: string): void;
  load(request: ProgramRequest): Handle;
  mayTransmit(fnName: string): boolean;
  /** Called before each attachment, when the program is loaded. */
  beforeAttach?(): void;
}

interface OpenLink {
  readonly handle: Handle;
  readonly argument: NetworkArgument;
  readonly hasDevice: boolean;
}

/** Where struct bpf_link_info has a link's id and, of a device's, the device's index. Units: bytes. */
const idAt = 4,
  interfaceAt = 16;

/** The programs that one unit has in the network, each on a link that the script holds. Owner: whoever made it closes it. */
export class NetworkLinks implements NetworkPrograms {
  private readonly links = new Map<number, OpenLink>();
  private last = 0;

  constructor(private readonly options: NetworkLinksOptions) {}

  /** Loads a function and puts it on its place. @throws AttachError, PrivilegeError, UnsupportedFeatureError, VerifierError */
  open(argument: NetworkArgument): LinkReply {
    const { port, log, allowed } = this.options;
    const hook = findNetworkHook(argument);
    this.options.noteHook(hook.label(argument));
    const program = this.options.load(hook.plan(argument));
    if (allowed === undefined) return checkedLink;
    this.options.beforeAttach?.();
    const netns = openNetworkNamespace(port, argument.netns, allowed.namespaceFiles);
    try {
      const action = `Cannot attach "${argument.fnName}" to ${hook.label(argument)}`;
      const devices = listDevices(port, netns.handle);
      const device = "dev" in argument ? requireDevice(devices, argument.dev, action, netns.label) : undefined;
      if (hook.isGuarded) requireAllowedPlace(allowed, action, { port, netns, devices, device });
      const mayTransmit = (): boolean => this.options.mayTransmit(argument.fnName);
      const attached = hook.attach(argument, program, { port, netns, device, mayTransmit });
      for (const warning of attached.warnings) log.warn(warning);
      const link = ++this.last;
      this.links.set(link, { handle: attached.handle, argument, hasDevice: device !== undefined });
      const info = port.linkDescribe(attached.handle);
      return {
        link,
        id: typeof info === "number" ? null : readU32(info, idAt),
        dev: device?.name ?? null,
        ifindex: device?.index ?? null,
        netns: netns.inode,
        mode: attached.mode ?? null,
        via: attached.via,
      };
    } finally {
      netns.close();
    }
  }

  /** Puts another function in the place of a link's, without a gap. @throws AttachError */
  update(link: number, fnName: string): void {
    if (link === 0) return;
    const { handle, argument } = this.require(link);
    const hook = findNetworkHook(argument);
    const program = this.options.load(hook.plan({ ...argument, fnName }));
    const status = this.options.port.linkUpdate(handle, program);
    if (status >= 0) return;
    const action = `Cannot put "${fnName}" in the place of "${argument.fnName}" on ${hook.label(argument)}`;
    throw new AttachError(
      status === errno.ENOLINK ? `${action}: its device is gone` : `${action}: ${renderErrno(status)}`,
      {
        errno: -status,
        ...(status === errno.EOPNOTSUPP && {
          hint: "what is attached without a link of the kernel's cannot be replaced: close it and attach the other one",
        }),
      },
    );
  }

  /** Gives a link a name in a BPF file system, where it stays attached. A check notes it. @throws AttachError */
  pin(link: number, path: string): void {
    this.options.notePin(path);
    if (link === 0) return;
    const { handle, argument } = this.require(link);
    const action = `Cannot pin the link of "${argument.fnName}" at "${path}"`;
    pinAt(action, path, (place) => {
      const status = this.options.port.linkPin(handle, place);
      if (status !== errno.EOPNOTSUPP) return status;
      throw new AttachError(`${action}: the kernel has no link for it`, {
        errno: -status,
        hint: "link.via says what holds it: only what is held by a link of the kernel's can stay without bpfts",
      });
    });
  }

  /** Whether a link's device has gone; the link holds nothing then. */
  isLost(link: number): boolean {
    const open = this.links.get(link);
    if (open === undefined || !open.hasDevice) return false;
    const info = this.options.port.linkDescribe(open.handle);
    return typeof info !== "number" && readU32(info, interfaceAt) === 0;
  }

  /** Detaches; twice is fine. */
  closeLink(link: number): void {
    const open = this.links.get(link);
    if (open === undefined) return;
    this.links.delete(link);
    this.options.port.linkClose(open.handle);
  }

  close(): void {
    for (const link of [...this.links.keys()].reverse()) this.closeLink(link);
  }

  private require(link: number): OpenLink {
    const open = this.links.get(link);
    if (open === undefined) throw new ClosedError("This link was closed");
    return open;
  }
}

/** @throws AttachError with the closest name */
function requireDevice(
  devices: readonly NetworkDevice[],
  name: string,
  action: string,
  namespace: string,
): NetworkDevice {
  const device = devices.find((row) => row.name === name);
  if (device !== undefined) return device;
  const names = devices.map((row) => row.name);
  const similar = findSimilar(name, names);
  const where = namespace === "" ? "" : ` in the network namespace "${namespace}"`;
  throw new AttachError(`${action}: there is no network device "${name}"${where}`, {
    reason: "no_such_place",
    hint: similar === undefined ? `there are: ${names.slice(0, 8).join(", ")}` : `did you mean "${similar}"?`,
  });
}

function readU32(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(at, true);
}
