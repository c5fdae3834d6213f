import { describe, expect, it } from "vitest";
import { readClangFlags } from "../../../runtime/base/clang-flags.ts";
import { checkCflags } from "../../../runtime/compile/cflags.ts";

const scope = { folder: "/tree", covers: (path: string) => path === "/tree" || path.startsWith("/tree/") };

describe("a script's flags for clang", () => {
  it("pass when they change the code alone, with folders made absolute", () => {
    const plain = [
      "-DX",
      "-DX=a b\nc",
      "-DF(x, ...)=x",
      "-UX",
      "-Wall",
      "-Wno-error=unused",
      "-O2",
      "-std=gnu11",
      "-g",
      "-fno-builtin-memcpy",
    ];
    expect(checkCflags(plain, scope)).toEqual(plain);
    expect(checkCflags(["-D", "X=1", "-U", "Y", "-mllvm", "-bpf-stack-size=1024"], scope)).toEqual([
      "-D",
      "X=1",
      "-U",
      "Y",
      "-mllvm",
      "-bpf-stack-size=1024",
    ]);
    expect(checkCflags(["-Isub", "-I", "/tree/x", "-iquotesub"], scope)).toEqual([
      "-I/tree/sub",
      "-I/tree/x",
      "-iquote/tree/sub",
    ]);
  });

  it.each([
    [["-fplugin=x.so"], 'The flag "-fplugin=x.so" is not allowed in cflags'],
    [["-Xclang", "-load"], 'The flag "-Xclang" is not allowed in cflags'],
    [["-D", "-fplugin=x.so"], 'The flag "-D" is not allowed in cflags'],
    [["-D1"], 'The flag "-D1" is not allowed in cflags'],
    [["-Wp,-MD,x"], 'The flag "-Wp,-MD,x" is not allowed in cflags'],
    [["-fno-builtin=../x"], 'The flag "-fno-builtin=../x" is not allowed in cflags'],
    [["-mllvm", "-stats"], 'The flag "-mllvm" is not allowed in cflags'],
    [["-E"], 'The flag "-E" in cflags is no way to an object, which bpfts needs from clang'],
    [["-I/etc"], 'The flag "-I/etc" in cflags names a folder that the script may not read: "/etc"'],
    [["-I", "../x"], 'The flag "-I ../x" in cflags names a folder that the script may not read: "/x"'],
    [["-DX\0"], 'The flag cflags[0] has a NUL character in it: "-DX\\u0000"'],
    [["-DX", ""], "The flag cflags[1] is empty"],
  ])("are refused with the flag and the next step: %j", (flags, message) => {
    expect(() => checkCflags(flags, scope)).toThrowError(
      expect.objectContaining({ message, hint: expect.stringMatching(/\w/) }),
    );
  });

  it("are taken apart with the words that belong to them", () => {
    expect(readClangFlags(["-I", "a", "-Ib", "-I", "-D", "X", "x.c"])).toEqual([
      { kind: "folder", words: ["-I", "a"], folder: "a", option: "-I" },
      { kind: "folder", words: ["-Ib"], folder: "b", option: "-I" },
      { kind: "other", words: ["-I"] },
      { kind: "code", words: ["-D", "X"] },
      { kind: "other", words: ["x.c"] },
    ]);
  });
});
