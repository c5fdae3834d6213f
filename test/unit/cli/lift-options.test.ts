import { describe, expect, it } from "vitest";
import { liftOptions } from "../../../runtime/cli/lift-options.ts";

describe("the options of bpfts in a tool's arguments", () => {
  it("go to bpfts, the rest to the tool", () => {
    expect(liftOptions(["-F", "99", "--flame", "a.svg", "--speedscope=b.json", "5"], "")).toEqual({
      lifted: ["--flame=a.svg", "--speedscope=b.json"],
      rest: ["-F", "99", "5"],
    });
  });

  it("are not BCC's own --folded, and nothing after two dashes", () => {
    expect(liftOptions(["--folded", "5", "--folded=x.txt", "--", "--flame", "a.svg"], "")).toEqual({
      lifted: ["--folded=x.txt"],
      rest: ["--folded", "5", "--", "--flame", "a.svg"],
    });
  });

  it("need a file", () => {
    for (const args of [["--flame"], ["--flame", ""], ["--speedscope", "-p"]])
      expect(() => liftOptions(args, "")).toThrow(`${args[0]} names no file`);
  });

  it("have values of their own kinds, or none", () => {
    expect(liftOptions(["--max-events", "5", "--utc", "-x", "--output=o.txt"], "")).toEqual({
      lifted: ["--max-events=5", "--utc", "--output=o.txt"],
      rest: ["-x"],
    });
    expect(() => liftOptions(["--max-events"], "")).toThrow("--max-events has no value");
  });

  it("have a short name for the output", () => {
    expect(liftOptions(["-o", "o.txt", "-x"], "")).toEqual({ lifted: ["--output=o.txt"], rest: ["-x"] });
    for (const tool of ['flags: ["-o", "--older"]', 'flags: ["--output"]'])
      expect(liftOptions(["-o", "500"], tool)).toEqual({ lifted: [], rest: ["-o", "500"] });
    expect(() => liftOptions(["-o"], "")).toThrow("-o names no file");
  });

  it("have a short name for the command", () => {
    expect(liftOptions(["-x", "-c", "ls -l /tmp"], "")).toEqual({ lifted: ["--command=ls -l /tmp"], rest: ["-x"] });
    expect(liftOptions(["-c", "5", "--command", "ls"], 'flags: ["-c", "--count"]')).toEqual({
      lifted: ["--command=ls"],
      rest: ["-c", "5"],
    });
    expect(() => liftOptions(["-x", "-c"], "")).toThrow("-c has no value");
  });

  it("stay the tool's where it has them itself", () => {
    const args = ["--max-events", "5", "--utc"];
    expect(liftOptions(args, 'flags: ["-M", "--max-events"]')).toEqual({
      lifted: ["--utc"],
      rest: ["--max-events", "5"],
    });
  });
});
