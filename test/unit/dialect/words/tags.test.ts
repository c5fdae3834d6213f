import { describe, expect, it } from "vitest";
import { prepare } from "../fake-env.ts";

const listHead = (text: string): string[] => {
  const unit = prepare(text);
  return unit.text
    .slice(0, unit.bodyStart)
    .split("\n")
    .filter((line) => /^(struct|union) \w+( \{.*\})?;$/.test(line));
};

describe("structs that nobody defines", () => {
  it("are declared once, before the functions that name them", () => {
    expect(
      listHead(
        "int f(struct pt_regs *ctx, struct gone *a) { return 0; }\nint g(struct pt_regs *ctx, struct gone *a, union lost *b) { return 0; }",
      ),
    ).toEqual(["struct pt_regs;", "struct gone;", "union lost;"]);
  });

  it("are not when the text or the kernel defines them", () => {
    expect(listHead("struct own { int a; };\nint f(struct own *a, struct sock *b) { return 0; }")).toEqual([]);
  });

  it("get the body that older kernels gave them, with what it contains first", () => {
    const head = listHead("int f(struct itimerspec *t) { return 0; }\nint g(void) { struct timeval v; return 0; }");
    expect(head.map((line) => line.split(" {")[0])).toEqual(["struct timespec", "struct timeval", "struct itimerspec"]);
    expect(listHead("struct timespec { int mine; };\nint f(struct timespec *t) { return 0; }")).toEqual([]);
  });
});
