import { findSimilar } from "../../base/similar.ts";
import { haveKernelSymbol, listFunctionSuffixes, listKernelFunctions } from "../machine/kallsyms.ts";
import { listTracepoints } from "../machine/tracefs.ts";

/** Why a place is not there, and which one may be meant. */
export interface MissingTarget {
  readonly reason: string;
  readonly hint: string;
}

/**
 * Finds out whether a section names something that this kernel has not. Undefined for places that are there, for
 * sections without a place, and where the kernel hides its names.
 */
export function findMissingTarget(section: string): MissingTarget | undefined {
  const match = /^\??([a-z_]+)(?:\.\w+)*\/(.+)$/.exec(section);
  const [, kind = "", target = ""] = match ?? [];
  // A pattern names many.
  if (/[*?]/.test(target)) return undefined;
  switch (kind) {
    case "kprobe":
    case "kretprobe":
    case "fentry":
    case "fexit":
    case "fmod_ret":
      return findMissingFunction(target.replace(/\+.*$/, ""));
    case "iter":
      return describeMissingName("iterator", target, listIterators());
    case "lsm":
      return describeMissingName("LSM hook", target, listHooks());
    case "tp":
    case "tracepoint":
      return describeMissingName("tracepoint", target.replace("/", ":"), listTracepoints());
    case "raw_tp":
    case "raw_tracepoint":
    case "tp_btf":
      return describeMissingName(
        kind === "tp_btf" ? "BTF tracepoint" : "raw tracepoint",
        target,
        listTracepoints().map((label) => label.slice(label.indexOf(":") + 1)),
      );
    default:
      return undefined;
  }
}

/** A suffixed copy (`.isra.0`, `.constprop.0`) is what people look for most often. */
export function findMissingFunction(name: string): MissingTarget | undefined {
  if (haveKernelSymbol(name) || !haveKernelSymbol("schedule")) return undefined;
  const functions = listKernelFunctions();
  const copy = functions.find((candidate) => candidate.startsWith(`${name}.`));
  return describeMissingName("kernel function", name, copy === undefined ? functions : [copy], copy);
}

/** Each hook has a function of its own that programs sit on. Source: security/bpf. */
function listHooks(): string[] {
  return listKernelFunctions(/^bpf_lsm_/).map((name) => name.slice("bpf_lsm_".length));
}

/** What programs can walk through. Each has a function of its own, which programs are typed by. Source: kernel/bpf/bpf_iter.c */
function listIterators(): string[] {
  // They are gone after the boot.
  return listFunctionSuffixes("bpf_iter_");
}

const where: Readonly<Record<string, string>> = {
  "kernel function": "look for its name in this kernel: grep NAME /proc/kallsyms",
  iterator: "list what there is: bpfts list 'iter:*'",
  "LSM hook": "the hooks are this kernel's functions bpf_lsm_…: grep bpf_lsm_ /proc/kallsyms",
};

function describeMissingName(
  what: string,
  name: string,
  known: readonly string[],
  similar: string | undefined = findSimilar(name, known),
): MissingTarget | undefined {
  if (known.length === 0 || known.includes(name)) return undefined;
  return {
    reason: `no such ${what}`,
    hint:
      similar === undefined
        ? (where[what] ?? "list what there is: ls /sys/kernel/tracing/events")
        : `did you mean "${similar}"?`,
  };
}
