import { BPFAttachType, BPFProgType } from "../../../sdk/abi/program-types.ts";
import { PerfHWConfig, PerfSWConfig } from "../../../sdk/program/perf-types.ts";
import { findCgroupPath } from "../../kernel/machine/cgroups.ts";
import { linkTypes } from "../../kernel/live/link-info.ts";
import type { LinkInfo, LinkTarget } from "../../kernel/live/link-info.ts";
import type { LiveObjects } from "./live-objects.ts";
import { systemFiles } from "../../kernel/door/system-files.ts";

/** The name of a link's type, in the kernel's words. */
export function nameLinkType(type: number): string {
  return linkTypes[type] ?? `type ${type}`;
}

/** The name of a place's kind, in the kernel's words without `BPF_`. Source: enum bpf_attach_type */
export function nameAttachType(type: number): string {
  const found = Object.entries(BPFAttachType).find(([, number]) => number === type);
  return found === undefined ? `type ${type}` : found[0].toLowerCase();
}

/** How many places of a link are named; the others are counted. */
const maxPlaces = 3;

/** Renders where a link leads: `tracepoint sys_enter_openat`, `uprobe /usr/bin/app+0x1139`. */
export function renderTarget(objects: LiveObjects, link: LinkInfo): string {
  const { target } = link;
  const word = isTypedTracepoint(objects, link)
    ? `tp_btf ${target.name}`
    : renderTargetOf(objects, nameLinkType(link.type), target);
  return target.pid === undefined ? word : `${word} of pid ${target.pid}`;
}

/** The kernel has one kind of link for raw tracepoints, whether their programs see types or not. */
function isTypedTracepoint(objects: LiveObjects, { type, programId }: LinkInfo): boolean {
  return nameLinkType(type) === "raw_tracepoint" && objects.findProgram(programId)?.type === BPFProgType.TRACING;
}

function renderTargetOf(objects: LiveObjects, type: string, target: LinkTarget): string {
  const { attachType, name, cgroupId, interfaceIndex, mapId } = target;
  const place = attachType === undefined ? type : nameAttachType(attachType);
  switch (type) {
    case "raw_tracepoint":
      return `raw_tracepoint ${name}`;
    case "tracing":
      return `${place.replace(/^trace_/, "")} ${nameFunction(objects, target)}`;
    case "cgroup":
      return `${place} ${findCgroupPath(cgroupId!) ?? `cgroup ${cgroupId}`}`;
    case "iter":
      return `iter ${name}${mapId === undefined ? "" : ` of map ${mapId}`}`;
    case "netns":
      return `${place} netns:[${target.networkNamespace}]`;
    case "xdp":
      return `xdp ${nameInterface(interfaceIndex!)}`;
    case "tcx":
    case "netkit":
      return `${place} ${nameInterface(interfaceIndex!)}`;
    case "perf_event":
      return renderPerfEvent(target);
    case "kprobe_multi":
      return `${target.isReturn ? "kretprobe" : "kprobe"} ${renderPlaces(target.places ?? [], objects.nameAddress)}`;
    case "uprobe_multi":
      return `${target.isReturn ? "uretprobe" : "uprobe"} ${target.path}:${renderPlaces(target.places ?? [], renderOffset)}`;
    case "struct_ops":
      return `struct_ops map ${mapId}`;
    case "netfilter":
      return renderNetfilter(target.netfilter!);
    case "sockmap":
      return `${place} map ${mapId}`;
    default:
      return type;
  }
}

function renderOffset(offset: bigint): string {
  return `0x${offset.toString(16)}`;
}

function renderPlaces(places: readonly bigint[], render: (place: bigint) => string): string {
  const named = places.slice(0, maxPlaces).map(render).join(",");
  if (places.length === 0) return "(hidden)";
  return places.length <= maxPlaces ? named : `${named} and ${places.length - maxPlaces} more`;
}

function renderPerfEvent({ path, offset = 0n, name, isReturn, event }: LinkTarget): string {
  if (path !== undefined) return `${isReturn ? "uretprobe" : "uprobe"} ${path}:${renderOffset(offset)}`;
  if (event !== undefined) return `perf event ${nameEvent(event)}`;
  if (name === undefined) return "perf event (this kernel does not tell which)";
  if (isReturn === undefined) return `tracepoint ${name}`;
  return `${isReturn ? "kretprobe" : "kprobe"} ${name}${offset === 0n ? "" : `+${renderOffset(offset)}`}`;
}

/** Source: enum perf_type_id of linux/perf_event.h. */
const eventTables: Readonly<Record<number, Readonly<Record<string, number>>>> = { 0: PerfHWConfig, 1: PerfSWConfig };

function nameEvent({ type, config }: { readonly type: number; readonly config: bigint }): string {
  const found = Object.entries(eventTables[type] ?? {}).find(([, number]) => BigInt(number) === config);
  if (found !== undefined) return found[0].toLowerCase().replaceAll("_", "-");
  const unit = findEventUnit(type) ?? clocks[type];
  return unit?.endsWith("-clock") ? unit : `${unit ?? type}:0x${config.toString(16)}`;
}

/** The kernel gives its two clocks units of their own, numbered behind PERF_TYPE_MAX, and shows them nowhere. Source: perf_event_init */
const clocks: Readonly<Record<number, string>> = { 6: "cpu-clock", 7: "task-clock" };

/** The unit that counts events of a type: those above 5 are numbered when the kernel starts. */
function findEventUnit(type: number): string | undefined {
  return findNamedFolder("/sys/bus/event_source/devices", "type", type);
}

/** The folder whose file has a number in it. */
function findNamedFolder(folder: string, file: string, number: number): string | undefined {
  try {
    return systemFiles
      .list(folder)
      .find(({ name }) => Number(systemFiles.readText(`${folder}/${name}/${file}`, "latin1")) === number)?.name;
  } catch {
    // No /sys here, or the folder went while it was looked at.
    return undefined;
  }
}

/** The function that a tracing program sits on; of a replaced function its program. */
function nameFunction(objects: LiveObjects, { targetObject = 0, targetType = 0 }: LinkTarget): string {
  const types = objects.findTypes(targetObject)?.types;
  const found = types !== undefined && targetType < types.count ? types.require(targetType).name : "";
  return found === "" ? `type ${targetType}` : found;
}

function nameInterface(index: number): string {
  return findNamedFolder("/sys/class/net", "ifindex", index) ?? `interface ${index}`;
}

/** Source: enum nf_inet_hooks, NFPROTO_IPV4 and NFPROTO_IPV6 of linux/netfilter.h. */
const netfilterHooks = ["prerouting", "input", "forward", "output", "postrouting"];
const netfilterFamilies: Readonly<Record<number, string>> = { 2: "ipv4", 10: "ipv6" };

function renderNetfilter({ family, hook, priority }: NonNullable<LinkTarget["netfilter"]>): string {
  return `netfilter ${netfilterFamilies[family] ?? family} ${netfilterHooks[hook] ?? hook} priority ${priority}`;
}
