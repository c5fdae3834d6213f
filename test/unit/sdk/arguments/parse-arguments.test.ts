import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import type { ArgumentSpec } from "../../../../sdk/arguments/argument-spec.ts";
import { readArguments } from "../../../../sdk/arguments/parse-arguments.ts";
import { root } from "../../../support/run-cli.ts";

/** The command line of `python-answers.py`. */
const spec = {
  description: "Count things",
  examples: "examples:\n    ./tool -p 181    # one process",
  arguments: {
    pid: { flags: ["-p", "--pid"], type: "int", help: "trace this process only" },
    timestamp: { flags: ["-T", "--timestamp"], help: "include a timestamp on output" },
    ipv4: { flags: ["-4", "--ipv4"], help: "IPv4 only" },
    ipv6: { flags: ["-6", "--ipv6"], help: "IPv6 only" },
    mode: { flags: ["-m", "--mode"], choices: ["fast", "slow"], help: "how it counts" },
    exclude: {
      flags: ["-x", "--exclude"],
      type: "string",
      repeat: true,
      help: "leave these out, a name that may be given more than once",
    },
    threshold: { flags: ["--threshold"], type: "float", default: 0.5, help: "seconds, %(default)s by default" },
    interval: { type: "int", default: 99999999, help: "output interval, in seconds" },
    count: { type: "int", optional: true, help: "number of outputs" },
  },
  exclusive: [["ipv4", "ipv6"]],
} as const;

const lines: readonly (readonly string[])[] = [
  [],
  ["-h"],
  ["--help"],
  ["--he"],
  ["-Th"],
  ["-p", "5"],
  ["-p5"],
  ["-p=5"],
  ["--pid=5"],
  ["--pid", "-5"],
  ["-p", "-5"],
  ["--pi", "7", "2", "3"],
  ["-Tp", "12"],
  ["-Tp12", "4"],
  ["--", "3"],
  ["--ipv", "1"],
  ["-4", "-6"],
  ["-4", "-4"],
  ["-m", "fast"],
  ["-m", "quick"],
  ["-x", "a", "--exclude=b", "-xc"],
  ["--threshold", "1e-3"],
  ["--threshold", "x"],
  ["--threshold"],
  ["-p", "-T"],
  ["-p", "x"],
  ["-p", "1_000"],
  ["-p", "5.0"],
  ["five"],
  ["1", "2", "3"],
  ["1", "2", "3", "4"],
  ["-z"],
  ["-Tz"],
  ["--nothing", "1"],
  ["--nothing=1", "-z", "9"],
  ["--timestamp=1"],
  ["-T", "-T"],
  ["-p", ""],
  ["", "1"],
];

/** As Python prints values: None for what is not given. */
function answer(words: readonly string[]): unknown {
  const parsed = readArguments("tool", spec, words);
  if (!("values" in parsed)) return { text: parsed.text, status: parsed.status };
  const plain = Object.entries(parsed.values).map(([name, value]) => [
    name,
    value === undefined || (Array.isArray(value) && value.length === 0) ? null : value,
  ]);
  return { values: Object.fromEntries(plain) };
}

describe("a tool's command line", () => {
  const { stdout, stderr } = spawnSync("python3", [`${root}test/unit/sdk/arguments/python-answers.py`], {
    input: JSON.stringify(lines),
    encoding: "utf8",
  });
  const python = JSON.parse(stdout || JSON.stringify(stderr)) as readonly unknown[];

  it.each(lines.map((line, index) => [line.join(" "), line, index] as const))(
    "reads `%s` as argparse does",
    (_, line, index) => {
      expect(answer(line)).toEqual(python[index]);
    },
  );

  it("takes positional arguments before and behind flags, where argparse takes no second one", () => {
    expect(readArguments("tool", spec, ["1", "-T", "2"])).toMatchObject({
      values: { interval: 1, timestamp: true, count: 2 },
    });
  });

  it("suggests a flag for one that is nearly right", () => {
    const parsed = readArguments("tool", spec, ["--timestmap"]);
    expect(parsed).toMatchObject({ status: 2, text: expect.stringContaining("(did you mean --timestamp?)") });
  });

  it("asks for what is missing, and takes the rest where an argument repeats", () => {
    const needs = { arguments: { pattern: {}, files: { repeat: true } } } as const satisfies {
      arguments: Record<string, ArgumentSpec>;
    };
    expect(readArguments("tool", needs, [])).toMatchObject({
      status: 2,
      text: expect.stringContaining("the following arguments are required: pattern"),
    });
    expect(readArguments("tool", needs, ["a", "b", "c"])).toEqual({ values: { pattern: "a", files: ["b", "c"] } });
  });

  it("asks for at least one of an argument that repeats where it may not be left out", () => {
    const several = { arguments: { probes: { repeat: true, optional: false, metavar: "probe" } } } as const;
    expect(readArguments("trace", several, ["a", "b"])).toEqual({ values: { probes: ["a", "b"] } });
    expect(readArguments("trace", several, [])).toEqual({
      text: "usage: trace [-h] probe [probe ...]\ntrace: error: the following arguments are required: probe\n",
      status: 2,
    });
  });

  it("knows the types of its values", () => {
    const parsed = readArguments("tool", spec, []);
    if (!("values" in parsed)) throw new Error(parsed.text);
    const { pid, timestamp, interval, exclude, mode } = parsed.values;
    const typed: [number | undefined, boolean, number, readonly string[], "fast" | "slow" | undefined] = [
      pid,
      timestamp,
      interval,
      exclude,
      mode,
    ];
    expect(typed).toEqual([undefined, false, 99999999, [], undefined]);
  });
});
