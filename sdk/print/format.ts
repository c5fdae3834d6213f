import { makeArgumentError } from "../wire/errors.ts";
import { quoteText, showText } from "../wire/escape-text.ts";
import { decodeUtf8 } from "../wire/utf8.ts";

const conversion = /%(?:(%)|([-+ #0]*)(\*|\d+)?(?:\.(\*|\d+)?)?(hh|h|ll|l|j|z|t|L|q)?([diouxXcsrfFeEgGp]))/g;
/** What was meant as a conversion: a letter that none has, and Python's names. A sign with a space behind it may be one. */
const unknownConversion = /%(?:\(\w+\)|[-+#0]*[\d*]*(?:\.[\d*]*)?)(?:hh|h|ll|l|j|z|t|L|q)?[a-zA-Z]/;

/** Turns values into text by the format that it was compiled from. */
export type Formatter = (values: readonly unknown[]) => string;

const formatters = new Map<string, Formatter>();
/** Formats that a script builds anew for each line must not fill its memory. */
const MAX_FORMATTERS = 256;

/**
 * Formats as C's printf does: flags `-+ #0`, width, precision and `*`, and the conversions
 * `d i u o x X c s f F e E g G p %`. Length modifiers (`ll`, `l`, `h`, …) are accepted and say nothing:
 * a bigint is printed whole, a negative number with its sign under `%u` and `%x`, too, as in Python. `%s` takes any value, `%d` a boolean too.
 * `%s` and `%c` write what a terminal would act on as escape sequences; `%r` writes a text as it is, bytes that are no UTF-8 too.
 *
 * Source: printf(3). Units: widths are UTF-16 code units. @throws BpfError when there are fewer arguments than conversions, one of the wrong kind, or a conversion that there is not
 */
export function formatC(format: string, values: readonly unknown[]): string {
  if (format !== lastFormat) {
    lastFormatter = findFormatter(format);
    lastFormat = format;
  }
  return lastFormatter(values);
}

let lastFormat: string | undefined;
let lastFormatter: Formatter = () => "";

/** @internal The formatter of a format, for who uses one again and again. */
export function findFormatter(format: string): Formatter {
  let formatter = formatters.get(format);
  if (formatter !== undefined) return formatter;
  if (formatters.size >= MAX_FORMATTERS) formatters.clear();
  formatter = compileFormat(format);
  formatters.set(format, formatter);
  return formatter;
}

/**
 * Makes one function out of a format: conversions without flags that matter become a few operations in it, the rest go through
 * the general way. A line of a tool is formatted a million times.
 */
export function compileFormat(format: string): Formatter {
  const literals: string[] = [""];
  const specs: (Spec & { readonly takesWidth: boolean; readonly takesPrecision: boolean })[] = [];
  let end = 0;
  for (const match of format.matchAll(conversion)) {
    const [whole, percent, flags = "", width, precision, , kind = ""] = match;
    const between = format.slice(end, match.index);
    requireNoConversion(format, between);
    literals.push(literals.pop()! + between + (percent ?? ""));
    end = match.index + whole.length;
    if (percent !== undefined) continue;
    const [takesWidth, takesPrecision] = [width === "*", precision === "*"];
    specs.push({
      whole,
      kind,
      flags,
      width: takesWidth ? 0 : Number(width ?? 0),
      precision: whole.includes(".") && !takesPrecision ? Number(precision ?? 0) : undefined,
      takesWidth,
      takesPrecision,
    });
    literals.push("");
  }
  requireNoConversion(format, format.slice(end));
  literals.push(literals.pop()! + format.slice(end));
  return generateFormatter(format, literals, specs);
}

/** Printed as it is, it would leave its value to the conversion behind it. */
function requireNoConversion(format: string, literal: string): void {
  const found = unknownConversion.exec(literal);
  if (found !== null)
    throw makeArgumentError(
      `Cannot format ${JSON.stringify(format)}: there is no conversion "${found[0]}"`,
      "%s takes any value, %d integers, %f numbers, %r a text as it is; write %% for a percent sign",
    );
}

/** `literals[i]` stands before the conversion `specs[i]`, the last one behind all of them. */
function generateFormatter(
  format: string,
  literals: readonly string[],
  specs: readonly (Spec & { readonly takesWidth: boolean; readonly takesPrecision: boolean })[],
): Formatter {
  const pads: string[][] = [];
  const parts = literals[0] === "" ? [] : [JSON.stringify(literals[0])];
  const kept: string[] = [];
  /** Conversions that follow on each other and whose text is kept, up to `MAX_KEPT` of them. */
  let pieces: { readonly value: string; readonly key: string; readonly text: string }[] = [];
  const endPieces = (): void => {
    if (pieces.length === 0) return;
    const text = `text${kept.length}`;
    const keys = pieces.map(({ value }) => `kept_${value}`);
    kept.push(`${text} = ""`, ...keys.map((key) => `${key} = NaN`));
    const isSame = pieces.map(({ value }, index) => `${value} === ${keys[index]}`).join(" && ");
    const keep = pieces.map(({ key }, index) => `${keys[index]} = ${key}`).join(", ");
    parts.push(
      `(${isSame} ? ${text} : (${text} = ${pieces.map((piece) => piece.text).join(" + ")}, ${keep}, ${text}))`,
    );
    pieces = [];
  };
  let next = 0;
  for (const [index, spec] of specs.entries()) {
    const at = next + Number(spec.takesWidth) + Number(spec.takesPrecision);
    const after = literals[index + 1]!;
    const isFixed = !spec.takesWidth && !spec.takesPrecision;
    const fast = isFixed ? compileFast(spec, `a${at}`, after, pads) : undefined;
    const specText = JSON.stringify(spec);
    const starred = `{ ...${specText}, ${spec.takesWidth ? `width: Number(a${next}), ` : ""}${spec.takesPrecision ? `precision: Number(a${at - 1})` : ""} }`;
    const slow = `convert(${isFixed ? specText : starred}, a${at})${after === "" ? "" : ` + ${JSON.stringify(after)}`}`;
    const text = fast === undefined ? slow : `(${fast} : ${slow})`;
    const key = isFixed ? findKey(spec, `a${at}`) : undefined;
    if (key === undefined || pieces.length === MAX_KEPT) endPieces();
    if (key === undefined) parts.push(text);
    else pieces.push({ value: `a${at}`, key, text });
    next = at + 1;
  }
  endPieces();
  const values = Array.from({ length: next }, (_, index) => `a${index} = v[${index}]`);
  const tables = pads.map((_, index) => `const pad${index} = pads[${index}];`).join(" ");
  const source = `${tables} ${kept.length > 0 ? `var ${kept.join(", ")};` : ""} return function (v) { if (v.length < ${next}) refuse(v.length); var ${["t", "n", ...values].join(", ")}; return ${parts.length === 0 ? '""' : parts.join(" + ")}; };`;
  const refuse = (count: number): never => {
    throw makeArgumentError(`Cannot format ${JSON.stringify(format)}: it wants ${next} values, ${count} were given`);
  };
  return (new Function("convert", "refuse", "pads", "show", source) as (...inner: readonly unknown[]) => Formatter)(
    convertOne,
    refuse,
    pads,
    showText,
  );
}

/** So many conversions share one text that is kept: rows name a process and its number next to each other, and what comes behind them differs each time. */
const MAX_KEPT = 2;

/**
 * By what the text of a conversion is known again, NaN where it is not: most rows repeat what the one before said. Undefined for what
 * rarely does, as 64-bit numbers, or has a sign that `===` does not see.
 */
function findKey({ kind, whole }: Spec, value: string): string | undefined {
  if (kind === "s" || kind === "r") return `typeof ${value} === "string" ? ${value} : NaN`;
  return /[diuxXo]/.test(kind) && !/[ljztLq]/.test(whole) ? value : undefined;
}

/** Wider than this, paddings are made anew for each value. */
const MAX_PAD = 64;

/**
 * A test for the usual kind of value and what it and the literal behind it come to, without the general way; undefined where flags ask for more.
 * Paddings are at hand in `pads`, those on the right with the literal behind them: each text that is made costs QuickJS 40 ns.
 */
function compileFast(spec: Spec, value: string, after: string, pads: string[][]): string | undefined {
  if (!/^-?$/.test(spec.flags)) return undefined;
  const isLeft = spec.flags === "-";
  const literal = after === "" ? "" : ` + ${JSON.stringify(after)}`;
  const padded = (text: string): string => {
    if (spec.width === 0) return `${text}${literal}`;
    if (spec.width > MAX_PAD) return `${text}.pad${isLeft ? "End" : "Start"}(${spec.width})${literal}`;
    pads.push(Array.from({ length: spec.width + 1 }, (_, missing) => " ".repeat(missing) + (isLeft ? after : "")));
    const pad = `pad${pads.length - 1}[(n = ${spec.width} - t.length) > 0 ? n : 0]`;
    return `(t = ${text}, ${isLeft ? `t + ${pad}` : `${pad} + t${literal}`})`;
  };
  switch (spec.kind) {
    case "s":
      return spec.precision === undefined ? `typeof ${value} === "string" ? ${padded(`show(${value})`)}` : undefined;
    case "d":
    case "i":
    case "u":
      return spec.precision === undefined
        ? `typeof ${value} === "bigint" || ${value} === (${value} | 0) ? ${padded(`("" + ${value})`)}`
        : undefined;
    case "f":
      // What may lie in the middle of two texts is rounded the general way, as are numbers that are written with an exponent.
      return `typeof ${value} === "number" && ${value} < 1e15 && ${value} > -1e15 && ${value} * ${2 * 10 ** (spec.precision ?? 6)} % 1 !== 0 ? ${padded(`${value}.toFixed(${spec.precision ?? 6})`)}`;
    default:
      return undefined;
  }
}

/** A `*` may give what no format can say: a negative width is the flag `-`, a negative precision is none. */
function convertOne(given: Spec, value: unknown): string {
  const wide = given.width < 0 ? { ...given, width: -given.width, flags: `${given.flags}-` } : given;
  const spec = wide.precision !== undefined && wide.precision < 0 ? { ...wide, precision: undefined } : wide;
  return pad(spec, convert(spec, value, spec.whole));
}

/** One conversion of a format. */
interface Spec {
  /** As it stands in the format, for messages. */
  readonly whole: string;
  readonly flags: string;
  readonly width: number;
  readonly precision: number | undefined;
  readonly kind: string;
}

/** A converted value: its sign or prefix apart, so that zeros can go between. */
interface Converted {
  readonly prefix: string;
  readonly body: string;
  readonly zeroPad: boolean;
}

function convert(spec: Spec, value: unknown, whole: string): Converted {
  switch (spec.kind) {
    case "d":
    case "i":
    case "u":
      return convertInteger(spec, requireInteger(value, whole), 10);
    case "o":
      return convertInteger(spec, requireInteger(value, whole), 8);
    case "x":
    case "X":
      return convertInteger(spec, requireInteger(value, whole), 16);
    case "p":
      return { prefix: "0x", body: BigInt.asUintN(64, requireInteger(value, whole)).toString(16), zeroPad: false };
    case "c": {
      const text =
        typeof value === "number" || typeof value === "bigint"
          ? nameCharacter(Number(value))
          : cutText(String(value), 1);
      return { prefix: "", body: showText(text), zeroPad: false };
    }
    case "s":
      return { prefix: "", body: cutShown(renderText(value), spec.precision), zeroPad: false };
    case "r":
      return {
        prefix: "",
        body: cutText(value instanceof Uint8Array ? decodeUtf8(value) : String(value), spec.precision),
        zeroPad: false,
      };
    default:
      return convertFloat(spec, requireFloat(value, whole));
  }
}

function convertInteger(spec: Spec, value: bigint, radix: number): Converted {
  let digits = (value < 0n ? -value : value).toString(radix);
  if (spec.precision !== undefined)
    digits = spec.precision === 0 && value === 0n ? "" : digits.padStart(spec.precision, "0");
  let prefix = findSign(spec, value < 0n);
  if (spec.flags.includes("#") && radix === 16 && value !== 0n) prefix += "0x";
  if (spec.flags.includes("#") && radix === 8 && !digits.startsWith("0")) digits = `0${digits}`;
  const upper = spec.kind === "X";
  return {
    prefix: upper ? prefix.toUpperCase() : prefix,
    body: upper ? digits.toUpperCase() : digits,
    zeroPad: spec.precision === undefined,
  };
}

function convertFloat(spec: Spec, value: number): Converted {
  const prefix = findSign(spec, value < 0 || Object.is(value, -0));
  const size = Math.abs(value);
  const upper = spec.kind === spec.kind.toUpperCase();
  if (!Number.isFinite(size)) {
    const body = Number.isNaN(size) ? "nan" : "inf";
    return { prefix, body: upper ? body.toUpperCase() : body, zeroPad: false };
  }
  const precision = spec.precision ?? 6;
  const kind = spec.kind.toLowerCase();
  let body =
    kind === "f"
      ? toFixed(size, precision)
      : kind === "e"
        ? toExponent(size, precision)
        : toShortest(size, precision, spec.flags.includes("#"));
  if (spec.flags.includes("#") && !body.includes(".")) body = body.replace(/(?=e|$)/, ".");
  return { prefix, body: upper ? body.toUpperCase() : body, zeroPad: true };
}

function toFixed(value: number, precision: number): string {
  // toFixed turns to exponents at 1e21; integers of that size have no fraction to lose.
  if (value < 1e21) {
    const digits = Math.min(precision, MAX_DIGITS);
    const isTie = (value * 2 * 10 ** digits) % 1 === 0;
    return isTie ? roundToEven(digits, (count) => value.toFixed(count)) : value.toFixed(digits);
  }
  return BigInt(value).toString() + (precision > 0 ? `.${"0".repeat(precision)}` : "");
}

/** So many digits JavaScript writes behind the point. */
const MAX_DIGITS = 100;

/** C rounds what lies exactly in the middle to the even digit, JavaScript to the larger. `write` writes a number with so many digits behind the point. */
function roundToEven(digits: number, write: (digits: number) => string): string {
  const [rounded, exponent] = splitExponent(write(digits));
  if (Number(rounded.at(-1)) % 2 === 0) return rounded + exponent;
  const [exact, exactExponent] = splitExponent(write(MAX_DIGITS));
  const cut = digits === 0 ? exact.indexOf(".") : exact.indexOf(".") + 1 + digits;
  const below = exact.slice(0, cut);
  return /^\.?50*$/.test(exact.slice(cut)) && Number(below.at(-1)) % 2 === 0
    ? below + exactExponent
    : rounded + exponent;
}

function splitExponent(text: string): readonly [digits: string, exponent: string] {
  const [digits = "", exponent = ""] = text.split(/(?=e)/);
  return [digits, exponent];
}

function toExponent(value: number, precision: number): string {
  return roundToEven(Math.min(precision, MAX_DIGITS), (digits) => value.toExponential(digits)).replace(
    /e([+-])(\d)$/,
    "e$10$2",
  );
}

function toShortest(value: number, precision: number, keepZeros: boolean): string {
  const digits = precision === 0 ? 1 : precision;
  const exponent = value === 0 ? 0 : Number(value.toExponential(digits - 1).split("e")[1]);
  const text =
    exponent < -4 || exponent >= digits ? toExponent(value, digits - 1) : toFixed(value, digits - 1 - exponent);
  return keepZeros ? text : text.replace(/(\.\d*?)0+(e|$)/, "$1$2").replace(/\.(e|$)/, "$1");
}

function findSign(spec: Spec, negative: boolean): string {
  if (negative) return "-";
  if (spec.kind === "u" || spec.kind === "x" || spec.kind === "X" || spec.kind === "o") return "";
  return spec.flags.includes("+") ? "+" : spec.flags.includes(" ") ? " " : "";
}

function pad(spec: Spec, { prefix, body, zeroPad }: Converted): string {
  const missing = spec.width - prefix.length - body.length;
  if (missing <= 0) return prefix + body;
  if (spec.flags.includes("-")) return prefix + body + " ".repeat(missing);
  if (spec.flags.includes("0") && zeroPad) return prefix + "0".repeat(missing) + body;
  return " ".repeat(missing) + prefix + body;
}

/** Shows a text in so many columns at most; a control character that does not fit is left out, and not shown in part. */
function cutShown(text: string, precision: number | undefined): string {
  const shown = showText(text);
  if (precision === undefined || shown.length <= precision) return shown;
  if (shown.length === text.length) return cutText(shown, precision);
  let cut = "";
  for (const character of text) {
    const next = cut + showText(character);
    if (next.length > precision) break;
    cut = next;
  }
  return cut;
}

function cutText(text: string, precision: number | undefined): string {
  if (precision === undefined || text.length <= precision) return text;
  // Half of a character that takes two of JavaScript's is none.
  return /[\ud800-\udbff]/.test(text) ? Array.from(text).slice(0, precision).join("") : text.slice(0, precision);
}

function renderText(value: unknown): string {
  return value instanceof Uint8Array
    ? Array.from(value, (byte) => byte.toString(16).padStart(2, "0")).join("")
    : String(value);
}

function requireInteger(value: unknown, whole: string): bigint {
  if (typeof value === "bigint") return value;
  if (typeof value === "number" && Number.isFinite(value)) return BigInt(Math.trunc(value));
  if (typeof value === "boolean") return value ? 1n : 0n;
  throw makeArgumentError(`Cannot format ${describe(value)} with "${whole}": it wants an integer`);
}

function requireFloat(value: unknown, whole: string): number {
  if (typeof value === "number") return value;
  if (typeof value === "bigint") return Number(value);
  throw makeArgumentError(`Cannot format ${describe(value)} with "${whole}": it wants a number`);
}

function describe(value: unknown): string {
  return typeof value === "string" ? quoteText(value) : String(value);
}

/** The character of a number. A negative one is a byte, as C converts it; what no character has is its lowest byte, too. */
function nameCharacter(number: number): string {
  const isCharacter = Number.isInteger(number) && number >= 0 && number <= 0x10ffff;
  return String.fromCodePoint(isCharacter ? number : Math.trunc(number) & 0xff);
}
