import { describe, expect, it } from "vitest";
import { parseTokens } from "../../../../runtime/dialect/text/lexer.ts";
import { findKernelMacro, listConditionNames } from "../../../../runtime/dialect/words/kernel-macros.ts";
import { fakeEnv, prepare } from "../fake-env.ts";

/** The constants that stand before a prepared text. */
function listHead(text: string, env: Partial<typeof fakeEnv> = {}): string[] {
  return prepare(text, env).parts.head.flatMap((line) => /^#define (\w+ \S+)$/.exec(line)?.[1] ?? []);
}

describe("the kernel's macros before a text", () => {
  it("are those that it names", () => {
    expect(listHead("int f(void *ctx) { return EPERM | O_CREAT; }")).toEqual(["EPERM 1", "O_CREAT 0x40"]);
    expect(listHead("#define FLAGS (O_CREAT)\nint f(void *ctx) { return 0; }")).toEqual(["O_CREAT 0x40"]);
    expect(listHead("#if EPERM > 1\n#endif")).toEqual(["EPERM 1"]);
    expect(listHead("int f(void *ctx) { return 0; }")).toEqual([]);
  });

  it("are those, too, that functions of the headers are made of", () => {
    expect(listHead("int f(void *ctx, int m) { return S_ISREG(m); }")).toEqual(["S_IFMT 0xf000", "S_IFREG 0x8000"]);
  });

  it.each([
    ["a macro", "#define EPERM 5\nint f(void *ctx) { return EPERM; }"],
    ["an enumerator", "enum mine { ZERO, EPERM = 5 }; int f(void *ctx) { return EPERM; }"],
    ["a variable", "int f(void *ctx) { int EPERM = 5; return EPERM; }"],
    ["a member", "struct e { u64 EPERM; }; int f(struct e *e) { return e->EPERM; }"],
    ["a table", "BPF_HASH(EPERM); int f(void *ctx) { EPERM.increment(1); return 0; }"],
    ["a function", "static int EPERM(int a) { return a; } int f(void *ctx) { return EPERM(1); }"],
  ])("leave %s of the text's own alone", (_, text) => {
    expect(listHead(text)).not.toContain("EPERM 1");
  });

  it("give way to the running kernel's enumerators", () => {
    expect(findKernelMacro("TASK_COMM_LEN", fakeEnv)).toBeUndefined();
    expect(findKernelMacro("TASK_COMM_LEN", { ...fakeEnv, findEnumValue: () => undefined })).toBe("16");
  });

  it("have HZ of the kernel's configuration, not the one that programs are told", () => {
    expect(listHead("int f(void *ctx) { return HZ; }")).toEqual(["HZ 250"]);
    expect(listHead("int f(void *ctx) { return HZ; }", { findKernelConfig: () => undefined })).toEqual([]);
  });

  it("are what headers of the user's own want, and not what a text wants for itself", () => {
    expect(listHead("", { wantedMacros: ["EPERM"] })).toEqual(["EPERM 1"]);
    expect(listHead("int f(void *ctx) { return EPERM; }", { ownMacros: ["EPERM"] })).toEqual([]);
  });
});

describe("listConditionNames", () => {
  it("finds what conditions ask for, and not what a header gives itself", () => {
    const header =
      "#ifndef GUARD_H\n#define GUARD_H\n#if defined(O_PATH) || EPERM == 1\nint a = ENOENT;\n#elif ECHO\n#endif\n#endif\n";
    expect([...listConditionNames(parseTokens(header))]).toEqual(["O_PATH", "EPERM", "ECHO"]);
  });
});
