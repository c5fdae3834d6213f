import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { BpftsError, ClangCrashError, CompileError } from "../../../runtime/base/errors.ts";
import { signedDivisionClang } from "../../../runtime/compile/backend-refusals.ts";
import { buildUnit } from "../../../runtime/session/build/build-unit.ts";
import { buildText, clangs, openTools } from "../../support/build-text.ts";

/** C that is right and that BPF has no code for: the line that must be named, and what must be said. */
const cases: readonly { name: string; body: string; before?: string; line: number; message: RegExp; hint: RegExp }[] = [
  {
    name: "signed division",
    body: "s64 d = bpf_ktime_get_ns();\n  return d / 1000000;",
    line: 5,
    message: /unsigned numbers only/,
    hint: /\(u64\)a \/ b/,
  },
  {
    name: "signed remainder",
    body: "s64 d = bpf_ktime_get_ns();\n  return d % 10;",
    line: 5,
    message: /unsigned numbers only/,
    hint: /\(u64\)a \/ b/,
  },
  {
    name: "an array of a length that only the run knows",
    body: "int n = bpf_ktime_get_ns();\n  char x[n];\n  return bpf_get_current_comm(x, n);",
    line: 5,
    message: /known only at run time/,
    hint: /BPF_PERCPU_ARRAY/,
  },
  {
    name: "alloca",
    body: "char *x = __builtin_alloca(bpf_get_prandom_u32() & 63);\n  return bpf_get_current_comm(x, 16);",
    line: 4,
    message: /known only at run time/,
    hint: /constant length/,
  },
  {
    name: "a function with ...",
    before:
      "static __noinline int sum(int n, ...) { __builtin_va_list l; __builtin_va_start(l, n); int r = __builtin_va_arg(l, int); __builtin_va_end(l); return r; }",
    body: "return sum(2, 3, 4);",
    line: 2,
    message: /variable number of arguments/,
    hint: /one by one/,
  },
  {
    name: "floating point",
    body: "double d = bpf_ktime_get_ns();\n  return d * 1.5;",
    line: 4,
    message: /no floating-point numbers/,
    hint: /whole numbers/,
  },
  {
    name: "a square root",
    body: "return __builtin_sqrt(bpf_ktime_get_ns());",
    line: 4,
    message: /no floating-point numbers/,
    hint: /whole numbers/,
  },
  {
    name: "128 bits",
    body: "unsigned __int128 p = (unsigned __int128)bpf_ktime_get_ns() * bpf_get_current_pid_tgid();\n  return p >> 64;",
    line: 4,
    message: /128 bits/,
    hint: /64 bits/,
  },
  {
    name: "an overflow check",
    body: "u64 r;\n  return __builtin_mul_overflow(bpf_ktime_get_ns(), bpf_get_current_pid_tgid(), &r);",
    line: 5,
    message: /128 bits/,
    hint: /64 bits/,
  },
  {
    name: "600 bytes of stack",
    body: "char buf[600];\n  bpf_probe_read_kernel(buf, sizeof(buf), ctx);\n  return bpf_probe_read_kernel(buf + 8, 500, buf);",
    line: 6,
    message: /512 bytes of stack/,
    hint: /BPF_PERCPU_ARRAY/,
  },
  {
    name: "six arguments",
    before:
      "static __noinline int f(int a, int b, int c, int d, int e, int g) { return bpf_get_prandom_u32() + a + b + c + d + e + g; }",
    body: "int n = bpf_ktime_get_ns();\n  return f(n, n + 1, n + 2, n + 3, n + 4, n + 5);",
    line: 5,
    message: /at most five arguments/,
    hint: /pointer to a struct/,
  },
  {
    name: "a struct that is returned",
    before:
      "struct big { u64 a, b, c; }; static __noinline struct big f(u64 x) { struct big b = { x, bpf_get_prandom_u32(), 3 }; return b; }",
    body: "struct big b = f(bpf_ktime_get_ns());\n  return b.a + b.b;",
    line: 2,
    message: /returns one number/,
    hint: /pointer argument/,
  },
  {
    name: "a struct that is passed",
    before:
      "struct big { u64 a, b, c; }; static __noinline u64 f(struct big b) { return b.a + bpf_get_prandom_u32(); }",
    body: "struct big b = { bpf_ktime_get_ns(), 2, 3 };\n  return f(b);",
    line: 5,
    message: /struct by value/,
    hint: /pointer/,
  },
  {
    name: "a computed goto",
    body: "static void *t[] = { &&a, &&b };\n  goto *t[bpf_get_prandom_u32() & 1];\na: return 1;\nb: return 2;",
    line: 4,
    message: /jump to an address/,
    hint: /switch/,
  },
  {
    name: "a large copy",
    before: "struct s { char a[4096]; }; BPF_ARRAY(t, struct s, 2);",
    body: "int z = 0, o = 1;\n  struct s *a = t.lookup(&z), *b = t.lookup(&o);\n  if (!a || !b) return 0;\n  memcpy(a, b, sizeof(*a));\n  return 0;",
    line: 7,
    message: /cannot call memcpy/,
    hint: /constant size/,
  },
  {
    name: "a copy of a size that only the run knows",
    before: "struct s { char a[64]; }; BPF_ARRAY(t, struct s, 2);",
    body: "int z = 0, o = 1;\n  struct s *a = t.lookup(&z), *b = t.lookup(&o);\n  if (!a || !b) return 0;\n  memcpy(a, b, bpf_get_prandom_u32() & 63);\n  return 0;",
    line: 7,
    message: /cannot call memcpy/,
    hint: /constant size/,
  },
  {
    name: "a large clearing",
    before: "struct s { char a[40960]; }; BPF_ARRAY(t, struct s, 2);",
    body: "int z = 0;\n  struct s *a = t.lookup(&z);\n  if (!a) return 0;\n  memset(a, 0, sizeof(*a));\n  return 0;",
    line: 7,
    message: /cannot call memset/,
    hint: /constant size/,
  },
  {
    name: "an atomic operation on a byte",
    before: "BPF_ARRAY(t, char, 2);",
    body: "int z = 0;\n  char *a = t.lookup(&z);\n  if (!a) return 0;\n  __sync_fetch_and_add(a, 1);\n  return 0;",
    line: 7,
    message: /no such atomic/,
    hint: /32 and 64 bits/,
  },
  {
    name: "an atomic maximum",
    before: "BPF_ARRAY(t, u32, 2);",
    body: "int z = 0;\n  u32 *a = t.lookup(&z);\n  if (!a) return 0;\n  return __sync_fetch_and_umax(a, 1);",
    line: 7,
    message: /no such atomic/,
    hint: /32 and 64 bits/,
  },
  {
    name: "a trap",
    body: "if (bpf_ktime_get_ns() == 3) __builtin_trap();\n  return 0;",
    line: 4,
    message: /cannot abort/,
    hint: /return/,
  },
  {
    name: "another machine's assembler",
    body: 'asm volatile("movl %eax, %ebx");\n  return 0;',
    line: 4,
    message: /BPF's assembler/,
    hint: /r1 = r2/,
  },
];

function renderText({ before = "", body }: { before?: string; body: string }): string {
  return `\n${before}\nint kprobe__vfs_read(struct pt_regs *ctx) {\n  ${body}\n}\n`;
}

function catchError(run: () => unknown): BpftsError {
  try {
    run();
  } catch (error) {
    if (error instanceof BpftsError) return error;
    throw error;
  }
  throw new Error("it was accepted");
}

describe.each(clangs)("what clang $version has no BPF code for", ({ clang, version }) => {
  const tools = openTools(clang);

  it.each(cases)("$name is refused at its line, in words of ours, with a next step", (row) => {
    const error = catchError(() => buildText(renderText(row), tools));
    expect(error).toBeInstanceOf(CompileError);
    expect(error.message).toMatch(row.message);
    expect(error.hint).toMatch(row.hint);
    expect(error.location?.line).toBe(row.line);
    expect(error.location?.column).toBeGreaterThan(0);
    // No address of clang's graph, no name of its library, no sentence twice.
    const texts = [error.message, ...error.diagnostics.map(({ message }) => message)];
    expect(texts.join("\n")).not.toMatch(
      /0x[0-9a-f]{4}|GlobalAddress|__\w+[dtf]i|original source location|Cannot select/,
    );
    expect(error.diagnostics.every(({ hint }) => hint === undefined)).toBe(true);
  });

  it("divides signed numbers where clang and the kernel can", () => {
    const text = renderText(cases[0]!);
    const source = { text, name: "<text>" };
    const old = { ...tools, prelude: { ...tools.prelude, divideSigned: () => undefined } };
    expect(catchError(() => buildUnit(source, [], old)).message).toMatch(/unsigned numbers only/);
    if (version < signedDivisionClang || tools.machine.versionCode < 0x60600)
      expect(tools.prelude.divideSigned()).toBeUndefined();
    else expect(buildUnit(source, [], tools).programs.map(({ name }) => name)).toEqual(["kprobe__vfs_read"]);
  });
});

describe("a clang that crashes", () => {
  it("is named, and the function that it was at; it is no fault of bpfts'", () => {
    const tools = openTools(clangs[0]!.clang);
    const crashing = { ...tools.toolchain, clang: fileURLToPath(new URL("crashing-clang.sh", import.meta.url)) };
    const error = catchError(() => buildText(renderText({ body: "return 0;" }), { ...tools, toolchain: crashing }));
    expect(error).toBeInstanceOf(ClangCrashError);
    expect(error.exitCode).toBe(3);
    expect(error.message).toBe(`clang ${tools.toolchain.version} crashed (SIGSEGV) on function "kprobe__vfs_read"`);
    expect(error.location).toMatchObject({ line: 3, column: 5 });
    expect(error.hint).toMatch(/BPFTS_CLANG/);
  });
});
