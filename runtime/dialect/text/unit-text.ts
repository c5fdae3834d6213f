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
  return {
    ...facts,
    parts: unitParts,
    bodyStart: before.length,
    text: before + body + after,
    source,
    file,
    explain: (message) => explainUnknownName(message, facts),
    locate(line, column): SourceLocation | undefined {
      const index = line - firstLine;
      const start = lineStarts[index];
      const sourceStart = sourceStarts[index];
      if (start === undefined || sourceStart === undefined) return undefined;
      if (column === undefined) {
        const { column: _, ...place } = locateOffset(source, sourceStart);
        return place;
      }
      const end = lineStarts[index + 1] ?? body.length + 1;
      return locateOffset(source, findOrigin(start + countUnits(body.slice(start, end), column - 1)));
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

/** How many UTF-16 code units the first `bytes` bytes of a text's UTF-8 form are. */
export function countUnits(text: string, bytes: number): number {
  let at = 0;
  let left = bytes;
  while (left > 0 && at < text.length) {
    const code = text.codePointAt(at)!;
    left -= code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    at += code < 0x10000 ? 1 : 2;
  }
  return at;
}
