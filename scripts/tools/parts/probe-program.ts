import { BPF, BpfError, CompileError, DialectError, UnsupportedFeatureError, VerifierError } from "bpfts";
import type { USDT } from "bpfts";
import { read_fields } from "./probe-place.ts";
import type { ProbePlace } from "./probe-place.ts";
import type { ProbeText, Span } from "./probe-text.ts";

/** A line of the program that stands in a probe, too. */
interface PlacedLine {
  readonly probe: ProbeText;
  readonly place: ProbePlace;
  readonly at: number;
}

/** The C text that probes become. An expression of a probe's has lines of its own, so that clang's errors are told at their place in the probe. */
export class ProbeProgram {
  private readonly lines: string[] = [];
  private readonly places = new Map<number, PlacedLine>();

  /** The whole text. */
  get text(): string {
    return this.lines.join("\n");
  }

  /** Adds lines of the tool's own. */
  add(text: string): this {
    this.lines.push(...text.split("\n"));
    return this;
  }

  /** Adds an expression of a probe's, with what stands before and behind it. */
  add_expression(before: string, probe: ProbeText, place: ProbePlace, { text, at }: Span, behind: string): this {
    this.add(before);
    let start = at;
    for (const line of text.split("\n")) {
      this.places.set(this.lines.push(line), { probe, place, at: start });
      start += line.length + 1;
    }
    return this.add(behind);
  }

  /** Makes the program. What is wrong with an expression is told at its place, and ends the script. */
  load(usdt_contexts: readonly USDT[]): BPF {
    try {
      return new BPF({ text: this.text, usdt_contexts });
    } catch (error) {
      if (error instanceof CompileError || error instanceof DialectError || error instanceof VerifierError)
        this.explain(error);
      throw error;
    }
  }

  private explain({ location, message, hint }: BpfError): void {
    if (location === undefined) return;
    // What is not finished is missed on the line behind it.
    const found = this.places.get(location.line) ?? this.places.get(location.line - 1);
    if (found === undefined) return;
    const { probe, place, at } = found;
    const end = at + (this.lines[location.line - 1] ?? "").length;
    const isOwn = this.places.has(location.line);
    const fields =
      place.kind === "t" && /no member named .* in 'struct tracepoint__/.test(message)
        ? [...read_fields(place).keys()]
        : [];
    const names = fields.filter((name) => !name.startsWith("common_"));
    probe.fail(
      isOwn ? Math.min(at + (location.column ?? 1) - 1, end) : at,
      message.replace(/^C: /, ""),
      names.length > 0 ? `the fields of ${place.library}:${place.name} are ${names.join(", ")}` : hint,
    );
  }
}

const instead =
  "name a tracepoint, t:CATEGORY:EVENT (bpfts list 't:*' shows them), or try it on another kernel: bpfts vm run";

/** Attaches a function to the place of a probe. Tracepoints of kernels and functions of processes are told by the place itself. */
export function attach_place(
  b: BPF,
  probe: ProbeText,
  place: ProbePlace,
  fn_name: string,
  pid: number | undefined,
  isEntry = place.kind === "p",
): void {
  const { kind, library, name, symbol, offset, at } = place;
  const process = pid === undefined ? {} : { pid };
  try {
    if (kind === "t") b.attach_tracepoint({ tp: `${library}:${name}`, fn_name });
    else if (library === "" && isEntry)
      b.attach_kprobe({ event: symbol, fn_name, ...(offset > 0 && { event_off: offset }) });
    else if (library === "") b.attach_kretprobe({ event: symbol, fn_name });
    else if (isEntry)
      b.attach_uprobe({ name: library, sym: symbol, fn_name, ...(offset > 0 && { sym_off: offset }), ...process });
    else b.attach_uretprobe({ name: library, sym: symbol, fn_name, ...process });
  } catch (error) {
    if (!(error instanceof BpfError)) throw error;
    const message = error.message.replace(`"${fn_name}" to `, "");
    if (error instanceof UnsupportedFeatureError) probe.fail(at, message, instead, 3);
    probe.fail(at, message, error.hint);
  }
}

/** The head of the function that a probe becomes. */
export function render_head(
  { kind, library, name, isSyscall }: ProbePlace,
  fn_name: string,
  signature: string | undefined,
): string {
  if (kind === "t") return `int ${fn_name}(struct tracepoint__${library}__${name} *args)`;
  const parameters = signature === undefined || signature === "" || signature === "void" ? "" : `, ${signature}`;
  return `int ${isSyscall ? "syscall__" : ""}${fn_name}(struct pt_regs *ctx${parameters})`;
}
