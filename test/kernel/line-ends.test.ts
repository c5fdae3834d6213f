import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { makeFolder, parseCliError, runCli, writeScript } from "../support/run-cli.ts";

const folder = makeFolder();
const mark = "\ufeff";

const ways: Readonly<
  Record<
    string,
    {
      readonly script: readonly string[];
      readonly file?: string;
      readonly c?: readonly string[];
      readonly place: { line: number; column: number };
    }
  >
> = {
  "in the script": {
    script: [
      'import { BPF } from "bpfts";',
      "void new BPF({ text: `",
      "int f(void *ctx) {",
      "  return nothing;",
      "}",
      "` });",
      "",
    ],
    place: { line: 4, column: 10 },
  },
  "in src_file": {
    script: ['import { BPF } from "bpfts";', 'void new BPF({ src_file: "tool.c" });', ""],
    file: "tool.c",
    c: ["int f(void *ctx) {", "  return nothing;", "}", ""],
    place: { line: 2, column: 10 },
  },
  "in C that the script imports": {
    script: ['import { BPF } from "bpfts";', 'import text from "./text.c";', "void new BPF({ text });", ""],
    file: "text.c",
    c: ["int f(void *ctx) {", "  return nothing;", "}", ""],
    place: { line: 2, column: 10 },
  },
  "in a header": {
    script: [
      'import { BPF } from "bpfts";',
      'void new BPF({ text: `#include "own.h"\nint f(void *ctx) { return own(); }` });',
      "",
    ],
    file: "own.h",
    c: ["static int own(void) {", "  return nothing;", "}", ""],
    place: { line: 2, column: 10 },
  },
};

describe.each(Object.entries(ways))("C text %s", (name, { script, file, c, place }) => {
  it.each([
    ["\\r", "\r", ""],
    ["\\r\\n and a byte-order mark", "\r\n", mark],
  ])("compiles, and its errors are placed, with lines ended by %s", async (_end, end, start) => {
    const write = (word: string): string => {
      const join_ = (lines: readonly string[]): string => start + lines.join(end).replace("nothing", word);
      if (file !== undefined) writeFileSync(join(folder, file), join_(c!));
      return writeScript(folder, "script.ts", join_(script));
    };
    const wrong = await runCli(["check", "--no-load", "--json-errors", write("nothing")]);
    expect(parseCliError(wrong)).toMatchObject({
      message: expect.stringContaining("nothing"),
      location: {
        ...place,
        file: join(folder, file ?? "script.ts"),
        lineText: expect.stringContaining("return nothing;"),
      },
    });
    expect(parseCliError(wrong).location?.line, name).toBe(place.line);
    expect(await runCli(["check", "--no-load", write("0")])).toMatchObject({ status: 0, stderr: "" });
  });
});
