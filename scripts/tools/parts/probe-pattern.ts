import { type BPF, USDT, eprint, exit } from "bpfts";

/** What a pattern of funccount, stackcount and funclatency names: functions, tracepoints or USDT probes. */
export interface ProbePattern {
  readonly text: string;
  readonly kind: "p" | "t" | "u";
  /** A library, a program, or "" for the kernel. */
  readonly library: string;
  /** A regular expression. */
  readonly name: string;
}

/** Ends the script with a sentence. */
export function fail(message: string): never {
  eprint(message);
  exit(1);
}

/** Reads `func`, `lib:func`, `p::func`, `p:lib:func`, `t:category:event` or `u:lib:probe`. */
export function read_pattern(text: string, regexp: boolean): ProbePattern {
  const parts = text.split(":");
  const [first = "", second = "", third = ""] = parts;
  if (parts.length > 3) fail(`Too many ":" in "${text}": give LIBRARY:FUNCTION, t:CATEGORY:EVENT or u:LIBRARY:PROBE`);
  const expression = (glob: string): string => toExpression(glob, regexp);
  if (parts.length === 1) return { text, kind: "p", library: "", name: expression(first) };
  if (parts.length === 2) return { text, kind: "p", library: first, name: expression(second) };
  if (first !== "p" && first !== "t" && first !== "u") fail(`Type must be 'p', 't', or 'u', but got ${first}`);
  return first === "t"
    ? { text, kind: "t", library: "", name: expression(`${second}:${third}`) }
    : { text, kind: first, library: second, name: expression(third) };
}

/** Only "*" is a wildcard; everything else stands for itself, except in a regular expression. */
function toExpression(glob: string, regexp: boolean): string {
  if (regexp) return glob;
  return `^${glob.replace(/[\\^$.|?+()[\]{}]/g, "\\$&").replaceAll("*", ".*")}$`;
}

/** Enables the USDT probes of a pattern, before the program is made; undefined for a pattern of other probes. */
export function enable_probes(
  { text, kind, library, name }: ProbePattern,
  fn_name: string,
  pid: number | undefined,
): { readonly context: USDT; readonly count: number } | undefined {
  if (kind !== "u") return undefined;
  const context = new USDT({ path: library, ...(pid !== undefined && { pid }) });
  const expression = new RegExp(name);
  const probes = context.enumerate_probes().filter((probe) => expression.test(probe.name));
  if (probes.length === 0) fail(`No functions matched by pattern ${text}`);
  for (const probe of probes) context.enable_probe({ probe: `${probe.provider}:${probe.name}`, fn_name });
  return { context, count: probes.length };
}

/** Attaches a function to what a pattern names, and answers to how many places. */
export function attach_pattern(b: BPF, pattern: ProbePattern, fn_name: string, pid: number | undefined): number {
  const { kind, library, name } = pattern;
  if (kind === "t") {
    b.attach_tracepoint({ tp_re: name, fn_name });
    return b.num_open_tracepoints();
  }
  if (library === "") {
    b.attach_kprobe({ event_re: name, fn_name });
    return b.num_open_kprobes();
  }
  b.attach_uprobe({ name: library, sym_re: name, fn_name, ...(pid !== undefined && { pid }) });
  return b.num_open_uprobes();
}
