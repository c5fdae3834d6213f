import { linkSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { requireOwnFiles } from "../../../runtime/cli/require-own-files.ts";
import { makeFolder } from "../../support/run-cli.ts";

const folder = makeFolder();
const at = (name: string): string => join(folder, name);
writeFileSync(at("tool.ts"), "");
linkSync(at("tool.ts"), at("same"));
symlinkSync("tool.ts", at("link"));

it.each(["tool.ts", "same", "link", "./tool.ts"])("keeps the script from being written over as %s", (name) => {
  expect(() => requireOwnFiles([["--record", at(name)]], [["the script", at("tool.ts")]])).toThrow(
    `--record would write over the script, "${at(name)}"`,
  );
});

it("keeps two options from one file, also from one that is not there yet", () => {
  const files = [
    ["--output", at("new")],
    ["--record", at("./new")],
  ] as const;
  expect(() => requireOwnFiles(files, [])).toThrow(`--output and --record write to one file, "${at("./new")}"`);
});

it("takes devices twice, other files, and options that are not there", () => {
  requireOwnFiles(
    [
      ["--output", "/dev/null"],
      ["--record", "/dev/null"],
      ["--folded", undefined],
      ["--pprof", at("other")],
    ],
    [
      ["the script", at("tool.ts")],
      ["the recording", at("tool.ts")],
    ],
  );
});

it("sees one file that is not there yet behind links to it, and leaves what cannot be opened to who opens it", () => {
  symlinkSync("later", at("to-later"));
  symlinkSync("circle", at("circle"));
  symlinkSync(".", at("here"));
  for (const name of ["to-later", "here/later"])
    expect(() =>
      requireOwnFiles(
        [
          ["--output", at("later")],
          ["--record", at(name)],
        ],
        [],
      ),
    ).toThrow("--output and --record write to one file");
  requireOwnFiles(
    [
      ["--output", at("circle")],
      ["--record", at("nowhere/x")],
    ],
    [["the script", at("circle")]],
  );
});
