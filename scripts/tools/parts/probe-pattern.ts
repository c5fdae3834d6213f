import { BPF, USDT, eprint, exit } from "bpfts";
import { is_older_than } from "./kernel-version.ts";

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

/** The most functions that are made for places on a kernel that gives them no numbers. */
const MOST_FUNCTIONS = 1000;

/** What tells the places of a pattern apart. */
export interface Places {
  /** For C: calls `hit(ctx, place)` at each hit. */
  readonly c: string;
  readonly usdt_contexts: readonly USDT[];
  /** Attaches what `c` has to all places, and answers to how many. */
  attach(b: BPF): number;
  /** The name of what was hit. */
  name(b: BPF, place: bigint): string;
}

/** Makes ready to count the places of a pattern by one table. The kernel has a number for each since Linux 5.15; before, each has a function of its own. */
export function make_places(pattern: ProbePattern, pid: number | undefined): Places {
  const bare = (name: string): string => (pattern.kind === "u" ? name.slice(name.indexOf(":") + 1) : name);
  const own = is_older_than(5, 15) ? make_own_places(pattern, pid) : undefined;
  if (own !== undefined) return { ...own, name: (_, place) => bare(own.names[Number(place)] ?? "[unknown]") };
  const usdt = enable_probes(pattern, "on_hit", pid);
  return {
    c: "int on_hit(void *ctx) { return hit(ctx, bpf_get_attach_cookie(ctx)); }",
    usdt_contexts: usdt === undefined ? [] : [usdt.context],
    attach: (b) => usdt?.count ?? attach_pattern(b, pattern, "on_hit", pid),
    name: (b, place) => bare(b.attached_name(place)),
  };
}

/** Undefined when nothing matches: attaching then says why. */
function make_own_places(pattern: ProbePattern, pid: number | undefined) {
  const { kind, library, name: expression } = pattern;
  const of_process = pid !== undefined && { pid };
  const context = kind === "u" ? new USDT({ path: library, ...of_process }) : undefined;
  const names = list_places(expression, kind === "t", library, pid, context);
  if (names.length === 0) return undefined;
  if (names.length > MOST_FUNCTIONS)
    fail(
      `${names.length} places match "${pattern.text}": before Linux 5.15 at most ${MOST_FUNCTIONS} can be told apart`,
    );
  const own = names.map((_, at) => `on_hit_${at}`);
  names.forEach((probe, at) => context?.enable_probe({ probe, fn_name: own[at]! }));
  return {
    names,
    c: own.map((fn_name, at) => `int ${fn_name}(void *ctx) { return hit(ctx, ${at}); }`).join("\n"),
    usdt_contexts: context === undefined ? [] : [context],
    attach(b: BPF) {
      for (const [at, name] of context === undefined ? names.entries() : []) {
        const fn_name = own[at]!;
        if (kind === "t") b.attach_tracepoint({ tp: name as `${string}:${string}`, fn_name });
        else if (library === "") b.attach_kprobe({ event: name, fn_name });
        else b.attach_uprobe({ name: library, sym: name, fn_name, ...of_process });
      }
      return names.length;
    },
  };
}

function list_places(
  expression: string,
  areTracepoints: boolean,
  library: string,
  pid: number | undefined,
  context: USDT | undefined,
): readonly string[] {
  if (areTracepoints) return BPF.get_tracepoints(expression);
  if (context === undefined)
    return library === "" ? BPF.get_kprobe_functions(expression) : BPF.get_user_functions(library, expression, pid);
  const probes = context.enumerate_probes().filter((probe) => new RegExp(expression).test(probe.name));
  return [...new Set(probes.map((probe) => `${probe.provider}:${probe.name}`))];
}
