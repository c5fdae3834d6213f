import { AttachError, PrivilegeError } from "../../base/errors.ts";
import { errno, renderErrno } from "../door/errno.ts";
import { haveFeature } from "../machine/features.ts";
import { fixSyscallName, haveKernelSymbol, listFunctionAddresses } from "../machine/kallsyms.ts";
import type { KernelPort } from "../door/port.ts";
import { findMissingFunction } from "./missing-target.ts";
import type { AttachTarget, Explanation } from "./attach.ts";
import { explainLockdown } from "./lockdown.ts";

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

function explainKprobe(port: KernelPort, symbol: string, status: number): Explanation | undefined {
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
