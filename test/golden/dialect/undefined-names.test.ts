import { describe, expect, it } from "vitest";
import { CompileError } from "../../../runtime/base/errors.ts";
import { buildUnit } from "../../../runtime/session/build/build-unit.ts";
import { clangs, openTools } from "../../support/build-text.ts";

/** A name that nothing defines: what stands before the program, the call, the name, the next step. */
const cases: readonly [name: string, before: string, call: string, hint: RegExp][] = [
  ["strlen", "", "__builtin_strlen(text)", /bpf_probe_read_kernel_str/],
  ["strcmp", "", "__builtin_strcmp(text, text + 1)", /bpf_strncmp/],
  ["helper", "static int helper(int a);", "helper(3)", /give it a body/],
  ["outside", "extern int outside(int a);", "outside(3)", /give it a body/],
  ["counter", "extern int counter;", "counter", /a value/],
  ["format", "extern int format(const char *f, ...);", 'format("x", 1, 2)', /give it a body/],
];

describe.each(clangs)("a name that nothing defines, by clang $version", ({ clang }) => {
  const tools = openTools(clang);
  const build = (before: string, call: string): unknown =>
    buildUnit(
      {
        text: `\n${before}\nint kprobe__f(struct pt_regs *ctx) {\n  char text[16];\n  bpf_get_current_comm(text, 16);\n  return ${call};\n}\n`,
        name: "<text>",
      },
      [],
      tools,
    );

  it.each(cases)("%s is named at its line, with a next step", (name, before, call, hint) => {
    try {
      build(before, call);
      expect.fail("it was accepted");
    } catch (error) {
      expect(error).toBeInstanceOf(CompileError);
      const { message, location, hint: said } = error as CompileError;
      expect(message).toBe(`C: nothing defines "${name}"`);
      expect(said).toMatch(hint);
      expect(location).toMatchObject({ line: 6 });
    }
  });

  it("is no name that libbpf asks the kernel for, and no weak one", () => {
    build(
      "extern int LINUX_KERNEL_VERSION __kconfig; extern int bpf_nonesuch(int a) __ksym __weak;",
      "LINUX_KERNEL_VERSION + (bpf_nonesuch ? bpf_nonesuch(1) : 0)",
    );
  });

  it("that is close to a helper's is asked about", () => {
    for (const [call, hint] of [
      ["bpf_ktime_get_n()", /did you mean "bpf_ktime_get_ns"\?/],
      ["strlen(text)", /bpf_probe_read_kernel_str/],
      ["printk(text)", /bpf_trace_printk/],
    ] as const)
      expect(() => build("", call)).toThrow(
        expect.objectContaining({ hint: expect.stringMatching(hint) as string }) as Error,
      );
  });
});

describe.each(clangs)("a program of which clang $version leaves nothing", ({ clang }) => {
  it.each(["u64 *p = 0; *p = 1; return 0;", "*(u32 *)0 = 1; return 0;", "__builtin_unreachable();"])(
    "is named at its place: %s",
    (body) => {
      const text = `int kprobe__g(struct pt_regs *ctx) { return 0; }\nint kprobe__f(struct pt_regs *ctx) { ${body} }\n`;
      const build = (): unknown => buildUnit({ text, name: "<text>" }, [], openTools(clang));
      expect(build).toThrow(
        expect.objectContaining({
          message: 'C: clang leaves nothing of "kprobe__f"',
          location: expect.objectContaining({ line: 2, column: 5 }) as unknown,
        }) as Error,
      );
    },
  );
});
