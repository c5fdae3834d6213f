import { type Comparison, compareOutputs } from "./compare-rows.ts";
import type { ToolRow } from "./tool-rows.ts";

/** What one tool did in the guest. */
export interface SideResult {
  /** Whether it attached its probes before the workload ran. */
  readonly ready?: boolean;
  /** From its start to its readiness. Units: seconds. */
  readonly start?: number;
  readonly status?: number | null;
  readonly out: string;
  readonly err: string;
}

/** What the guest leaves for one row. */
export interface PairResult {
  readonly name: string;
  readonly bcc: SideResult;
  readonly ours: SideResult;
  /** What the workload printed. */
  readonly work: string;
  readonly trouble?: string;
  readonly seconds: number;
}

/** A row with its judgement. */
export interface JudgedPair {
  readonly name: string;
  readonly isGood: boolean;
  readonly equal: number;
  readonly explained: number;
  readonly unexplained: number;
  /** Sentences for below the table. */
  readonly remarks: readonly string[];
}

/** Judges what the two tools printed. */
export function judgePair(name: string, row: ToolRow, result: PairResult | undefined): JudgedPair {
  const none = { name, isGood: false, equal: 0, explained: 0, unexplained: 0 };
  if (result === undefined) return { ...none, remarks: ["it did not run"] };
  const complaint = describeTrouble(result);
  if (row.cannotRun !== undefined) {
    const isSo = row.cannotRun.test(result.bcc.err + result.bcc.out);
    const words = lastLine(result.bcc.err);
    return {
      ...none,
      isGood: isSo && result.ours.ready === true,
      remarks: [`BCC's cannot run here: ${words}${isSo ? "" : ` (expected ${row.cannotRun.source})`}`],
    };
  }
  if (complaint !== undefined) return { ...none, remarks: complaint };
  const found: Comparison = compareOutputs(result.bcc.out, result.ours.out, row);
  const remarks = [
    ...new Set(found.explained.map(({ side, reason }) => `${side === "bcc" ? "BCC's" : "ours"} alone: ${reason}`)),
    ...found.unexplained.map((alone) => `unexplained, ${alone.side} alone: ${alone.row}`),
  ];
  if (found.equal.length < row.atLeast)
    remarks.push(
      `${found.equal.length} equal rows, ${row.atLeast} were expected; the workload said: ${result.work.slice(0, 500)}`,
    );
  return {
    name,
    isGood: found.unexplained.length === 0 && found.equal.length >= row.atLeast,
    equal: found.equal.length,
    explained: found.explained.length,
    unexplained: found.unexplained.length,
    remarks,
  };
}

/** Judges what ours printed on one kernel beside what it printed on another; without another, whether it printed enough. */
export function judgeAlone(
  name: string,
  { cannotRun: _, ...row }: ToolRow,
  result: PairResult | undefined,
  other = result,
): JudgedPair {
  if (result === undefined || other === undefined) return judgePair(name, row, undefined);
  const [theirs, ours] = [other.ours.out, result.ours.out].map((text) =>
    text.replace(/\b[0-9a-f]{16}\b/g, "ADDRESS").replace(/"\/[^"]*\/bin\//g, '"$BIN/'),
  ) as [string, string];
  return judgePair(
    name,
    {
      ...row,
      replace: [...(row.replace ?? []), [findForeignNumbers(theirs, ours), "N"]],
      // What took so long on one day takes any time on another.
      tolerance: { share: 1, slack: 0 },
    },
    { ...result, bcc: { ...other.ours, out: theirs }, ours: { ...result.ours, out: ours } },
  );
}

/** Finds numbers of processes and ports: those of three digits and more that only one of two runs has. */
function findForeignNumbers(theirs: string, ours: string): RegExp {
  const [left, right] = [theirs, ours].map((text) => new Set(text.match(/(?<![.\d])\d{3,}\b(?!\.)/g)));
  const foreign = [...left!, ...right!].filter((number) => !(left!.has(number) && right!.has(number)));
  return new RegExp(`(?<![.\\d])(?:${foreign.join("|") || "(?!)"})\\b(?!\\.)`, "g");
}

function describeTrouble(result: PairResult): string[] | undefined {
  const troubles = (["bcc", "ours"] as const).flatMap((side) =>
    // Some end by themselves.
    result[side].ready === true || result[side].status === 0
      ? []
      : [`${side} was not ready: ${lastLine(result[side].err) || lastLine(result[side].out)}`],
  );
  if (result.trouble !== undefined) troubles.push(`the guest: ${result.trouble}`);
  return troubles.length === 0 ? undefined : troubles;
}

function lastLine(text: string): string {
  return text.trimEnd().split("\n").slice(-3).join(" / ");
}

/** Renders the table and the remarks under it. */
export function renderReport(pairs: readonly JudgedPair[]): string {
  const line = (cells: readonly (string | number)[]): string =>
    cells.map((cell, at) => (at === 0 ? String(cell).padEnd(22) : String(cell).padStart(12))).join("");
  return [
    line(["tool", "equal", "explained", "unexplained"]),
    ...pairs.flatMap(({ name, equal, explained, unexplained, isGood, remarks }) => [
      `${line([name, equal, explained, unexplained])}${isGood ? "" : "   FAIL"}`,
      ...remarks.map((remark) => `    ${remark}`),
    ]),
    `${pairs.filter(({ isGood }) => isGood).length} of ${pairs.length} tools agree`,
  ].join("\n");
}
