import { AttachError, PrivilegeError } from "../../base/errors.ts";
import { errno, renderErrno } from "../door/errno.ts";
import type { KernelPort } from "../door/port.ts";
import { readText } from "../live/live-object.ts";
import { parseAttributes, parseNetlinkMessages, readNumber } from "./netlink-messages.ts";

/** A network device as its namespace has it. */
export interface NetworkDevice {
  readonly name: string;
  readonly index: number;
  /** What made it: `"veth"`, `"vxlan"`, `"bridge"`; empty for hardware and the loopback device. */
  readonly kind: string;
  /** Units: bytes. */
  readonly mtu: number;
  readonly isLoopback: boolean;
  readonly isUp: boolean;
  /** The bridge or bond that it belongs to, by its index. */
  readonly master?: number;
  /** The device below it, or a veth's other end; where `linkNamespace` is given, in that namespace. */
  readonly link?: number;
  /** The number of another namespace, as this one knows it. */
  readonly linkNamespace?: number;
  readonly xdp?: AttachedXdp;
}

/** The XDP program of a device. */
export interface AttachedXdp {
  readonly mode: "native" | "generic" | "offload" | "several";
  readonly programId: number;
}

/** Source: include/uapi/linux/rtnetlink.h, if_link.h, if.h. */
const getLink = 18,
  getRoute = 26;
const linkHeadBytes = 16,
  routeHeadBytes = 12;
const upFlag = 1,
  loopbackFlag = 8;
const linkAttributes = { name: 3, mtu: 4, link: 5, master: 10, info: 18, linkNamespace: 37, xdp: 43 } as const;
const targetNamespace = 46;
const routeAttributes = { device: 4, paths: 9 } as const;
const unicast = 1;
/** Source: XDP_ATTACHED_DRV and its neighbours. */
const xdpModes: Readonly<Record<number, AttachedXdp["mode"]>> = {
  1: "native",
  2: "generic",
  3: "offload",
  4: "several",
};

/** Lists the devices of a network namespace, or of one that it knows by a number. @throws PrivilegeError, AttachError */
export function listDevices(port: KernelPort, netns: number, inNamespace?: number): readonly NetworkDevice[] {
  const request = new Uint8Array(inNamespace === undefined ? linkHeadBytes : linkHeadBytes + 8);
  if (inNamespace !== undefined) {
    const view = new DataView(request.buffer);
    view.setUint16(linkHeadBytes, 8, true);
    view.setUint16(linkHeadBytes + 2, targetNamespace, true);
    view.setInt32(linkHeadBytes + 4, inNamespace, true);
  }
  const answer = requireDump(port.netlinkDump(netns, getLink, request), "network devices");
  return parseNetlinkMessages(answer, linkHeadBytes).map(({ head, attributes }) => {
    const flags = head.getUint32(8, true);
    const link = readNumber(attributes.get(linkAttributes.link));
    const master = readNumber(attributes.get(linkAttributes.master));
    const linkNamespace = readNumber(attributes.get(linkAttributes.linkNamespace));
    const kind = parseAttributes(attributes.get(linkAttributes.info) ?? new Uint8Array()).get(1);
    const xdp = readXdp(attributes.get(linkAttributes.xdp));
    return {
      name: readText(attributes.get(linkAttributes.name) ?? new Uint8Array()),
      index: head.getInt32(4, true),
      kind: kind === undefined ? "" : readText(kind),
      mtu: readNumber(attributes.get(linkAttributes.mtu)) ?? 0,
      isLoopback: (flags & loopbackFlag) !== 0,
      isUp: (flags & upFlag) !== 0,
      ...(link !== undefined && link !== 0 && { link }),
      ...(master !== undefined && { master }),
      ...(linkNamespace !== undefined && { linkNamespace }),
      ...(xdp !== undefined && { xdp }),
    };
  });
}

/** Source: IFLA_XDP and what is nested in it. */
function readXdp(bytes: Uint8Array | undefined): AttachedXdp | undefined {
  if (bytes === undefined) return undefined;
  const attributes = parseAttributes(bytes);
  const mode = xdpModes[readNumber(attributes.get(2)) ?? 0];
  return mode === undefined ? undefined : { mode, programId: readNumber(attributes.get(4)) ?? 0 };
}

/**
 * The devices that default routes lead through, by their indexes: those that the routes name, and what lies below them: the ports of a bridge or bond,
 * the device of a VLAN.
 */
export function listDefaultRouteDevices(
  port: KernelPort,
  netns: number,
  devices: readonly NetworkDevice[],
): ReadonlySet<number> {
  const found = new Set<number>();
  const answer = requireDump(port.netlinkDump(netns, getRoute, new Uint8Array(routeHeadBytes)), "routes");
  for (const { head, attributes } of parseNetlinkMessages(answer, routeHeadBytes)) {
    const isDefault = head.getUint8(1) === 0 && head.getUint8(7) === unicast;
    if (!isDefault) continue;
    const device = readNumber(attributes.get(routeAttributes.device));
    if (device !== undefined) found.add(device);
    for (const path of listPaths(attributes.get(routeAttributes.paths))) found.add(path);
  }
  for (let before = -1; before !== found.size; ) {
    before = found.size;
    for (const device of devices) {
      if (device.master !== undefined && found.has(device.master)) found.add(device.index);
      const isEnd = device.kind === "veth" || device.kind === "netkit" || device.linkNamespace !== undefined;
      if (device.link !== undefined && found.has(device.index) && !isEnd) found.add(device.link);
    }
  }
  return found;
}

/** The devices of a route of several paths. Source: struct rtnexthop. */
function listPaths(bytes: Uint8Array | undefined): readonly number[] {
  const found: number[] = [];
  if (bytes === undefined) return found;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at + 8 <= bytes.length; ) {
    const size = view.getUint16(at, true);
    if (size < 8) break;
    found.push(view.getInt32(at + 4, true));
    at += (size + 3) & ~3;
  }
  return found;
}

function requireDump(answer: Uint8Array | number, what: string): Uint8Array {
  if (typeof answer !== "number") return answer;
  const message = `Cannot list the ${what} of a network namespace (${renderErrno(answer)})`;
  if (answer === errno.EPERM || answer === errno.EACCES)
    throw new PrivilegeError(message, {
      errno: -answer,
      hint: "entering another network namespace takes CAP_SYS_ADMIN: run it as root",
    });
  throw new AttachError(message, { errno: -answer });
}
