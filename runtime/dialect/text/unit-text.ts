import { listLineStarts } from "../../base/location.ts";
import { locateInPlace } from "../../base/text-place.ts";
import type { CSource, CUnit, UnitParts } from "./unit.ts";

/** Puts a unit together: generated lines, a `#line` that names the user's text, the text, generated lines. */
export function makeUnit(parts: UnitParts): CUnit {
  const { source, head, body, tail, facts } = parts;
  const { file, line: firstLine } = findFirstLine(source);
  const before = [...head, `#line ${firstLine} ${JSON.stringify(file)}`, ""].join("\n");
  const after = ["", '#line 1 "<bpfts>"', ...tail, ""].join("\n");
  return { ...facts, parts, bodyStart: before.length, text: before + body + after, source, file, firstLine };
}

/**
 * The file and line that the text begins at: the script's own where the whole
 * text stands in it line by line, so that clang and the verifier quote the
 * script; else the text's name and line 1.
 */
export function findFirstLine(source: CSource): { file: string; line: number } {
  const { place } = source;
  const first = place && locateInPlace(place, 0);
  if (place === undefined || first === undefined) return { file: source.name, line: 1 };
  const isWhole = listLineStarts(source.text).every((start, index) => {
    const position = locateInPlace(place, start);
    return start >= source.text.length || (position?.line === first.line + index && position.file === first.file);
  });
  return isWhole ? { file: first.file, line: first.line } : { file: source.name, line: 1 };
}
