import { BPF, sprintf } from "bpfts";
import type { ProbeText, Span } from "./probe-text.ts";

/** The message of a probe: a format, and the C types of its values. */
export interface ProbeMessage {
  /** What printf takes. */
  readonly format: string;
  /** Letters of the conversions: `s`, `K` and `U` are shown as texts. */
  readonly kinds: readonly string[];
  /** The type of each value; of a text it is not asked. */
  readonly types: readonly string[];
  readonly values: readonly Span[];
}

const conversion = /%(?:%|([-+ #0]*\d*(?:\.\d+)?)(hh|h|ll|l|z)?([a-zA-Z]?))/g;
const sizes: Readonly<Record<string, string>> = {
  hh: "char",
  h: "short",
  "": "int",
  l: "long",
  ll: "long long",
  z: "long",
};
const escapes: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r" };

/** Reads `"format", value, value`; without a text there is no message. */
export function read_message(probe: ProbeText, action: Span): ProbeMessage {
  if (action.text === "") return { format: "", kinds: [], types: [], values: [] };
  const [quoted] = /^"(?:\\.|[^"\\])*"/.exec(action.text) ?? [];
  if (quoted === undefined)
    probe.fail(
      action.at,
      "expected a format string in quotes",
      action.text.startsWith('"') ? "the quote is never closed" : 'write PROBE (FILTER) "format", value',
    );
  const behind = probe.cut(action.at + quoted.length, action.at + action.text.length);
  if (behind.text !== "" && !behind.text.startsWith(","))
    probe.fail(behind.at, "a comma stands between the format and its values");
  const values = behind.text === "" ? [] : probe.split(probe.cut(behind.at + 1, behind.at + behind.text.length), ",");
  const kinds: string[] = [];
  const types: string[] = [];
  const format = quoted
    .slice(1, -1)
    .replace(conversion, (whole, flags: string | undefined, size = "", letter: string, at: number) => {
      if (whole === "%%") return whole;
      const kind = letter === "i" ? "d" : letter;
      if (!/^[sudxXocKU]$/.test(kind) || (/^[scKU]$/.test(kind) && size !== ""))
        probe.fail(
          action.at + 1 + at,
          `unrecognized format specifier ${whole}`,
          "there are %s %d %u %x %o %c %K %U, with h, l and ll, and %%",
        );
      kinds.push(kind);
      types.push(
        /^[KU]$/.test(kind)
          ? "u64"
          : kind === "c"
            ? "char"
            : `${kind === "d" ? "signed" : "unsigned"} ${sizes[size as string]!}`,
      );
      return `%${flags ?? ""}${/^[KU]$/.test(kind) ? "s" : kind}`;
    });
  if (kinds.length !== values.length) {
    const extra = values[kinds.length];
    const count = (n: number, what: string): string => `${n} ${what}${n === 1 ? "" : "s"}`;
    const message = `the format has ${count(kinds.length, "conversion")}, and there ${values.length === 1 ? "is" : "are"} ${count(values.length, "value")}`;
    probe.fail(
      extra?.at ?? action.at,
      message,
      extra === undefined ? "each conversion takes a value; %% is a percent sign" : undefined,
    );
  }
  const empty = values.find(({ text }) => text === "");
  if (empty !== undefined) probe.fail(empty.at, "a value is missing");
  return { format: format.replace(/\\(.)/g, (_, letter: string) => escapes[letter] ?? letter), kinds, types, values };
}

/** The text of a message: `%K` and `%U` name functions of the kernel and of the process. */
export function render_message({ format, kinds }: ProbeMessage, values: readonly unknown[], pid: number): string {
  const shown = kinds.map((kind, index) => {
    const value = values[index];
    if (kind === "K") return BPF.ksym(value as bigint, { show_offset: true });
    return kind === "U" ? BPF.sym(value as bigint, pid, { show_module: true, show_offset: true }) : value;
  });
  return format === "" ? "" : sprintf(format, ...shown);
}
