import { BPF, USDT, read_file } from "bpfts";
import { find_similar } from "./probe-text.ts";
import type { ProbeText, Span } from "./probe-text.ts";

/** Where a probe of trace or argdist stands. */
export interface ProbePlace {
  /** Entry of a function, its return, a tracepoint, a USDT probe. */
  readonly kind: "p" | "r" | "t" | "u";
  /** A library or program; "" for the kernel. Of a tracepoint the category. */
  readonly library: string;
  /** The function, the event, or the USDT probe with its provider, as it was typed. */
  readonly name: string;
  /** The kernel's name of that function: a system call has its own on each machine. */
  readonly symbol: string;
  /** Units: bytes from the function's start. */
  readonly offset: number;
  /** Whether the kernel hands its arguments over in a `struct pt_regs`. */
  readonly isSyscall: boolean;
  /** Units: index into the probe's text where it stands. */
  readonly at: number;
}

const otherWords: Readonly<Record<string, string>> = {
  kprobe: "p",
  k: "p",
  uprobe: "p",
  kretprobe: "r",
  kr: "r",
  uretprobe: "r",
  tracepoint: "t",
  tp: "t",
  usdt: "u",
};

/** Reads `func`, `lib:func`, `p:lib:func`, `r::func`, `t:category:event` or `u:lib:[provider:]probe`. A C++ name keeps its `::`. */
export function read_place(probe: ProbeText, { text, at }: Span): ProbePlace {
  const [first = "", second] = text.split(":");
  const kind = first === "" ? "p" : first;
  if (second === undefined) return makePlace(probe, "p", "", text, at);
  const rest = text.slice(first.length + 1);
  if (!/^[prtu]$/.test(kind)) {
    const meant = otherWords[first];
    const isPair = text.match(/(?<!:):(?!:)/g)?.length === 1;
    if (isPair && meant === undefined) return makePlace(probe, "p", first, rest, at);
    const message = `probe type must be '', 'p', 't', 'r', or 'u', but got '${first}'`;
    probe.fail(at, message, meant === undefined ? undefined : `did you mean "${meant}:${rest}"?`);
  }
  // The last colon by itself ends the library: paths and C++ names may have others.
  const colons = [...rest.matchAll(/(?<!:):(?!:)|^:/g)].map(({ index }) => index);
  const colon = kind === "u" ? colons[0] : colons.at(-1);
  if (colon === undefined) {
    const hints = {
      p: `write p::${rest} for the kernel's function, or p:LIBRARY:${rest}`,
      r: `write r::${rest} for the kernel's function, or r:LIBRARY:${rest}`,
      t: "write t:CATEGORY:EVENT, for example t:sched:sched_switch",
      u: "write u:LIBRARY:PROBE, for example u:pthread:pthread_create",
    };
    probe.fail(at, `"${text}" is not a whole probe`, hints[kind as "p"]);
  }
  return makePlace(probe, kind as "p", rest.slice(0, colon), rest.slice(colon + 1), at);
}

function makePlace(probe: ProbeText, kind: ProbePlace["kind"], library: string, text: string, at: number): ProbePlace {
  const [, name = "", offsetText] = /^([^+]*)(?:\+(.*))?$/.exec(text) ?? [undefined, text];
  if (name === "" || (library === "" && /^[tu]$/.test(kind))) probe.fail(at, "it names nothing to trace");
  if (offsetText !== undefined) {
    const offsetAt = probe.text.indexOf("+", at) + 1;
    if (!/^(0x[0-9a-f]+|\d+)$/i.test(offsetText))
      probe.fail(offsetAt, `invalid offset format '${offsetText}', must be decimal or hexadecimal`);
    if (kind !== "p") probe.fail(offsetAt, "only the entry of a function takes an offset");
  }
  const isKernel = library === "" && (kind === "p" || kind === "r");
  const isCall = isKernel && /^(sys|SyS)_/.test(name) && BPF.ksymname(name) === -1n;
  const symbol = isCall ? BPF.fix_syscall_fnname(name.replace(/^SyS_/, "sys_")) : name;
  const isSyscall = isKernel && /^__[a-z0-9]+_sys_/.test(symbol);
  return { kind, library, name, symbol, offset: Number(offsetText ?? 0), isSyscall, at };
}

/** Where the kernel describes the fields of a tracepoint. */
function readFormat({ library, name }: ProbePlace): string {
  try {
    return read_file(`/sys/kernel/tracing/events/${library}/${name}/format`);
  } catch {
    return "";
  }
}

/** The fields of a tracepoint, those of variable length with true. */
export function read_fields(place: ProbePlace): Map<string, boolean> {
  const fields = readFormat(place).matchAll(/field:(__\w*loc\b)?[^;]*?(\w+)(?:\[\w*\])?;/g);
  return new Map([...fields].map(([, location, name]) => [name!, location !== undefined]));
}

/** The C types of a USDT probe's arguments: of several places of one probe, the widest. The probe is switched on for the function. */
export function enable_usdt(
  probe: ProbeText,
  { library, name, at }: ProbePlace,
  fn_name: string,
  pid: number | undefined,
): { readonly context: USDT; readonly types: readonly string[] } {
  const context = new USDT({ path: library, ...(pid !== undefined && { pid }) });
  const all = context.enumerate_probes();
  const found = all.filter((one) => name === one.name || name === `${one.provider}:${one.name}`);
  if (found.length === 0) {
    const names = all.flatMap((one) => [one.name, `${one.provider}:${one.name}`]);
    const similar = find_similar(name, names) ?? names[0];
    probe.fail(
      at,
      `unrecognized USDT probe ${name}`,
      similar === undefined ? `"${library}" has none` : `did you mean "u:${library}:${similar}"?`,
    );
  }
  context.enable_probe({ probe: name, fn_name });
  const sizes: number[][] = [];
  for (const location of found.flatMap(({ locations }) => locations))
    for (const [index, text] of location.arguments.entries()) (sizes[index] ??= []).push(parseInt(text, 10) || 8);
  const types = sizes.map((list) => {
    const size = list.reduce((widest, one) => (Math.abs(one) > Math.abs(widest) ? one : widest));
    return `${size < 0 ? "s" : "u"}${Math.abs(size) * 8}`;
  });
  return { context, types };
}
