import type { PrintUse } from "./block-words.ts";
import type { Line, LineProbe } from "./parse-line.ts";
import type { ProbeFunction } from "./probe-kinds.ts";
import type { LineTable } from "./tables.ts";

/** A function of the C text, with the probe that it is for. */
export interface LineFunction {
  readonly probe: LineProbe;
  readonly made: ProbeFunction;
}

/** All that the script is made from. */
export interface TranslatedLine {
  readonly line: Line;
  readonly functions: readonly LineFunction[];
  readonly tables: readonly LineTable[];
  /** Names of the tables that the text declares. */
  readonly ownTables: readonly string[];
  /** Which of them are histograms. */
  readonly ownHistograms: readonly string[];
  readonly prints: readonly PrintUse[];
  readonly usesCommand: boolean;
}
