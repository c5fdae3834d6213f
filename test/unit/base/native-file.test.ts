import { describe, expect, it } from "vitest";
import { findNativeFile } from "../../../runtime/base/native-file.ts";

describe("a compiled file", () => {
  const built = "/p/build/Release/bpfts.node";
  const brought = `/p/dist/prebuilt/linux-${process.arch}/bpfts.node`;

  it.each([
    [[built, brought], built],
    [[built], built],
    [[brought], brought],
    [[], built],
  ])("with %j there, is %s", (files, wanted) => {
    expect(findNativeFile("/p", "bpfts.node", (path) => files.includes(path))).toBe(wanted);
  });
});
