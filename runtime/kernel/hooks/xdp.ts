import { BPFAttachType, BPFProgType } from "../../../sdk/abi/program-types.ts";
import { AttachError } from "../../base/errors.ts";
import type { BpftsError } from "../../base/errors.ts";
import { errno, renderErrno } from "../door/errno.ts";
import type { Handle, Status } from "../door/port.ts";
import { readHolders } from "../live/object-holders.ts";
import { readProgramInfo } from "../live/program-info.ts";
import { listDevices } from "../network/devices.ts";
import type { NetworkDevice } from "../network/devices.ts";
import { describeRefusal, noOptions, renderDevice } from "./network-hook.ts";
import type { ArgumentOf, NetworkHook, NetworkPlace } from "./network-hook.ts";
import { hasFrags } from "./section-types.ts";

/** Source: XDP_FLAGS_SKB_MODE, XDP_FLAGS_DRV_MODE of linux/if_link.h. */
const modeFlags = { generic: 2, native: 4 } as const;

/** What a driver answers that cannot do native XDP, or not as the device is set up. */
const nativeRefusals: readonly number[] = [errno.EOPNOTSUPP, errno.ERANGE, errno.ENOTSUPP];

/** XDP: before the kernel looks at a packet. One program a device. Source: BPF_XDP. Since: Linux 5.9 for links */
export const xdpHook: NetworkHook<ArgumentOf<"xdp">> = {
  plan: ({ fnName, frags }) =>
    frags
      ? { name: fnName, kind: "func", type: BPFProgType.XDP, expectedAttachType: BPFAttachType.XDP, flags: hasFrags }
      : { name: fnName, kind: "xdp" },
  label: ({ dev }) => `xdp ${dev}`,
  isGuarded: true,
  attach(argument, program, place) {
    const device = place.device!;
    const first = argument.mode === "generic" ? "generic" : "native";
    const handle = create(place, program, device, first);
    if (handle >= 0) {
      const warnings = first === "native" && place.mayTransmit() ? warnOfPeer(place, device) : [];
      return { handle, via: "link", mode: first, warnings };
    }
    if (argument.mode !== "auto" || !nativeRefusals.includes(handle)) throw explain(argument, place, device, handle);
    const generic = create(place, program, device, "generic");
    if (generic < 0) throw explain({ ...argument, mode: "generic" }, place, device, generic);
    const why = handle === errno.ERANGE ? `its MTU of ${device.mtu} is too large` : renderErrno(handle);
    return {
      handle: generic,
      via: "link",
      mode: "generic",
      warnings: [
        `"${argument.fnName}" runs in generic mode on ${renderDevice(device.name, place.netns)}: native XDP is refused there (${why})`,
      ],
    };
  },
};

function create(place: NetworkPlace, program: Handle, device: NetworkDevice, mode: "native" | "generic"): Handle {
  return place.port.linkCreate(
    program,
    place.netns.handle,
    device.index,
    BPFAttachType.XDP,
    modeFlags[mode],
    noOptions,
  );
}

function explain(argument: ArgumentOf<"xdp">, place: NetworkPlace, device: NetworkDevice, status: Status): BpftsError {
  const action = `Cannot attach "${argument.fnName}" to xdp of ${renderDevice(device.name, place.netns)}`;
  if (status === errno.EBUSY || status === errno.EEXIST) {
    const holder = describeHolder(place, device.index);
    return new AttachError(`${action}: it has ${holder.what}`, {
      errno: -status,
      reason: "exists",
      hint: holder.hint,
    });
  }
  if (status === errno.ERANGE)
    return new AttachError(`${action}: the MTU of ${device.mtu} is too large for native XDP`, {
      errno: -status,
      hint: 'make the MTU smaller (ip link set … mtu 1500), give frags: true where the driver has that, or mode: "generic"',
    });
  if (argument.mode === "native" && nativeRefusals.includes(status))
    return new AttachError(`${action} in native mode: the driver refuses it (${renderErrno(status)})`, {
      errno: -status,
      hint: 'give mode: "generic", which every device has and which is slower',
    });
  return describeRefusal({
    action,
    status,
    feature: {
      name: "xdp_link",
      title: "links of XDP programs",
      since: "5.9",
      instead: "try the script on another kernel: bpfts vm run",
    },
  });
}

/** Whose program a device has. The device is asked again: it may have come after the first look. */
function describeHolder(place: NetworkPlace, index: number): { readonly what: string; readonly hint: string } {
  const xdp = listDevices(place.port, place.netns.handle).find((device) => device.index === index)?.xdp;
  if (xdp === undefined) return { what: "another XDP program already", hint: "bpfts link shows who holds it" };
  const info = readProgramInfo(place.port, xdp.programId);
  const name = info === undefined ? "" : ` "${info.name}"`;
  const holders = readHolders({ own: true })
    .list("program", xdp.programId)
    .map(({ comm, pid }) => (pid === process.pid ? "this script" : `${comm}(${pid})`));
  return {
    what: `XDP program ${xdp.programId}${name} already (${xdp.mode})`,
    hint:
      holders.length === 0
        ? "no process holds it: it was attached without a link, and ip link set … xdp off takes it off"
        : `it belongs to ${holders.join(", ")}: a device takes one program at a time`,
  };
}

/** A veth's other end must take frames in the way that native XDP sends them. */
function warnOfPeer(place: NetworkPlace, device: NetworkDevice): readonly string[] {
  if (device.kind !== "veth" || device.link === undefined) return [];
  let peer: NetworkDevice | undefined;
  try {
    peer = listDevices(place.port, place.netns.handle, device.linkNamespace).find(({ index }) => index === device.link);
  } catch {
    // The other end's namespace is hidden from here.
    return [];
  }
  if (peer === undefined || peer.xdp?.mode === "native") return [];
  return [
    `${renderDevice(device.name, place.netns)} is a veth whose other end has no native XDP program: what XDP_TX or a redirect sends out there is lost without a word; attach a program that returns XDP_PASS to the other end, or use mode: "generic"`,
  ];
}
