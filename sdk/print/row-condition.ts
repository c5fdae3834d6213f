import { makeArgumentError } from "../wire/errors.ts";
import type { RowCondition } from "../wire/row-choice.ts";

/** A condition whose text was read once: it is asked of each row. */
export interface CompiledCondition {
  readonly field: string;
  /** @throws BpfError for a number that is compared with a text */
  readonly isMet: (value: unknown) => boolean;
}

/** Reads a condition's text. */
export function compileCondition({ field, operator, value: wanted }: RowCondition): CompiledCondition {
  if (operator === "~" || operator === "!~") {
    const pattern = new RegExp(wanted);
    const isWanted = operator === "~";
    return { field, isMet: (value) => pattern.test(renderField(value)) === isWanted };
  }
  const isOrdered = orders[operator];
  const number = isNumber(wanted) ? Number(wanted) : undefined;
  const compare = number === undefined ? undefined : compileComparison(wanted, number);
  const isTrue = wanted.toLowerCase() === "true";
  const isTruth = isTrue || wanted.toLowerCase() === "false";
  return {
    field,
    isMet(value) {
      const isBool = typeof value === "boolean";
      if (isBool && isTruth) return isOrdered(Number(value) - Number(isTrue));
      if (isBool || typeof value === "number" || typeof value === "bigint") {
        if (compare !== undefined) return isOrdered(compare(isBool ? Number(value) : value));
        throw makeArgumentError(
          `--filter: "${field}" is ${isBool ? "true or false" : "a number"}, and is compared with "${wanted}"`,
          `for example: ${isBool ? `${field}==true` : "pid==1"}`,
        );
      }
      const text = renderField(value);
      // A text is neither more nor less than a number.
      if (compare !== undefined) return isOrdered(isNumber(text) ? compare(readNumber(text)) : NaN);
      return isOrdered(missing.has(text) && text !== wanted ? NaN : text < wanted ? -1 : text > wanted ? 1 : 0);
    },
  };
}

/** What tools print where a row has no value. */
const missing: ReadonlySet<string> = new Set(["", "-", "?"]);

/** Answers what is negative for a smaller value than the wanted one. Compares all digits of whole numbers. */
function compileComparison(wanted: string, number: number): (value: number | bigint) => number {
  const whole = isWhole(wanted) ? BigInt(wanted) : undefined;
  const isSafe = Number.isSafeInteger(number) || whole === undefined;
  return (value) => {
    if (isSafe && typeof value === "number") return value - number;
    if (whole === undefined || (typeof value === "number" && !Number.isInteger(value))) return Number(value) - number;
    const exact = BigInt(value);
    return exact < whole ? -1 : exact > whole ? 1 : 0;
  };
}

const isNumber = (text: string): boolean => text.trim() !== "" && !Number.isNaN(Number(text));
const isWhole = (text: string): boolean => /^\s*(?:-?\d+|0x[\da-f]+)\s*$/i.test(text);
const readNumber = (text: string): number | bigint => (isWhole(text) ? BigInt(text) : Number(text));

function renderField(value: unknown): string {
  return value === undefined || value === null ? "" : String(value as string);
}

const orders: Readonly<Record<Exclude<RowCondition["operator"], "~" | "!~">, (order: number) => boolean>> = {
  "==": (order) => order === 0,
  "!=": (order) => order !== 0,
  ">=": (order) => order >= 0,
  "<=": (order) => order <= 0,
  ">": (order) => order > 0,
  "<": (order) => order < 0,
};
