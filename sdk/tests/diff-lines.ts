import { renderValue } from "../print/render-value.ts";

/** A value that is shorter stands on one line. */
const LINE = 40;
/** Larger values are shown one after the other: to compare them takes the square of their lines. */
const MAX_COMPARED = 400;

/** A value as lines: a text as it is, an object or a list that is long, or opened, with a line for each member. */
export function listLines(value: unknown, isOpened = false): string[] {
  if (typeof value === "string") return value.split("\n");
  return renderLines(value, "", "", isOpened);
}

/** The lines of two values: members stand below each other in both where one of them is long. */
export function diffValues(expected: unknown, value: unknown): string[] {
  const isOpened = [expected, value].some((one) => listLines(one).length > 1);
  return diffLines(listLines(expected, isOpened), listLines(value, isOpened));
}

function renderLines(value: unknown, before: string, after: string, isOpened = false): string[] {
  const short = renderValue(value, { bigints: "n", depth: 1 });
  const isList = Array.isArray(value);
  if (typeof value !== "object" || value === null || short === "[]" || short === "{}") return [before + short + after];
  if (!isList && Object.getPrototypeOf(value) !== Object.prototype) return [before + short + after];
  if (!isOpened && short.length <= LINE && !short.includes("…")) return [before + short + after];
  const members = Object.entries(value);
  const inner = members.flatMap(([name, item]) => renderLines(item, isList ? "" : `${name}: `, ","));
  return [before + (isList ? "[" : "{"), ...inner.map((line) => `  ${line}`), (isList ? "]" : "}") + after];
}

/** The lines of two texts: "-" stands before what was expected and is not there, "+" before what is there and was not expected. */
function diffLines(expected: readonly string[], value: readonly string[]): string[] {
  const [rows, columns] = [expected.length, value.length];
  if (rows > MAX_COMPARED || columns > MAX_COMPARED)
    return [
      ...expected.slice(0, MAX_COMPARED).map((line) => `- ${line}`),
      ...value.slice(0, MAX_COMPARED).map((line) => `+ ${line}`),
    ];
  // How long the longest common part of the rests is.
  const common = Array.from({ length: rows + 1 }, () => new Uint16Array(columns + 1));
  for (let row = rows - 1; row >= 0; row--)
    for (let column = columns - 1; column >= 0; column--)
      common[row]![column] =
        expected[row] === value[column]
          ? common[row + 1]![column + 1]! + 1
          : Math.max(common[row + 1]![column]!, common[row]![column + 1]!);
  const lines: string[] = [];
  let [row, column] = [0, 0];
  while (row < rows || column < columns) {
    if (row < rows && column < columns && expected[row] === value[column]) {
      lines.push(`  ${expected[row]!}`);
      row++;
      column++;
    } else if (column >= columns || (row < rows && common[row + 1]![column]! >= common[row]![column + 1]!))
      lines.push(`- ${expected[row++]!}`);
    else lines.push(`+ ${value[column++]!}`);
  }
  return dropFar(lines);
}

/** Lines without a change that stand close to one are kept. */
const NEAR = 3;

function dropFar(lines: readonly string[]): string[] {
  const isNear = lines.map((_, at) =>
    lines.slice(Math.max(0, at - NEAR), at + NEAR + 1).some((line) => !line.startsWith(" ")),
  );
  return lines.flatMap((line, at) => (isNear[at]! ? [line] : isNear[at - 1] === true || at === 0 ? ["  …"] : []));
}
