/** A part of a format that the kernel's printers refuse: they print nothing at all then. */
export interface FormatFault {
  /** Units: index into the text, as it is written in C, of the part's first character. */
  readonly index: number;
  /** What is refused, as the end of a sentence: `"%o"`. */
  readonly part: string;
  readonly hint: string;
}

/** Source: LINUX_VERSION_CODE. */
const linux = (major: number, minor: number): number => (major << 16) + (minor << 8);

/** Since: Linux 5.13 one function reads the formats of all of BPF's printers, and knows widths and more than one `%s`. */
const oneReader = linux(5, 13);

/** The parts of a conversion behind its `%`. */
const conversion = /([-+ #0']*)(\d+\$)?(\*|\d+)?(\.(?:\*|\d*))?(hh|h|ll|l|z|t|j|q|L|I64)?(.?)/suy;
const numbers = "%d %i %u %x %X, %ld %lu %lx, %lld %llu %llx, %c, %s, %p";
const pointers =
  "%p, %px, %ps, %pS, %pB, %pK, %pks and %pus (a text in the kernel, of the process), %pI4, %pi4, %pI6, %pi6";

/** Why one conversion is refused, and what to write instead: first match wins. */
interface Conversion {
  readonly flags: string;
  readonly position: string;
  readonly width: string;
  readonly precision: string;
  readonly length: string;
  readonly letter: string;
  /** What follows the letter. */
  readonly rest: string;
}

const rules: readonly {
  readonly since?: number;
  isBroken(part: Conversion, version: number): boolean;
  advise(part: Conversion): string;
}[] = [
  {
    isBroken: ({ position, flags }) => position !== "" || flags.includes("'"),
    advise: () => `write the values in the order of the conversions: ${numbers}`,
  },
  { isBroken: ({ width }) => width === "*", advise: ({ letter }) => `give the width as a number: %16${letter}` },
  {
    isBroken: ({ precision }) => precision !== "",
    advise: ({ letter, precision }) =>
      letter === "s"
        ? "write %s, and copy no more than you want of the text: bpf_probe_read_kernel_str(part, size, text)"
        : `write the number of digits as a width: %0${precision.slice(1) || "3"}${letter}`,
  },
  {
    isBroken: ({ flags }) => flags.includes("#"),
    advise: ({ letter }) => (letter === "x" || letter === "X" ? `write the prefix: 0x%${letter}` : "leave the # out"),
  },
  {
    isBroken: ({ letter }) => /^[eEfFgGaA]$/.test(letter),
    advise: () => "BPF has no floating-point numbers: print a whole number",
  },
  {
    isBroken: ({ letter }) => letter === "o",
    advise: ({ length }) => `print it in another base: %${length === "ll" || length === "l" ? length : ""}x`,
  },
  {
    isBroken: ({ length }) => /^(?:hh?|z|t|j|q|L|I64)$/.test(length),
    advise: ({ length, letter }) =>
      length.startsWith("h")
        ? `leave the ${length} out: %${letter}`
        : `write %${length === "z" || length === "t" || length === "j" ? "l" : "ll"}${letter}`,
  },
  { isBroken: ({ letter }) => letter === "", advise: () => "write %% for a percent sign" },
  { isBroken: ({ letter }) => letter === "%", advise: () => "write %% for a percent sign, without flags and width" },
  {
    isBroken: ({ letter, length }) => /^[csp]$/.test(letter) && length !== "",
    advise: ({ letter }) => `write %${letter}`,
  },
  { isBroken: ({ letter }) => !/^[diuxXcsp]$/.test(letter), advise: () => `the kernel knows ${numbers}` },
  {
    isBroken: ({ letter, rest }) => letter === "s" && /^[\p{L}\p{N}]/u.test(rest),
    advise: ({ rest }) => `the kernel wants a blank or a punctuation mark behind %s: "%s ${rest[0]!}"`,
  },
  {
    isBroken: ({ letter, rest }) => letter === "p" && /^[ku]s[\p{L}\p{N}]/u.test(rest),
    advise: () => "the kernel wants a blank or a punctuation mark behind it",
  },
  {
    isBroken: ({ letter, rest }) =>
      letter === "p" && /^[\p{L}\p{N}]/u.test(rest) && !/^(?:[ku]s|[KxsSB]|[iI][46])/.test(rest),
    advise: () => `the kernel knows ${pointers}`,
  },
  {
    since: oneReader,
    isBroken: ({ flags, width, letter }) => flags + width !== "" || letter === "X" || letter === "c",
    advise: ({ letter }) =>
      `write %${letter === "X" ? "x" : letter === "c" ? "d" : letter} where the script shall run on kernels before 5.13`,
  },
  {
    since: oneReader,
    isBroken: ({ letter, rest }) => letter === "p" && /^(?:[KxsS]|[iI][46])/.test(rest),
    advise: () => "before Linux 5.13, write %p, %pks or %pus",
  },
];

/**
 * Finds what the kernel refuses in a format of `bpf_trace_printk` and its relatives. Each printer gives up on the whole
 * text then, so nothing is printed and nobody hears of it.
 *
 * Source: bpf_bprintf_prepare in kernel/bpf/helpers.c; before Linux 5.13, bpf_trace_printk in kernel/trace/bpf_trace.c.
 */
export function findFormatFaults(text: string, version: number): FormatFault[] {
  const faults: FormatFault[] = [];
  let texts = 0;
  for (let at = 0; at < text.length; ) {
    const control = /\\(?:x[0-9a-fA-F]+|[0-7]{1,3}|[abe])/y;
    control.lastIndex = at;
    const escape = control.exec(text)?.[0];
    if (escape !== undefined) {
      if (isRefusedCharacter(escape))
        faults.push({
          index: at,
          part: `"${escape}"`,
          hint: "the kernel prints characters that can be seen, blanks, tabs and line feeds",
        });
      at += escape.length;
    } else if (text[at] === "\\") at += 2;
    else if (text.charCodeAt(at) > 0x7f) {
      const character = String.fromCodePoint(text.codePointAt(at)!);
      if (version < oneReader)
        faults.push({ index: at, part: `"${character}"`, hint: "kernels before 5.13 print ASCII characters only" });
      at += character.length;
    } else if (text[at] !== "%") at++;
    else if (text[at + 1] === "%") {
      if (version < oneReader)
        faults.push({ index: at, part: '"%%"', hint: 'write "percent": kernels before 5.13 cannot print the sign' });
      at += 2;
    } else {
      conversion.lastIndex = at + 1;
      const match = conversion.exec(text)!;
      const [whole, flags = "", position = "", width = "", precision = "", length = "", last = ""] = match;
      // A line feed or a quote behind the sign is no letter of it.
      const letter = last === "\\" ? "" : last;
      const end = at + 1 + whole.length - (last.length - letter.length);
      const part = { flags, position, width, precision, length, letter, rest: text.slice(end) };
      const rule = rules.find(
        ({ since, isBroken }) => (since === undefined || version < since) && isBroken(part, version),
      );
      if (letter === "s") texts++;
      if (rule !== undefined)
        faults.push({ index: at, part: `"${renderPart(text.slice(at, end), part)}"`, hint: rule.advise(part) });
      else if (letter === "s" && texts === 2 && version < oneReader)
        faults.push({ index: at, part: 'a second "%s"', hint: "before Linux 5.13, print one text at a time" });
      at = end;
    }
  }
  return faults;
}

/** With what follows where that is what is refused. */
function renderPart(text: string, { letter, rest }: Conversion): string {
  return letter === "p" || letter === "s" ? text + (/^[\p{L}\p{N}]{0,2}/u.exec(rest)?.[0] ?? "") : text;
}

function isRefusedCharacter(escape: string): boolean {
  if (/^\\[abe]$/.test(escape)) return true;
  const code = escape.startsWith("\\x") ? Number.parseInt(escape.slice(2), 16) : Number.parseInt(escape.slice(1), 8);
  return code !== 0 && !(code >= 0x20 && code < 0x7f) && !(code >= 9 && code <= 13);
}
