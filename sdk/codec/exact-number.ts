import { makeDecodeError } from "../wire/errors.ts";

/** A number for a bigint. `name` is what the value is called. @throws BpfError for one that a number would round */
export function readNumber(value: bigint, name: string): number {
  const number = Number(value);
  if (Number.isSafeInteger(number)) return number;
  throw makeDecodeError(
    `Cannot read ${name} as a number: it is ${value}, and numbers are exact up to 2^53`,
    'read it as a bigint: leave out { u64: "number" }',
  );
}
