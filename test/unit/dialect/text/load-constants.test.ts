import { describe, expect, it } from "vitest";
import { liftConstants } from "../../../../runtime/dialect/text/load-constants.ts";

const lift = (text: string): ReturnType<typeof liftConstants> => liftConstants({ text, name: "<text>" });

describe("numbers that are set when a text is loaded", () => {
  it("leave zeros in a text of the same length", () => {
    const { source, constants } = lift("const volatile u32 pid = 4711;\nstatic const volatile u64 id = 0x10ULL;\n");
    expect(source.text).toBe("const volatile u32 pid = 0   ;\nstatic const volatile u64 id = 0      ;\n");
    expect(constants).toEqual([
      { name: "pid", value: 4711n, size: 4 },
      { name: "id", value: 16n, size: 8 },
    ]);
  });

  it.each([
    ["in a function", "int f(void) { const volatile u32 pid = 4711; return pid; }"],
    ["in a comment", "/* const volatile u32 pid = 4711; */"],
    ["in a macro", "#define PID const volatile u32 pid = 4711;\nPID"],
    ["twice", "#ifdef A\nconst volatile u32 pid = 1;\n#else\nconst volatile u32 pid = 2;\n#endif"],
    ["too large", "const volatile u32 pid = 4294967296;"],
    ["too large for a sign", "const volatile int pid = 0x80000000;"],
    ["octal", "const volatile u32 pid = 0777;"],
    ["an expression", "const volatile u32 pid = 4 + 711;"],
    ["a list", "const volatile u32 pid = 1, other = 2;"],
    ["another type", "const volatile struct pid p = 1;"],
    ["not volatile", "const u32 pid = 4711;"],
  ])("stay where they are: %s", (_, text) => {
    const { source, constants } = lift(text);
    expect({ text: source.text, constants }).toEqual({ text, constants: [] });
  });
});
