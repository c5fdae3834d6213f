import { describe, expect, it } from "vitest";
import { compileCondition } from "../../../../sdk/print/row-condition.ts";
import type { RowOperator } from "../../../../sdk/wire/row-choice.ts";

function isMet(value: unknown, operator: RowOperator, wanted: string): boolean {
  return compileCondition({ field: "f", operator, value: wanted }).isMet(value);
}

describe("a condition of --filter", () => {
  it.each<[unknown, RowOperator, string, boolean]>([
    [5, "==", "5", true],
    [5, "==", "0x5", true],
    [5, "!=", "5", false],
    [5, ">", "4.5", true],
    [1.5, "<", "2", true],
    [-3, "<", "0", true],
    [0xffff_ffff_ffff_ffffn, "==", "18446744073709551615", true],
    [0xffff_ffff_ffff_ffffn, "==", "18446744073709551614", false],
    [2 ** 53, "==", "9007199254740993", false],
    [1.5, ">", "9007199254740993", false],
    [7n, ">=", "7", true],
    [true, "==", "true", true],
    [true, "!=", "FALSE", true],
    [false, "==", "0", true],
    ["12", ">", "9", true],
    ["18446744073709551615", "==", "18446744073709551615", true],
    ["bash", ">", "9", false],
    ["bash", "!=", "9", true],
    ["-", "<", "z", false],
    ["-", "==", "-", true],
    ["bash", "~", "^ba", true],
    ["bash", "!~", "^ba", false],
    [12, "~", "^1", true],
    [undefined, "==", "", true],
  ])("%s %s %s is %s", (value, operator, wanted, answer) => {
    expect(isMet(value, operator, wanted)).toBe(answer);
  });

  it("does not compare a number with a text", () => {
    expect(() => isMet(5, "==", "bash")).toThrow(/"f" is a number, and is compared with "bash"/);
  });
});
