import { findClosing, splitAtCommas } from "../text/lexer.ts";
import type { Token, TokenRange } from "../text/lexer.ts";
import { addWarning, makeDialectError } from "../text/pass.ts";
import type { Pass } from "../text/pass.ts";
import { findFormatFaults } from "./format-rules.ts";

/** A conversion in a format: flags, width, precision, length, letter, and the letters that extend `%p`. */
const conversionPattern =
  /%(?:%|[-+ #0]*(?:\d+|\*)?(?:\.(?:\d+|\*))?(hh|h|ll|l|z|t|j|q|L)?([a-zA-Z])([SsBiIKkaxu]?(?:[46ckh])?)?)/g;

/** What prints in a program, and which argument its format is. */
const printers: Readonly<Record<string, number>> = {
  bpf_trace_printk: 0,
  bpf_printk: 0,
  bpf_trace_vprintk: 0,
  bpf_seq_printf: 1,
  BPF_SEQ_PRINTF: 1,
  bpf_snprintf: 2,
  BPF_SNPRINTF: 2,
};

/**
 * Turns BCC's `bpf_trace_printk("format", args…)` into `bpfts_printk`, and leaves
 * libbpf's form with an explicit size alone.
 *
 * @throws DialectError for a format that is no literal and comes without its size, and for one that the kernel refuses.
 */
export function rewritePrintk(pass: Pass, version: number): void {
  const { tokens, edits } = pass;
  checkFormats(pass, version);
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
    checkCount(pass, format, args.length - 1);
    edits.replace(token.start, token.end, "bpfts_printk");
  }
}

/** Every printer gives up on a format with one wrong conversion, and says so to nobody. */
function checkFormats(pass: Pass, version: number): void {
  const { tokens } = pass;
  for (let i = 0; i + 1 < tokens.length; i++) {
    const token = tokens[i]!;
    if (token.kind !== "word" || tokens[i + 1]!.text !== "(" || !Object.hasOwn(printers, token.text)) continue;
    if (tokens[i - 1]?.text === "define") continue;
    const close = findClosing(tokens, i + 1);
    const format = close === undefined ? undefined : splitAtCommas(tokens, i + 1, close)[printers[token.text]!];
    if (format !== undefined) checkFormat(pass, token, format, version);
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

/** @throws DialectError for a conversion that the kernel refuses */
function checkFormat(pass: Pass, call: Token, format: TokenRange, version: number): void {
  const literals = findLiterals(pass, format);
  const text = literals.map((token) => token.text.slice(1, -1)).join("");
  const [fault] = findFormatFaults(text, version);
  if (fault === undefined) return;
  const message = `The kernel refuses ${fault.part} in a format, and prints nothing then`;
  const isCertain = !call.inDirective && !isConditional(pass, call);
  if (isCertain) throw makeDialectError(pass, findOffset(literals, fault.index), message, fault.hint);
  // Whether this is compiled, the preprocessor knows.
  const words = JSON.stringify(`${message}: ${fault.hint}`.replaceAll('"', "'"));
  pass.edits.insert(call.start, `({ _Static_assert(0, ${words}); 0; }) + `);
}

/** The string literals of a format: in place, of an array that is declared before, or of a macro; none when it is made of more. */
function findLiterals(pass: Pass, format: TokenRange): readonly Token[] {
  const tokens = pass.tokens.slice(format.from, format.to);
  if (tokens.every(({ kind }) => kind === "string")) return tokens;
  const [name] = tokens;
  if (tokens.length !== 1 || name?.kind !== "word") return [];
  for (let i = format.from; i >= 0; i--) {
    const token = pass.tokens[i]!;
    if (token.text !== name.text) continue;
    const isMacro = pass.tokens[i - 1]?.text === "define";
    const close = pass.tokens[i + 1]?.text === "[" ? findClosing(pass.tokens, i + 1) : undefined;
    const start = isMacro ? i + 1 : close !== undefined && pass.tokens[close + 1]?.text === "=" ? close + 2 : undefined;
    if (start === undefined) continue;
    let end = start;
    while (pass.tokens[end]?.kind === "string") end++;
    return pass.tokens.slice(start, end);
  }
  return [];
}

/** The place in the text of an index into the literals' joined texts. */
function findOffset(literals: readonly Token[], index: number): number {
  let left = index;
  for (const token of literals) {
    const length = token.end - token.start - 2;
    if (left < length) return token.start + 1 + left;
    left -= length;
  }
  return literals[0]!.start;
}

/** Whether a token stands between `#if` and `#endif`. */
function isConditional({ tokens }: Pass, token: Token): boolean {
  let depth = 0;
  for (let i = 0; i + 1 < tokens.length && tokens[i]!.start < token.start; i++) {
    if (!tokens[i]!.inDirective || tokens[i]!.text !== "#") continue;
    if (/^(?:if|ifdef|ifndef)$/.test(tokens[i + 1]!.text)) depth++;
    else if (tokens[i + 1]!.text === "endif") depth--;
  }
  return depth > 0;
}

function checkCount(pass: Pass, format: TokenRange, argCount: number): void {
  const tokens = pass.tokens.slice(format.from, format.to);
  const text = tokens.map((token) => (token.kind === "string" ? token.text.slice(1, -1) : "")).join("");
  if (tokens.some((token) => token.kind === "word")) return;
  const conversions = [...text.matchAll(conversionPattern)].filter((match) => match[0] !== "%%");
  if (conversions.length !== argCount)
    addWarning(
      pass,
      tokens[0]!.start,
      `The format of "bpf_trace_printk" wants ${conversions.length} values, found ${argCount}`,
    );
}
