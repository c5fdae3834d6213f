import { findClosing, splitAtCommas } from "../text/lexer.ts";
import type { TokenRange } from "../text/lexer.ts";
import { addWarning, makeDialectError } from "../text/pass.ts";
import type { Pass } from "../text/pass.ts";

/** A conversion in a format: flags, width, precision, length, letter, and the letters that extend `%p`. */
const conversionPattern =
  /%(?:%|[-+ #0]*(?:\d+|\*)?(?:\.(?:\d+|\*))?(hh|h|ll|l|z|t|j|q|L)?([a-zA-Z])([SsBiIKkaxu]?(?:[46ckh])?)?)/g;
const knownConversions = new Set(["d", "i", "u", "x", "X", "p", "s", "c", "o"]);

/**
 * Turns BCC's `bpf_trace_printk("format", args…)` into `bpfts_printk`, and leaves
 * libbpf's form with an explicit size alone.
 *
 * @throws DialectError for a format that is no literal and comes without its size.
 */
export function rewritePrintk(pass: Pass): void {
  const { tokens, edits } = pass;
  const macros = findLiteralMacros(pass);
  for (let i = 0; i + 1 < tokens.length; i++) {
    const token = tokens[i]!;
    if (token.text !== "bpf_trace_printk" || tokens[i + 1]!.text !== "(") continue;
    if (tokens[i - 1]?.text === "define" || tokens[i - 1]?.text === "*" || tokens[i - 1]?.text === ".") continue;
    const close = findClosing(tokens, i + 1);
    if (close === undefined) throw makeDialectError(pass, token.start, '"bpf_trace_printk(" is never closed');
    const args = splitAtCommas(tokens, i + 1, close);
    const format = args[0];
    if (format === undefined)
      throw makeDialectError(
        pass,
        token.start,
        '"bpf_trace_printk" needs a format',
        'write bpf_trace_printk("text %d\\n", value)',
      );
    if (hasSize(pass, args, macros)) continue;
    if (!isLiteral(pass, format, macros)) {
      if (token.inDirective) {
        edits.replace(token.start, token.end, "bpfts_printk");
        continue;
      }
      throw makeDialectError(
        pass,
        tokens[format.from]!.start,
        'The format of "bpf_trace_printk" must be a string literal',
        "write the format in place, or pass its size as the second argument: bpf_trace_printk(format, sizeof(format), …)",
      );
    }
    checkFormat(pass, format, args.length - 1);
    edits.replace(token.start, token.end, "bpfts_printk");
  }
}

/** libbpf's form: the second argument is the size of the format. */
function hasSize(pass: Pass, args: readonly TokenRange[], macros: ReadonlySet<string>): boolean {
  const second = args[1];
  if (second === undefined) return false;
  const first = pass.tokens[second.from]!;
  if (first.text === "sizeof") return true;
  if (isLiteral(pass, args[0]!, macros)) return false;
  // A name with a number or another name after it: `bpf_trace_printk(fmt, fmt_size, …)` is a function's own parameters.
  return second.to === second.from + 1 && (first.kind === "number" || /size|len/i.test(first.text));
}

/** The macros without parameters that stand for a string: `#define FORMAT "pid %d\n"`. */
function findLiteralMacros({ tokens }: Pass): Set<string> {
  const found = new Set<string>();
  tokens.forEach((token, at) => {
    const name = tokens[at + 1];
    if (
      token.text === "define" &&
      token.inDirective &&
      name?.kind === "word" &&
      tokens[at + 2]?.kind === "string" &&
      tokens[at + 2]!.inDirective
    )
      found.add(name.text);
  });
  return found;
}

function isLiteral(pass: Pass, range: TokenRange, macros: ReadonlySet<string>): boolean {
  const tokens = pass.tokens.slice(range.from, range.to);
  return (
    tokens.some((token) => token.kind === "string" || macros.has(token.text)) &&
    tokens.every(
      (token) => token.kind === "string" || token.kind === "word" || token.text === "(" || token.text === ")",
    )
  );
}

function checkFormat(pass: Pass, format: TokenRange, argCount: number): void {
  const tokens = pass.tokens.slice(format.from, format.to);
  const text = tokens.map((token) => (token.kind === "string" ? token.text.slice(1, -1) : "")).join("");
  if (tokens.some((token) => token.kind === "word")) return;
  const conversions = [...text.matchAll(conversionPattern)].filter((match) => match[0] !== "%%");
  const at = tokens[0]!.start;
  for (const match of conversions) {
    if (!knownConversions.has(match[2]!))
      addWarning(
        pass,
        at,
        `The kernel does not know "${match[0]}" in a bpf_trace_printk format`,
        "it knows %d %u %x %ld %lu %lx %lld %llu %llx %p %s",
      );
  }
  if (conversions.length !== argCount)
    addWarning(pass, at, `The format of "bpf_trace_printk" wants ${conversions.length} values, found ${argCount}`);
  const strings = conversions.filter((match) => match[2] === "s").length;
  if (strings > 1) addWarning(pass, at, 'More than one "%s" in a bpf_trace_printk format works only since Linux 5.13');
}
