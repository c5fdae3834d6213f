import { TraceMap, originalPositionFor } from "@jridgewell/trace-mapping";
import type { SourceLocation } from "../base/location.ts";

const opened = new Map<string, TraceMap>();

/**
 * Opens a source map and answers a look-up from places in the bundle (1-based
 * line and column) to places in the sources. Parsing is put off to the first
 * call: only errors ask.
 */
export function openSourceMap(map: string): (line: number, column: number) => SourceLocation | undefined {
  return (line, column) => {
    let trace = opened.get(map);
    if (trace === undefined) opened.set(map, (trace = new TraceMap(map)));
    const found = originalPositionFor(trace, { line, column: column - 1 });
    if (found.source === null) return undefined;
    return { file: found.source, line: found.line, column: found.column + 1 };
  };
}
