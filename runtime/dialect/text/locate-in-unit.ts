import { findLastAtMost } from "../../base/line-index.ts";
import { listLineStarts } from "../../base/location.ts";
import type { SourceLocation } from "../../base/location.ts";
import type { DialectEnv } from "./env.ts";
import { findOrigin } from "./origins.ts";
import { locateOffset } from "./pass.ts";
import type { CUnit } from "./unit.ts";
import { explainUnknownName } from "./unknown-names.ts";

/** What the dialect knows of clang's messages about a unit. */
export interface UnitMessages {
  /** The place in the user's text that a message about `unit.file` means. Units: line and column as clang reports them, from 1, columns in bytes. */
  locate(line: number, column?: number): SourceLocation | undefined;
  /** A hint for a message about a line of `unit.file`, where the dialect knows more than clang. */
  explain(message: string, line?: number): string | undefined;
}

/** Opens what is known of the messages about a unit; `names` is asked about names that clang does not know. */
export function readMessages(unit: CUnit, names: MessageNames): UnitMessages {
  return {
    locate: (line, column) => locateInUnit(unit, line, column),
    explain: (message, line) => explainInUnit(unit, names, message, line),
  };
}

type MessageNames = Pick<DialectEnv, "findUnloadedModule" | "listHelpers" | "macros">;

/** What is found once for a unit, however many messages are about it. */
interface UnitLines {
  readonly body: readonly number[];
  readonly source: readonly number[];
  /** For each line with characters of several bytes, how many bytes stand before each UTF-16 code unit. */
  readonly byteCounts: Map<number, readonly number[] | undefined>;
}

const known = new WeakMap<CUnit, UnitLines>();

function readLines(unit: CUnit): UnitLines {
  const lines = known.get(unit) ?? {
    body: listLineStarts(unit.parts.body),
    source: listLineStarts(unit.source.text),
    byteCounts: new Map(),
  };
  known.set(unit, lines);
  return lines;
}

/**
 * Finds the place in the user's text that a message about `unit.file` means.
 * Units: line and column as clang reports them (1-based, columns in bytes).
 */
export function locateInUnit(unit: CUnit, line: number, column?: number): SourceLocation | undefined {
  const lines = readLines(unit);
  const index = line - unit.firstLine;
  const start = lines.body[index];
  const sourceStart = lines.source[index];
  if (start === undefined || sourceStart === undefined) return undefined;
  if (column === undefined) {
    const { column: _, ...place } = locateOffset(unit.source, sourceStart);
    return place;
  }
  const end = lines.body[index + 1] ?? unit.parts.body.length + 1;
  const offset = Math.min(start + countLineUnits(unit, lines, index, column - 1), end);
  return locateOffset(unit.source, findOrigin(unit.parts.origins, offset));
}

function explainInUnit(unit: CUnit, names: MessageNames, message: string, line = 0): string | undefined {
  const { body } = readLines(unit);
  const index = line - unit.firstLine;
  const start = body[index];
  const text = start === undefined ? "" : unit.parts.body.slice(start, body[index + 1]);
  return explainUnknownName(
    message,
    {
      includes: unit.includes,
      maps: unit.maps,
      head: unit.parts.head,
      findUnloadedModule: names.findUnloadedModule,
      listHelpers: names.listHelpers,
      macros: names.macros,
    },
    text,
  );
}

function countLineUnits(unit: CUnit, { body, byteCounts }: UnitLines, index: number, bytes: number): number {
  if (!byteCounts.has(index))
    byteCounts.set(index, listByteCounts(unit.parts.body.slice(body[index], body[index + 1])));
  const counts = byteCounts.get(index);
  return counts === undefined ? bytes : countUnits(counts, bytes);
}

/** For each UTF-16 code unit of a line how many bytes of its UTF-8 form stand before it; undefined where the two are the same. */
function listByteCounts(line: string): readonly number[] | undefined {
  if (/^[\0-\x7f]*$/.test(line)) return undefined;
  const counts: number[] = [];
  let bytes = 0;
  for (const character of line) {
    // The second half of a pair has no place of its own.
    for (let half = 0; half < character.length; half++) counts.push(bytes + half);
    bytes += Buffer.byteLength(character);
  }
  counts.push(bytes);
  return counts;
}

/** How many UTF-16 code units the first `bytes` bytes of a line are. */
function countUnits(counts: readonly number[], bytes: number): number {
  const at = findLastAtMost(counts, bytes);
  return counts[at]! < bytes && at + 1 < counts.length ? at + 1 : at;
}
