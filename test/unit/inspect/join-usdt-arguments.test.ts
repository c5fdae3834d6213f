import { describe, expect, it } from "vitest";
import { joinUsdtArguments } from "../../../runtime/inspect/list/user-sources.ts";
import { parseUsdtArguments } from "../../../runtime/kernel/hooks/usdt-arguments.ts";

describe("the arguments of a USDT probe with several places", () => {
  it.each([
    [["1@%dil", "-4@%edi"], ["s32"]],
    [["-1@%dil", "4@%edi"], ["s64"]],
    [["2@%di", "4@%edi"], ["u32"]],
    [["-2@%di", "8@%rdi"], ["s64"]],
    [
      ["4@%edi", "4@%edi -8@%rsi"],
      ["u32", "s64"],
    ],
    [[], []],
  ])("%j have the types that hold them from all", (lists, types) => {
    const joined = joinUsdtArguments(lists.map((list) => parseUsdtArguments(list, "x86")));
    expect(joined.map(({ type }) => type)).toEqual(types);
    expect(joined.map(({ name }) => name)).toEqual(types.map((_, index) => `arg${index + 1}`));
  });
});
