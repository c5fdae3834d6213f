import { describe, expect, it } from "vitest";
import { liftPictures } from "../../../runtime/cli/picture-options.ts";

describe("the pictures in a tool's arguments", () => {
  it("go to bpfts, the rest to the tool", () => {
    expect(liftPictures(["-F", "99", "--flame", "a.svg", "--speedscope=b.json", "5"])).toEqual({
      lifted: ["--flame=a.svg", "--speedscope=b.json"],
      rest: ["-F", "99", "5"],
    });
  });

  it("are not BCC's own --folded, and nothing after two dashes", () => {
    expect(liftPictures(["--folded", "5", "--folded=x.txt", "--", "--flame", "a.svg"])).toEqual({
      lifted: ["--folded=x.txt"],
      rest: ["--folded", "5", "--", "--flame", "a.svg"],
    });
  });

  it("need a file", () => {
    for (const args of [["--flame"], ["--flame", ""], ["--speedscope", "-p"]])
      expect(() => liftPictures(args)).toThrow(`${args[0]} names no file`);
  });
});
