import { AttachError, PrivilegeError, UnsupportedFeatureError } from "../../base/errors.ts";
import type { BpftsError } from "../../base/errors.ts";
import type { AttachErrorReason } from "../../../sdk/wire/error-message.ts";
import type { SourceLocation } from "../../base/location.ts";
import { findSimilar } from "../../base/similar.ts";
import { withCgroup } from "../machine/cgroups.ts";
import { errno, renderErrno } from "../door/errno.ts";
import { haveFeature } from "../machine/features.ts";
import type { FoundFile } from "../user/find-library.ts";
import type { FunctionPlace } from "../user/function-place.ts";
import { readLockdown } from "../machine/machine.ts";
import { fixSyscallName, haveKernelSymbol, listFunctionAddresses } from "../machine/kallsyms.ts";
import type { Handle, KernelPort } from "../door/port.ts";
import type { ProgramKindName } from "./program-kinds.ts";
import { findMissingFunction, findMissingTarget } from "./missing-target.ts";
import type { MultiPlace } from "./multi-links.ts";
import type { UsdtSpecs } from "./usdt-specs.ts";

/** One place that a program is to sit on. */
export interface AttachTarget {
  /** Names the place within its kind: what detaching goes by. */
  readonly key: string;
  /** How messages call the place. */
  readonly label: string;
  /** The name by which a cookie of the place is told, where that is not the label. */
  readonly name?: string;
  /** How it goes on one link with others; absent where it cannot. */
  readonly place?: MultiPlace;
  /** `cookie` is the number that the program gets from bpf_get_attach_cookie, where the kernel has such numbers. */
  open(port: KernelPort, program: Handle, cookie: bigint): Handle;
  /** The places that are meant, where the kernel says that the one name stands for several. @throws BpftsError when they cannot be told apart */
  split?(status: number): readonly AttachTarget[] | undefined;
  /** Where the user's text asks for it. */
  readonly location?: SourceLocation;
  /** Why it failed, in the words of this kind. */
  explain?(
    port: KernelPort,
    status: number,
  ):
    | {
        readonly reason: string;
        readonly hint?: string;
        readonly unsupported?: string;
        readonly kind?: AttachErrorReason;
      }
    | undefined;
}

/** A program on its place. Owner: whoever attached it closes it. */
export interface Link {
  readonly kind: ProgramKindName;
  readonly key: string;
  readonly handle: Handle;
}

/**
 * Attaches a loaded program to one place, or to each function that its name stands for: to all of them or none.
 *
 * @throws AttachError, PrivilegeError, UnsupportedFeatureError
 */
export function attachProgram(
  port: KernelPort,
  kind: ProgramKindName,
  functionName: string,
  program: Handle,
  target: AttachTarget,
  cookie = 0n,
): Link[] {
  const handle = target.open(port, program, cookie);
  if (handle >= 0) return [{ kind, key: target.key, handle }];
  const parts = target.split?.(handle);
  if (parts === undefined) throw describeAttachFailure(port, kind, functionName, target, handle);
  const links: Link[] = [];
  try {
    for (const part of parts) links.push(...attachProgram(port, kind, functionName, program, part, cookie));
  } catch (error) {
    for (const link of links) port.linkClose(link.handle);
    throw error;
  }
  return links;
}

function describeAttachFailure(
  port: KernelPort,
  kind: ProgramKindName,
  functionName: string,
  target: AttachTarget,
  status: number,
): BpftsError {
  const why = target.explain?.(port, status);
  const message = `Cannot attach "${functionName}" to ${kind} "${target.label}": ${why?.reason ?? renderErrno(status)}`;
  const details = {
    ...(why?.hint !== undefined && { hint: why.hint }),
    ...(target.location && { location: target.location }),
    ...(why?.kind !== undefined && { reason: why.kind }),
    ...(status > noCookie && { errno: -status }),
  };
  if (why?.unsupported !== undefined) return new UnsupportedFeatureError(why.unsupported, message, details);
  if ((status === errno.EPERM || status === errno.EACCES) && why === undefined)
    return new PrivilegeError(message, {
      errno: -status,
      hint: "run it as root, or give the process CAP_BPF and CAP_PERFMON; without either, try the script in a virtual machine: bpfts vm run",
    });
  return new AttachError(message, details);
}

/**
 * A kernel function's entry or return. A static function's name may stand for several, in other files or modules: then all of them are meant.
 *
 * Source: bpf_program__attach_kprobe_opts. Since: Linux 6.7, and the stable kernels of that time, the kernel says so; before, it takes the first one.
 */
export function describeKprobe(
  event: string,
  retprobe: boolean,
  offset = 0,
  listAddresses = listFunctionAddresses,
): AttachTarget {
  const symbol = fixSyscallName(event);
  return {
    key: offset === 0 ? symbol : `${symbol}+${offset}`,
    label: offset === 0 ? symbol : `${symbol}+0x${offset.toString(16)}`,
    open: (port, program, cookie) => port.attachKprobe(program, symbol, BigInt(offset), retprobe, cookie),
    explain: (port, status) => explainKprobe(port, symbol, status),
    split: (status) =>
      status === errno.EADDRNOTAVAIL ? splitKprobe(symbol, retprobe, offset, listAddresses(symbol)) : undefined,
  };
}

function splitKprobe(symbol: string, retprobe: boolean, offset: number, addresses: readonly bigint[]): AttachTarget[] {
  const message = `Cannot attach to kernel function "${symbol}": several functions have that name`;
  const list = addresses.map((address) => `0x${address.toString(16)}`).join(", ");
  if (addresses.length === 0) {
    throw new PrivilegeError(message, {
      hint: "their addresses, which tell them apart, are hidden from this user: run bpfts as root, with kernel.kptr_restrict below 2",
    });
  }
  if (offset !== 0) {
    throw new AttachError(`${message}, which event_off cannot tell apart`, {
      reason: "ambiguous",
      hint: `they start at ${list}`,
    });
  }
  return addresses.map((address) => ({
    key: symbol,
    label: `${symbol} at 0x${address.toString(16)}`,
    // Without a name the offset is an address. Source: perf_kprobe_init of the kernel
    open: (port, program, cookie) => port.attachKprobe(program, "", address, retprobe, cookie),
    explain: (port, status) => explainKprobe(port, symbol, status),
  }));
}

/** A kernel that is locked down for confidentiality hides what programs could read it with. Since: Linux 5.4. */
function explainLockdown(): ReturnType<NonNullable<AttachTarget["explain"]>> {
  if (readLockdown() !== "confidentiality") return undefined;
  return {
    reason: "this kernel is locked down (confidentiality), so it lets nobody trace it",
    hint: "that is its owner's decision; the script can be tried on another kernel: bpfts vm run",
    unsupported: "lockdown",
  };
}

function explainKprobe(
  port: KernelPort,
  symbol: string,
  status: number,
): ReturnType<NonNullable<AttachTarget["explain"]>> {
  if (status === errno.EPERM || status === errno.EACCES) {
    const lockdown = explainLockdown();
    if (lockdown !== undefined) return lockdown;
  }
  const missing = findMissingFunction(symbol);
  if (!haveKprobes()) {
    const rest = missing === undefined ? "" : `; and it has ${missing.reason}`;
    // What is built without kprobes may refuse fentry as well.
    const fentry = haveFeature(port, "fentry") === false ? "" : " or KFUNC_PROBE";
    return {
      reason: `this kernel was built without kprobes (CONFIG_KPROBES)${rest}`,
      hint: `${missing === undefined ? "" : `${missing.hint} `}use a tracepoint (TRACEPOINT_PROBE)${fentry} instead, or try the script on another kernel: bpfts vm run`,
      unsupported: "kprobe",
    };
  }
  if (missing !== undefined) return { kind: "no_such_place", ...missing };
  if (status === errno.EILSEQ)
    return {
      kind: "not_traceable",
      reason: "the offset lies inside an instruction",
      hint: "event_off must be where an instruction starts; without it the probe sits on the function's first byte",
    };
  if (status === errno.EINVAL || status === errno.ENOENT)
    return {
      kind: "not_traceable",
      reason: `it is not traceable: inlined, marked "notrace" or blacklisted (${renderErrno(status)})`,
      hint: "look for another function of its call chain: grep NAME /sys/kernel/tracing/available_filter_functions",
    };
  return undefined;
}

/** Whether this kernel has kprobes, by the performance unit that they register and by their tracefs file. */
export function haveKprobes(): boolean {
  return haveKernelSymbol("register_kprobe");
}

/** A function's entry or return in a program or library. `pid` -1 is every process. Source: bpf_program__attach_uprobe_opts. */
export function describeUprobe(file: FoundFile, place: FunctionPlace, retprobe: boolean, pid: number): AttachTarget {
  return {
    key: `${file.path}:${place.offset}:${pid}`,
    label: `${file.path}:${place.name}`,
    name: place.name,
    place: { kind: "uprobe", path: file.open, pid, retprobe, offset: BigInt(place.offset), refCtrOffset: 0n },
    open: (port, program, cookie) =>
      port.attachUprobe(program, {
        path: file.open,
        offset: BigInt(place.offset),
        retprobe,
        pid,
        refCtrOffset: 0n,
        cookie,
      }),
    explain: (port, status) => explainUprobe(port, status, pid),
  };
}

/** One place of a USDT probe, and how its arguments are read there. */
export interface UsdtPlace extends FunctionPlace {
  /** Units: bytes from the start of the file, 0 for none. */
  readonly semaphoreOffset: number;
  /** Units: bytes of memory, where the probe lies in the one process that it is for; undefined when that is not known. */
  readonly address: bigint | undefined;
  readonly arguments: string;
}

/** A USDT probe's place: a uprobe that counts its semaphore up and hands the program the number of its arguments' row. Since: Linux 4.20 for semaphores. */
export function describeUsdt(file: FoundFile, place: UsdtPlace, specs: UsdtSpecs, pid: number): AttachTarget {
  return {
    key: `${file.path}:${place.offset}:${pid}`,
    label: `${file.path}:${place.name}`,
    name: place.name,
    place: {
      kind: "uprobe",
      path: file.open,
      pid,
      retprobe: false,
      offset: BigInt(place.offset),
      refCtrOffset: BigInt(place.semaphoreOffset),
      ownCookie: () => BigInt(specs.describe(place.arguments)),
    },
    open(port, program, name) {
      const spec = specs.describe(place.arguments);
      const haveCookie = haveFeature(port, "bpf_cookie") !== false;
      if (!haveCookie && spec !== 0) {
        if (place.address === undefined) return noCookie;
        specs.placeAt(place.address, spec);
      }
      return port.attachUprobe(program, {
        path: file.open,
        offset: BigInt(place.offset),
        retprobe: false,
        pid,
        refCtrOffset: BigInt(place.semaphoreOffset),
        // A program that reads no arguments gets the number of the name.
        cookie: haveCookie ? BigInt(spec) || name : 0n,
      });
    },
    explain: (port, status) =>
      status === noCookie
        ? {
            reason: "this kernel cannot tell the places of a probe apart by itself",
            hint: "name the one process: new USDT({ pid })",
            unsupported: "bpf_cookie",
          }
        : explainUprobe(port, status, pid),
  };
}

/** An errno that attaching does not answer. */
const noCookie = -100_000;

/** A USDT probe for a program that reads its arguments with libbpf's own words. Source: bpf_program__attach_usdt. */
export function describeLibbpfUsdt(file: FoundFile, provider: string, name: string, pid: number): AttachTarget {
  return {
    key: `${file.path}:${provider}:${name}:${pid}`,
    label: `${file.path}:${provider}:${name}`,
    open: (port, program) => port.attachUsdt(program, pid, file.open, provider, name, 0n),
    explain: (port, status) =>
      explainUprobe(port, status, pid) ?? {
        reason: port.lastLog().trim().split("\n").at(-1) || renderErrno(status),
        hint: "bpf_usdt_readarg reads arguments that libbpf's words cannot",
      },
  };
}

function explainUprobe(
  port: KernelPort,
  status: number,
  pid: number,
): ReturnType<NonNullable<AttachTarget["explain"]>> {
  if (haveFeature(port, "uprobe") === false)
    return { reason: "this kernel was built without uprobes (CONFIG_UPROBE_EVENTS)", unsupported: "uprobe" };
  if (status === errno.ESRCH) return { reason: `there is no process ${pid}` };
  if (status === errno.EINVAL || status === errno.ENOTSUPP || status === errno.EILSEQ)
    return {
      kind: "not_traceable",
      reason: `the kernel cannot put a probe on that instruction (${renderErrno(status)})`,
      hint: "attach to a function's first byte; sym_off must be the start of an instruction",
    };
  return undefined;
}

/** Source: bpf_program__attach_tracepoint. */
export function describeTracepoint(
  category: string,
  name: string,
  listTracepoints: () => readonly string[],
): AttachTarget {
  const label = `${category}:${name}`;
  return {
    key: label,
    label,
    open: (port, program, cookie) => port.attachTracepoint(program, category, name, cookie),
    explain: (_port, status) => {
      const known = listTracepoints();
      const lockdown = explainLockdown();
      if (known.length === 0 && lockdown !== undefined) return lockdown;
      if (status !== errno.ENOENT || known.includes(label)) return undefined;
      return { kind: "no_such_place", reason: "no such tracepoint", hint: adviseTracepoint(label, known) };
    },
  };
}

/** The closest tracepoint to a mistyped one, or where to look. */
export function adviseTracepoint(label: string, known: readonly string[]): string {
  if (known.length === 0)
    return "tracefs is not readable, so the kernel's tracepoints are not known: mount -t tracefs nodev /sys/kernel/tracing";
  const similar = findSimilar(label, known) ?? known.find((name) => name.endsWith(`:${label.split(":")[1]}`));
  return similar === undefined ? "list what there is: ls /sys/kernel/tracing/events" : `did you mean "${similar}"?`;
}

/** Source: bpf_program__attach_raw_tracepoint. */
export function describeRawTracepoint(name: string, listTracepoints: () => readonly string[]): AttachTarget {
  return {
    key: name,
    label: name,
    open: (port, program) => port.attachRawTracepoint(program, name),
    explain: (_port, status) => {
      if (status !== errno.ENOENT) return undefined;
      const similar = findSimilar(
        name,
        listTracepoints().map((label) => label.slice(label.indexOf(":") + 1)),
      );
      return { reason: "no such raw tracepoint", ...(similar !== undefined && { hint: `did you mean "${similar}"?` }) };
    },
  };
}

/** A cgroup by its path. Source: BPF_LINK_CREATE. Since: Linux 5.7 */
export function describeCgroup(path: string, attachType: number): AttachTarget {
  return {
    key: `${attachType}:${path}`,
    label: path,
    open: (port, program) => withCgroup(port, path, (cgroup) => port.attachTarget(program, cgroup, attachType)),
  };
}

/** A sockmap or sockhash, by its name. Source: BPF_PROG_ATTACH. */
export function describeMapTarget(name: string, map: Handle, attachType: number): AttachTarget {
  return {
    key: `${attachType}:${name}`,
    label: name,
    open: (port, program) => port.attachMap(program, map, attachType),
    explain: (_port, status) =>
      status === errno.EINVAL || status === errno.EOPNOTSUPP
        ? {
            reason: `a map of this kind takes no such program (${renderErrno(status)})`,
            hint: "sk_msg and sk_skb programs sit on sockmaps and sockhashes",
          }
        : undefined,
  };
}

/** Programs whose section or type says where they sit: fentry, fexit, LSM, BTF tracepoints. Source: bpf_program__attach. */
export function describeAuto(label: string): AttachTarget {
  return {
    key: label,
    label,
    open: (port, program) => port.attachAuto(program),
    explain: () => findMissingTarget(label),
  };
}
