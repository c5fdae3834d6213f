import { read_file } from "../guest/process.ts";
import { KernelQueries } from "../queries/kernel-queries.ts";
import { UnsupportedFeatureError } from "../wire/errors.ts";

/**
 * What a tool says where its kernel functions cannot be probed.
 *
 * @example
 * import { print, type FunctionProbeOptions } from "bpfts";
 * const options: FunctionProbeOptions = { instead: "leave out -P" };
 * print(options.instead); // leave out -P
 */
export interface FunctionProbeOptions {
  /** What to use instead; the rest of a sentence that begins with "hint:". */
  readonly instead?: string;
}

/**
 * The first of some kernel functions that this kernel has: a function that was renamed is named by all its names.
 *
 * @throws UnsupportedFeatureError when it has none of them
 *
 * @example
 * import { find_function, print } from "bpfts";
 * // The kernel renamed it in Linux 5.16.
 * print(find_function("folio_add_lru", "lru_cache_add"));
 */
export function find_function(...names: readonly string[]): string {
  const found = names.find((name) => KernelQueries.ksymname(name) !== -1n);
  if (found !== undefined) return found;
  const text = names.map((name) => `"${name}"`).join(" or ");
  throw unsupported(
    `This kernel has no function ${text}, which this tool traces`,
    "the function may be in a module that is not loaded",
  );
}

/**
 * C text that begins a function which runs at the entry of a kernel function, by a kprobe where the kernel has those, else by fentry: its body follows, and `ctx` is
 * the context. `parameters` are the first ones of the kernel's own: `function_entry("vfs_read", "struct file *file, char *buf")`.
 *
 * @throws UnsupportedFeatureError when this kernel can do neither
 *
 * @example
 * import { BPF, function_entry, have_function_probes } from "bpfts";
 * if (have_function_probes())
 *   new BPF({
 *     text: `
 * BPF_HASH(bytes, u32, u64);
 * ${function_entry("vfs_read", "struct file *file, char *buf, size_t count")} {
 *     bytes.increment(bpf_get_current_pid_tgid() >> 32, count);
 *     return 0;
 * }`,
 *   });
 */
export function function_entry(name: string, parameters: string, options: FunctionProbeOptions = {}): string {
  return chooseProbe(name, options) === "kprobe"
    ? `int kprobe__${name}(struct pt_regs *ctx, ${parameters})`
    : `KFUNC_PROBE(${name}, ${parameters})`;
}

/**
 * C text that begins a function which runs when a kernel function returns, by a kretprobe or by fexit. Its body follows, and has the result as `ret`. `types` are those of all of the
 * kernel function's parameters, which fexit counts; of `result` it is the type: `function_return("vfs_read", ["struct file *", "char *", "size_t", "loff_t *"], "ssize_t")`.
 *
 * @throws UnsupportedFeatureError when this kernel can do neither
 *
 * @example
 * import { BPF, function_return, have_function_probes } from "bpfts";
 * if (have_function_probes())
 *   new BPF({
 *     text: `
 * BPF_HASH(bytes, u32, u64);
 * ${function_return("vfs_read", ["struct file *", "char *", "size_t", "loff_t *"], "ssize_t")} {
 *     if (ret > 0) bytes.increment(bpf_get_current_pid_tgid() >> 32, ret);
 *     return 0;
 * }`,
 *   });
 */
export function function_return(
  name: string,
  types: readonly string[],
  result: string,
  options: FunctionProbeOptions = {},
): string {
  if (chooseProbe(name, options) === "fentry") {
    const parameters = types.map((type, index) => `${type} bpfts_p${index}`);
    return `KRETFUNC_PROBE(${[name, ...parameters, `${result} ret`].join(", ")})`;
  }
  const body = `bpfts_return_of_${name}`;
  return `static inline int ${body}(struct pt_regs *ctx, ${result} ret);
int kretprobe__${name}(struct pt_regs *ctx) { return ${body}(ctx, (${result})PT_REGS_RC(ctx)); }
static inline int ${body}(struct pt_regs *ctx, ${result} ret)`;
}

/**
 * Whether functions of the kernel can be probed at all, by kprobes or by fentry.
 *
 * @example
 * import { have_function_probes, print } from "bpfts";
 * print(have_function_probes() ? "functions of the kernel can be probed" : "only tracepoints here");
 */
export function have_function_probes(): boolean {
  return haveKprobes() || KernelQueries.support_kfunc();
}

function chooseProbe(name: string, { instead }: FunctionProbeOptions): "kprobe" | "fentry" {
  if (haveKprobes()) return "kprobe";
  if (KernelQueries.support_kfunc()) return "fentry";
  throw unsupported(
    `Cannot trace the kernel function "${name}": this kernel has neither kprobes (CONFIG_KPROBES) nor fentry`,
    instead ?? "no tracepoint shows the same; run it on another kernel: bpfts vm run",
  );
}

let kprobes: boolean | undefined;

/** The kernel makes this file together with the kind of event that kprobes are. */
function haveKprobes(): boolean {
  if (kprobes !== undefined) return kprobes;
  try {
    return (kprobes = read_file("/sys/bus/event_source/devices/kprobe/type") !== "");
  } catch {
    return (kprobes = false);
  }
}

function unsupported(message: string, hint: string): UnsupportedFeatureError {
  return new UnsupportedFeatureError("BPFTS_UNSUPPORTED", message, { hint });
}
