/** A difference that is as it should be, with the reason. */
export interface Explained {
  /** On which side the row stands alone. */
  readonly side: Side;
  readonly row: RegExp;
  readonly reason: string;
}

/** BCC's tool or ours. */
export type Side = "bcc" | "ours";

/** How the output of one tool becomes rows that can be compared. */
export interface RowRules {
  /** The lines that belong to the workload and the headers; all when absent. */
  readonly only?: RegExp;
  /** What differs from run to run: the pattern and what takes its place, in order, before the rest. */
  readonly replace?: readonly (readonly [pattern: RegExp, text: string])[];
  /** Each match is a number that two measurements need not agree on. */
  readonly near?: RegExp;
  /** How far two such numbers may lie apart: a share of the larger one, and as much besides. */
  readonly tolerance?: { readonly share: number; readonly slack: number };
  /** Turns all lines into others first: sums a histogram, for instance. */
  readonly transform?: (lines: readonly string[]) => readonly string[];
  /** Whether rows must come in the same order. */
  readonly isOrdered?: boolean;
  readonly explained?: readonly Explained[];
}

/** What a comparison found. */
export interface Comparison {
  /** Rows that both have. */
  readonly equal: readonly string[];
  readonly explained: readonly { readonly side: Side; readonly row: string; readonly reason: string }[];
  readonly unexplained: readonly { readonly side: Side; readonly row: string }[];
}

interface Row {
  readonly text: string;
  /** The text with each near number as `#`. */
  readonly key: string;
  readonly numbers: readonly number[];
}

/** Compares what two tools print, row by row: each row of one must stand in the other, as often. */
export function compareOutputs(theirs: string, ours: string, rules: RowRules = {}): Comparison {
  const left = readRows(theirs, rules);
  const rest = readRows(ours, rules);
  const equal: string[] = [];
  const alone: { side: Side; row: string }[] = [];
  let from = 0;
  for (const row of left) {
    const at = rest.findIndex((other, index) => index >= from && isSame(row, other, rules));
    if (at < 0) {
      alone.push({ side: "bcc", row: row.text });
      continue;
    }
    equal.push(row.text);
    rest.splice(at, 1);
    // What stood before the match has no partner any more when order counts.
    if (rules.isOrdered === true) from = at;
  }
  alone.push(...rest.map((row) => ({ side: "ours" as const, row: row.text })));
  const explained = alone.flatMap(({ side, row }) => {
    const found = rules.explained?.find((reason) => reason.side === side && reason.row.test(row));
    return found === undefined ? [] : [{ side, row, reason: found.reason }];
  });
  const known = new Set(explained.map(({ side, row }) => `${side} ${row}`));
  return { equal, explained, unexplained: alone.filter(({ side, row }) => !known.has(`${side} ${row}`)) };
}

function readRows(output: string, rules: RowRules): Row[] {
  const lines = output.split("\n").map((line) => line.trimEnd());
  return (rules.transform?.(lines) ?? lines).flatMap((line) => {
    if (line === "" || rules.only?.test(line) === false) return [];
    const text = (rules.replace ?? []).reduce((before, [pattern, by]) => before.replace(pattern, by), line);
    const numbers = rules.near === undefined ? [] : [...text.matchAll(rules.near)].map(([number]) => Number(number));
    const marked = rules.near === undefined ? text : text.replace(rules.near, "#");
    // Widths of columns may follow from a number's width.
    const key = marked.replace(/ +/g, " ").trim();
    return key === "" ? [] : [{ text: text.replace(/ +/g, " ").trim(), key, numbers }];
  });
}

function isSame(left: Row, right: Row, rules: RowRules): boolean {
  if (left.key !== right.key || left.numbers.length !== right.numbers.length) return false;
  const { share, slack } = rules.tolerance ?? { share: 0, slack: 0 };
  return left.numbers.every((number, at) => {
    const other = right.numbers[at]!;
    return Math.abs(number - other) <= slack + share * Math.max(Math.abs(number), Math.abs(other));
  });
}

/**
 * Sums each histogram to a row, for measurements that fall into neighbouring intervals now and then: `usecs: 12`. Other lines stay. A histogram is a
 * header with its unit and rows of intervals.
 */
export function sumHistograms(lines: readonly string[]): string[] {
  const rows: string[] = [];
  let unit: string | undefined;
  let sum = 0;
  const close = (): void => {
    if (unit !== undefined) rows.push(`${unit}: ${sum}`);
    unit = undefined;
    sum = 0;
  };
  for (const line of lines) {
    const header = /^\s+(\S+)\s+: count\s+distribution$/.exec(line);
    const interval = /^\s+\d+(?: -> \d+)?\s+: (\d+)\s+\|/.exec(line);
    if (header !== null) {
      close();
      unit = header[1]!;
    } else if (interval !== null && unit !== undefined) sum += Number(interval[1]);
    else {
      close();
      rows.push(line);
    }
  }
  close();
  return rows;
}

/** Adds up folded stacks that read the same. Other lines stay. */
export function sumFolded(lines: readonly string[]): string[] {
  const sums = new Map<string, number>();
  const others: string[] = [];
  for (const line of lines) {
    const match = /^(\S.*;.*) (\d+)$/.exec(line);
    if (match === null) others.push(line);
    else sums.set(match[1]!, (sums.get(match[1]!) ?? 0) + Number(match[2]));
  }
  return [...others, ...[...sums].map(([stack, count]) => `${stack} ${count}`)];
}
