import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import * as errors from "../../../runtime/base/errors.ts";

/** Statuses by code, as the manual's table tells them. */
function readManual(): Map<string, number[]> {
  const manual = readFileSync(new URL("../../../sdk/README.md", import.meta.url), "utf8");
  const rows = [...manual.matchAll(/^\| *([\d, ]+?) *\| *(`BPFTS_[^|]*?) *\|/gm)];
  return new Map(
    rows.flatMap(([, statuses, codes]) =>
      [...codes!.matchAll(/`(\w+)`/g)].map(([, code]) => [code!, statuses!.split(", ").map(Number)] as const),
    ),
  );
}

/** One error of each class; what a class wants besides a message comes first. */
const first: Readonly<Record<string, readonly unknown[]>> = {
  UnsupportedFeatureError: ["btf"],
  VerifierError: ["on_open"],
  CommandError: [127],
};

const classes = Object.entries(errors).filter(([name]) => name !== "BpftsError") as [
  string,
  new (...args: readonly unknown[]) => errors.BpftsError,
][];

describe("the exit status", () => {
  it.each(classes)("of %s is the manual's", (name, make) => {
    const error = new make(...(first[name] ?? []), "message");
    expect([error.name, error.message]).toEqual([name, "message"]);
    expect(readManual().get(error.code)).toContain(error.exitCode);
  });

  it("is told for each class and for nothing else", () => {
    const codes = classes.map(([name, make]) => new make(...(first[name] ?? []), "message").code);
    expect([...readManual().keys()].sort()).toEqual([...codes].sort());
  });

  it("is in the help as it is in the manual", () => {
    const main = readFileSync(new URL("../../../runtime/cli/main.ts", import.meta.url), "utf8");
    const help = main.slice(main.indexOf("Exit status:"));
    const told = [...help.matchAll(/^ {2}(\d+(?:, \d+)*)/gm)].flatMap(([, numbers]) =>
      numbers!.split(", ").map(Number),
    );
    const wanted = new Set([0, ...[...readManual().values()].flat()]);
    expect([...told].sort()).toEqual([...wanted].sort());
  });
});
