import type { KernelPort } from "../door/port.ts";
import { openView, readLiveInfo, readText } from "./live-object.ts";
import type { Room } from "./live-object.ts";

/** A link that exists in the kernel: a program and the place that it is attached to. Source: struct bpf_link_info. */
export interface LinkInfo {
  readonly id: number;
  /** Source: enum bpf_link_type. */
  readonly type: number;
  readonly programId: number;
  readonly target: LinkTarget;
}

/** Where a link leads, as far as the kernel tells. */
export interface LinkTarget {
  /** Source: enum bpf_attach_type. */
  readonly attachType?: number;
  /** A tracepoint, a kernel function, an iterator. */
  readonly name?: string;
  /** Of a uprobe: the binary. */
  readonly path?: string;
  /** Units: bytes from the function's start, or from the file's. */
  readonly offset?: bigint;
  readonly isReturn?: boolean;
  /** Where there are many: their addresses in the kernel, or their offsets in the binary. */
  readonly places?: readonly bigint[];
  readonly pid?: number;
  readonly cookie?: bigint;
  readonly cgroupId?: bigint;
  readonly networkNamespace?: number;
  readonly interfaceIndex?: number;
  readonly mapId?: number;
  /** The type information that the target function stands in (or, of a replaced function, its program), and the function's type there. */
  readonly targetObject?: number;
  readonly targetType?: number;
  /** Source: enum perf_type_id and its numbers. */
  readonly event?: { readonly type: number; readonly config: bigint };
  /** Source: the protocol family, enum nf_inet_hooks, and the priority of a netfilter hook. */
  readonly netfilter?: { readonly family: number; readonly hook: number; readonly priority: number };
}

/** Source: enum bpf_link_type. */
export const linkTypes = [
  "unspec",
  "raw_tracepoint",
  "tracing",
  "cgroup",
  "iter",
  "netns",
  "xdp",
  "perf_event",
  "kprobe_multi",
  "struct_ops",
  "netfilter",
  "tcx",
  "uprobe_multi",
  "netkit",
  "sockmap",
] as const;

type LinkTypeName = (typeof linkTypes)[number];

/** What there is to ask for besides the struct, and how the struct is read. */
interface LinkRow {
  /** From the first answer to what the second one shall hold. */
  readonly plan?: (view: DataView) => {
    readonly counts: Readonly<Record<number, number>>;
    readonly rooms: readonly Room[];
  };
  readonly read: (view: DataView, parts: readonly Uint8Array[]) => LinkTarget;
}

const nameBytes = 256;
/** Source: PATH_MAX. */
const pathBytes = 4096;

/** Source: enum bpf_perf_event_type. */
const perfEvent = { uprobe: 1, uretprobe: 2, kprobe: 3, kretprobe: 4, tracepoint: 5, event: 6 } as const;

function planName(pointer: number, length: number, size: number): ReturnType<NonNullable<LinkRow["plan"]>> {
  return { counts: { [length]: size }, rooms: [{ at: pointer, size }] };
}

/** Cookies of 0 stand for none. */
function readCookie(view: DataView, at: number): { readonly cookie?: bigint } {
  const cookie = view.getBigUint64(at, true);
  return cookie === 0n ? {} : { cookie };
}

function listPlaces(bytes: Uint8Array | undefined): readonly bigint[] {
  if (bytes === undefined) return [];
  const view = openView(bytes);
  return Array.from({ length: bytes.length / 8 }, (_, index) => view.getBigUint64(index * 8, true));
}

function readInterface(view: DataView): LinkTarget {
  return { interfaceIndex: view.getUint32(16, true), attachType: view.getUint32(20, true) };
}

/** The struct's members by kind of link; their places are those of Linux 6.18, and never move. */
const rows: Partial<Readonly<Record<LinkTypeName, LinkRow>>> = {
  raw_tracepoint: {
    plan: () => planName(16, 24, nameBytes),
    read: (view, [name]) => ({ name: readText(name!), ...readCookie(view, 32) }),
  },
  tracing: {
    read: (view) => ({
      attachType: view.getUint32(16, true),
      targetObject: view.getUint32(20, true),
      targetType: view.getUint32(24, true),
      ...readCookie(view, 32),
    }),
  },
  cgroup: { read: (view) => ({ cgroupId: view.getBigUint64(16, true), attachType: view.getUint32(24, true) }) },
  iter: {
    plan: () => planName(16, 24, nameBytes),
    read: (view, [name]) => {
      const mapId = view.getUint32(28, true);
      return { name: readText(name!), ...(/map/.test(readText(name!)) && mapId > 0 && { mapId }) };
    },
  },
  netns: { read: (view) => ({ networkNamespace: view.getUint32(16, true), attachType: view.getUint32(20, true) }) },
  xdp: { read: (view) => ({ interfaceIndex: view.getUint32(16, true) }) },
  perf_event: {
    plan: (view) =>
      view.getUint32(16, true) === perfEvent.event ? { counts: {}, rooms: [] } : planName(24, 32, pathBytes),
    read: readPerfEvent,
  },
  kprobe_multi: {
    plan: (view) => {
      const count = view.getUint32(24, true);
      return { counts: { 24: count }, rooms: count === 0 ? [] : [{ at: 16, size: count * 8 }] };
    },
    read: (view, [places]) => ({ places: listPlaces(places), isReturn: (view.getUint32(28, true) & 1) !== 0 }),
  },
  struct_ops: { read: (view) => ({ mapId: view.getUint32(16, true) }) },
  netfilter: {
    read: (view) => ({
      netfilter: {
        family: view.getUint32(16, true),
        hook: view.getUint32(20, true),
        priority: view.getInt32(24, true),
      },
    }),
  },
  tcx: { read: readInterface },
  netkit: { read: readInterface },
  uprobe_multi: {
    plan: (view) => {
      const count = view.getUint32(52, true);
      const offsets = count === 0 ? [] : [{ at: 24, size: count * 8 }];
      return { counts: { 48: pathBytes, 52: count }, rooms: [{ at: 16, size: pathBytes }, ...offsets] };
    },
    read: (view, [path, places]) => {
      const pid = view.getUint32(60, true);
      return {
        path: readText(path!),
        places: listPlaces(places),
        isReturn: (view.getUint32(56, true) & 1) !== 0,
        ...(pid > 0 && { pid }),
      };
    },
  },
  sockmap: { read: (view) => ({ mapId: view.getUint32(16, true), attachType: view.getUint32(20, true) }) },
};

function readPerfEvent(view: DataView, [name]: readonly Uint8Array[]): LinkTarget {
  switch (view.getUint32(16, true)) {
    case perfEvent.uprobe:
    case perfEvent.uretprobe:
      return {
        path: readText(name!),
        offset: BigInt(view.getUint32(36, true)),
        isReturn: view.getUint32(16, true) === perfEvent.uretprobe,
        ...readCookie(view, 40),
      };
    case perfEvent.kprobe:
    case perfEvent.kretprobe: {
      const address = view.getBigUint64(40, true);
      return {
        name: readText(name!),
        offset: BigInt(view.getUint32(36, true)),
        isReturn: view.getUint32(16, true) === perfEvent.kretprobe,
        ...(address > 0n && { places: [address] }),
        ...readCookie(view, 56),
      };
    }
    case perfEvent.tracepoint:
      return { name: readText(name!), ...readCookie(view, 40) };
    case perfEvent.event:
      return {
        event: { type: view.getUint32(32, true), config: view.getBigUint64(24, true) },
        ...readCookie(view, 40),
      };
    default:
      // Before Linux 6.6 the kernel does not tell.
      return {};
  }
}

const infoBytes = 64;

/** Reads what the kernel says of a link; undefined when it is gone. @throws PrivilegeError */
export function readLinkInfo(port: KernelPort, id: number): LinkInfo | undefined {
  const asked = readLiveInfo(port, "link", id, { size: infoBytes });
  if (asked === undefined) return undefined;
  const view = openView(asked.info);
  const type = view.getUint32(0, true);
  const row = rows[linkTypes[type]!];
  const plan = row?.plan?.(view);
  const found = plan === undefined ? asked : readLiveInfo(port, "link", id, { size: infoBytes, ...plan });
  if (found === undefined) return undefined;
  return {
    id,
    type,
    programId: view.getUint32(8, true),
    target: row?.read(openView(found.info), found.parts) ?? {},
  };
}
