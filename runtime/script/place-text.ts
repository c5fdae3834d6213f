import { findLastAtMost } from "../base/line-index.ts";
import { listLineStarts } from "../base/location.ts";
import { locateInPlace, makePlaceRuns, placeWhole } from "../base/text-place.ts";
import type { PlaceRun, TextPlace } from "../base/text-place.ts";
import { normalizeText } from "./normalize-text.ts";

/** One piece of C text and where its characters stand in the user's files. */
export interface PlacedText extends TextPlace {
  /** True when the text stands in the file as it is; false when the script changed it (marks replaced, parts joined). */
  readonly exact: boolean;
}

/** A file that C text may stand in, as `normalizeText` leaves it. */
export interface SourceFile {
  readonly file: string;
  readonly text: string;
}

/** A string or template literal, as far as it stands in the file. */
interface Literal extends LiteralText {
  readonly file: string;
  /** The offsets in the file at which its lines start. Few literals are ever asked. */
  readonly listLines: () => readonly number[];
}

/** A literal's text, with the offsets at which runs of characters begin that follow on one another in both. */
interface LiteralText {
  readonly text: string;
  readonly runs: { readonly textStarts: readonly number[]; readonly sourceStarts: readonly number[] };
}

/**
 * Finds where a text that the script handed over stands in the script's files.
 * Any quote may open a literal that has it: each is read forward and compared, so
 * no parser of the language is needed and none can disagree with esbuild's.
 * A text whose marks were replaced is placed line by line.
 */
export function placeText(text: string, sources: readonly SourceFile[]): PlacedText | undefined {
  if (text.trim() === "") return undefined;
  const normal = normalizeText(text);
  const placed = placeNormalText(normal, sources);
  if (placed === undefined || normal === text) return placed;
  const dropped = listDropped(text);
  const countDropped = (offset: number): number =>
    offset > (dropped[0] ?? offset) ? findLastAtMost(dropped, offset - 1) + 1 : 0;
  const end = text.length;
  const runs = makePlaceRuns(placed.file, end, (offset) => locateInPlace(placed, offset - countDropped(offset)));
  return { ...placed, runs, end };
}

/** The offsets of the characters that `normalizeText` drops. */
function listDropped(text: string): number[] {
  return [...text.matchAll(/^\ufeff|\r(?=\n)/g)].map((match) => match.index);
}

function placeNormalText(text: string, sources: readonly SourceFile[]): PlacedText | undefined {
  for (const { file, text: source } of sources) {
    if (source === text) return { ...placeWhole(file, text), exact: true };
    const listLines = rememberLines(source);
    for (const match of source.matchAll(/[`'"]/g)) {
      const first = source[match.index + 1];
      if (first !== text[0] && first !== "\\") continue;
      for (const raw of [false, true]) {
        const literal = readLiteralText(source, match.index, raw);
        const placed = { file, listLines, ...literal };
        if (literal.text === text) return placeLiteral(placed);
      }
    }
  }
  return placeLines(text, listTemplates(sources));
}

/** What any backtick may open, when it has several lines. */
function listTemplates(sources: readonly SourceFile[]): Literal[] {
  return sources.flatMap(({ file, text: source }) => {
    const listLines = rememberLines(source);
    return [...source.matchAll(/`/g)]
      .map(({ index }) => ({ file, listLines, ...readLiteralText(source, index, false) }))
      .filter(({ text }) => text.includes("\n"));
  });
}

function rememberLines(source: string): () => readonly number[] {
  let starts: readonly number[] | undefined;
  return () => (starts ??= listLineStarts(source));
}

/** A text that one literal holds as it is. */
function placeLiteral(literal: Literal): PlacedText {
  const runs: PlaceRun[] = [];
  const end = literal.text.length - 1;
  addRuns(runs, literal, { at: 0, count: literal.text.length, from: 0, last: end }, literal.file);
  return { file: literal.file, exact: true, runs, end };
}

/** Characters of the text that stand in a literal. */
interface LiteralPart {
  /** Units: offset in the text of the first one. */
  readonly at: number;
  readonly count: number;
  /** Units: offset in the literal's text of the first one, and of the last place that any of them has. */
  readonly from: number;
  readonly last: number;
}

function addRuns(runs: PlaceRun[], literal: Literal, { at, count, from, last }: LiteralPart, mainFile: string): void {
  const { file, text } = literal;
  const { textStarts, sourceStarts } = literal.runs;
  const lineStarts = literal.listLines();
  const isElsewhere = file !== mainFile;
  for (let index = 0, step = 1; index < count; index += step) {
    const place = Math.min(from + index, last, text.length - 1);
    const run = findLastAtMost(textStarts, place);
    const source = sourceStarts[run]! + place - textStarts[run]!;
    const line = findLastAtMost(lineStarts, source) + 1;
    const column = source - lineStarts[line - 1]! + 1;
    runs.push({ at: at + index, line, column, ...(isElsewhere && { file }) });
    // What goes past the last place stays there, one by one.
    const ends = [last + 1, textStarts[run + 1] ?? text.length, place + (lineStarts[line] ?? Infinity) - source];
    step = Math.max(1, Math.min(...ends) - from - index);
  }
}

const simpleEscapes: Readonly<Record<string, string>> = {
  n: "\n",
  t: "\t",
  r: "\r",
  b: "\b",
  f: "\f",
  v: "\v",
  "0": "\0",
  "\n": "",
};

/** What stands in a literal for itself, up to a character that may end it or begin an escape. */
const plainRuns: Readonly<Record<string, RegExp>> = {
  "`": /[^`$\\]+/y,
  "'": /[^'\n\\]+/y,
  '"': /[^"\n\\]+/y,
};

/** Reads a string or template literal from its opening quote; stops at `${`, at the closing quote, or where a plain string's line ends. */
function readLiteralText(source: string, start: number, raw: boolean): LiteralText {
  const quote = source[start]!;
  const plain = plainRuns[quote]!;
  const runs = { textStarts: [] as number[], sourceStarts: [] as number[] };
  let text = "";
  const add = (part: string, at: number): void => {
    runs.textStarts.push(text.length);
    runs.sourceStarts.push(at);
    text += part;
  };
  for (let at = start + 1; at < source.length; ) {
    plain.lastIndex = at;
    const run = plain.exec(source)?.[0];
    if (run !== undefined) {
      add(run, at);
      at += run.length;
      continue;
    }
    const character = source[at]!;
    if (character === quote || character === "\n" || (character === "$" && source[at + 1] === "{")) break;
    if (character === "\\" && !raw) {
      const escape = readEscape(source, at);
      // All that an escape stands for is where it begins.
      for (const one of escape.text) add(one, at);
      at += escape.length;
      continue;
    }
    // In raw text a backslash still keeps the quote after it from closing.
    const part = source.slice(at, at + (character === "\\" ? 2 : 1));
    add(part, at);
    at += part.length;
  }
  return { text, runs };
}

/** The same with the offset in the source of each character of the text. */
export function readLiteral(source: string, start: number, raw: boolean): { text: string; offsets: number[] } {
  const { text, runs } = readLiteralText(source, start, raw);
  const offsets = runs.textStarts.flatMap((from, run) =>
    Array.from({ length: (runs.textStarts[run + 1] ?? text.length) - from }, (_, at) => runs.sourceStarts[run]! + at),
  );
  return { text, offsets };
}

function readEscape(source: string, at: number): { text: string; length: number } {
  const code = /^\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|u\{([0-9a-fA-F]+)\})/.exec(source.slice(at, at + 12));
  if (code !== null)
    return { text: String.fromCodePoint(parseInt(code[1] ?? code[2] ?? code[3]!, 16)), length: code[0].length };
  const character = source[at + 1] ?? "";
  return { text: simpleEscapes[character] ?? character, length: 2 };
}

interface PlacedLine {
  readonly literal: Literal;
  /** 0 for the literal's first line. */
  readonly index: number;
  /** Offset of the line in its literal. */
  readonly start: number;
}

/**
 * Places each line that stands in a literal as it is, following on from the line before where a line stands more than once.
 * What was changed in its line keeps its place between lines that were not.
 */
function placeLines(text: string, literals: readonly Literal[]): PlacedText | undefined {
  const wanted = text.split("\n");
  const known = new Map<string, Map<Literal, PlacedLine[]>>(wanted.map((line) => [line, new Map()]));
  for (const literal of literals) {
    let start = 0;
    const lines = literal.text.split("\n");
    for (const [index, line] of lines.entries()) {
      const lists = known.get(line);
      if (lists !== undefined && line.trim() !== "") {
        const list = lists.get(literal) ?? [];
        list.push({ literal, index, start });
        lists.set(literal, list);
      }
      start += line.length + 1;
    }
  }
  const placed: (PlacedLine | undefined)[] = [];
  let last: PlacedLine | undefined;
  const counts = new Map<string, number>();
  for (const line of wanted) {
    const candidates = known.get(line);
    const following = last && findFollowing(candidates?.get(last.literal), last);
    const [only] = candidates?.size === 1 ? [...candidates.values()] : [];
    const chosen: PlacedLine | undefined = following ?? (only?.length === 1 ? only[0] : undefined);
    placed.push(chosen);
    if (chosen !== undefined) {
      last = chosen;
      counts.set(chosen.literal.file, (counts.get(chosen.literal.file) ?? 0) + 1);
    }
  }
  fillGaps(placed);
  const file = [...counts].sort((a, b) => b[1] - a[1])[0]?.[0];
  if (file === undefined) return undefined;
  const starts = listLineStarts(text);
  const runs: PlaceRun[] = [];
  for (const [index, line] of placed.entries()) {
    const at = starts[index]!;
    if (line === undefined) {
      runs.push({ at, line: 0, column: 0 });
      continue;
    }
    const { literal, start } = line;
    const end = literal.text.indexOf("\n", start);
    const last = end < 0 ? literal.text.length : end;
    addRuns(runs, literal, { at, count: (starts[index + 1] ?? text.length + 1) - at, from: start, last }, file);
  }
  return { file, exact: false, runs, end: text.length };
}

/** The first of a literal's lines, in order, behind another line of it. */
function findFollowing(lines: readonly PlacedLine[] | undefined, last: PlacedLine): PlacedLine | undefined {
  if (lines === undefined) return undefined;
  let low = 0;
  let high = lines.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (lines[middle]!.start > last.start) high = middle;
    else low = middle + 1;
  }
  return lines[low];
}

/** Places lines that lie as far apart in the text as in one literal, or as far from its beginning or end. */
function fillGaps(placed: (PlacedLine | undefined)[]): void {
  const known = new Map<Literal, number[]>();
  const listStarts = (literal: Literal): number[] => {
    const starts = known.get(literal) ?? listLineStarts(literal.text);
    known.set(literal, starts);
    return starts;
  };
  for (let from = 0; from < placed.length; from++) {
    if (placed[from] !== undefined) continue;
    let to = from + 1;
    while (to < placed.length && placed[to] === undefined) to++;
    const before = placed[from - 1];
    const literal = (before ?? placed[to])?.literal;
    if (literal === undefined) return;
    const starts = listStarts(literal);
    const first = before === undefined ? 0 : before.index + 1;
    const end = placed[to] ?? { literal, index: starts.length };
    if (end.literal === literal && end.index - first === to - from) {
      for (let at = from; at < to; at++)
        placed[at] = { literal, index: first + at - from, start: starts[first + at - from]! };
    }
    from = to;
  }
}
