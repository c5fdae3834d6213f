import { listLineStarts } from "../../base/location.ts";
import type { SourceLocation } from "../../base/location.ts";
import { locateInPlace } from "../../base/text-place.ts";
import type { CSource } from "../../dialect/text/unit.ts";

/** Opens what places lines of a text that a script put together. Units: line and column from 1 */
export function openLineLocator({ text, name, place }: CSource): (line: number, column?: number) => SourceLocation {
  const starts = listLineStarts(text);
  const locate = (offset: number): SourceLocation | undefined => place && locateInPlace(place, offset);
  return (line, column = 1) => {
    const start = starts[line - 1] ?? text.length;
    const end = starts[line] ?? text.length + 1;
    const exact = start + column - 1 < end ? locate(start + column - 1) : undefined;
    if (exact !== undefined) return exact;
    // The beginning of a line may be what another text was made into.
    for (let at = start; at < end; at++) {
      const found = locate(at);
      if (found !== undefined) return found;
    }
    // A line that the script has made stands in none of its files.
    return { file: name, line, column, lineText: text.slice(start, end).trimEnd() };
  };
}
