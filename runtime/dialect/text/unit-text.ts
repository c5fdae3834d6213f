import { findLastAtMost } from "../../base/line-index.ts";
import { listLineStarts } from "../../base/location.ts";
import type { SourceLocation } from "../../base/location.ts";
import { locateOffset } from "./pass.ts";
import type { CSource, CUnit, UnitParts } from "./unit.ts";
import { explainUnknownName } from "./unknown-names.ts";

/** Puts a unit together: generated lines, a `#line` that names the user's text, the text, generated lines. */
export function makeUnit(unitParts: UnitParts): CUnit {
  const { source, head, body, tail, findOrigin, facts } = unitParts;
  const { file, line: firstLine } = findFirstLine(source);
  const before = [...head, `#line ${firstLine} ${JSON.stringify(file)}`, ""].join("\n");
  const after = ["", '#line 1 "<bpfts>"', ...tail, ""].join("\n");
  const lineStarts = listLineStarts(body);
  const sourceStarts = listLineStarts(source.text);
  const tables = new Map<number, readonly number[] | undefined>();
  const countLineUnits = (index: number, bytes: number): number => {
    if (!tables.has(index)) tables.set(index, listByteCounts(body.slice(lineStarts[index], lineStarts[index + 1])));
    const counts = tables.get(index);
    return counts === undefined ? bytes : countUnits(counts, bytes);
  };
  return {
    ...facts,
    parts: unitParts,
    bodyStart: before.length,
    text: before + body + after,
    source,
    file,
    explain: (message, line = 0) => {
      const start = lineStarts[line - firstLine];
      const end = lineStarts[line - firstLine + 1];
      return explainUnknownName(message, { ...facts, head }, start === undefined ? "" : body.slice(start, end));
    },
    locate(line, column): SourceLocation | undefined {
      const index = line - firstLine;
      const start = lineStarts[index];
      const sourceStart = sourceStarts[index];
      if (start === undefined || sourceStart === undefined) return undefined;
      if (column === undefined) {
        const { column: _, ...place } = locateOffset(source, sourceStart);
        return place;
      }
      return locateOffset(
        source,
        findOrigin(Math.min(start + countLineUnits(index, column - 1), lineStarts[index + 1] ?? body.length + 1)),
      );
    },
  };
}

/**
 * The file and line that the text begins at: the script's own where the whole
 * text stands in it line by line, so that clang and the verifier quote the
 * script; else the text's name and line 1.
 */
function findFirstLine(source: CSource): { file: string; line: number } {
  const { place } = source;
  const first = place?.locate(0);
  if (place === undefined || first === undefined) return { file: source.name, line: 1 };
  const isWhole = listLineStarts(source.text).every(
    (start, index) => start >= source.text.length || place.locate(start)?.line === first.line + index,
  );
  return isWhole ? { file: place.file, line: first.line } : { file: source.name, line: 1 };
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
