import { findSimilar } from "../../base/similar.ts";
import { errno } from "../door/errno.ts";
import type { AttachTarget } from "./attach.ts";
import { explainLockdown } from "./lockdown.ts";

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
