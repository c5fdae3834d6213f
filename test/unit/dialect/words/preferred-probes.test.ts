import { describe, expect, it } from "vitest";
import { preferProbes } from "../../../../runtime/dialect/words/preferred-probes.ts";
import type { ProbePreference } from "../../../../runtime/dialect/words/preferred-probes.ts";

function prefer(preference: ProbePreference, text: string): { text: string; kept: readonly string[] } {
  const refuse = (target: string): string | undefined => (target === "absent" ? "this kernel has none" : undefined);
  const { source, kept } = preferProbes({ text, name: "<text>" }, preference, refuse);
  return { text: source.text, kept: kept.map(({ name, reason }) => `${name}: ${reason}`) };
}

describe("probes that the user prefers by fentry", () => {
  it.each([
    ["kprobe__f", "int kprobe__f(struct pt_regs *ctx, char *a) { return 0; }", "KFUNC_PROBE(f, char *a) { return 0; }"],
    [
      "its registers",
      "int kprobe__f(struct pt_regs *c) { g(PT_REGS_PARM2(c)); out.perf_submit(c, &e, 1); return 0; }",
      "KFUNC_PROBE(f) { g((ctx[1])); out.perf_submit(ctx, &e, 1); return 0; }",
    ],
    [
      "kretprobe__f",
      "int kretprobe__f(struct pt_regs *ctx) { return PT_REGS_RC(ctx); }",
      "int kretfunc__vmlinux__f(unsigned long long *ctx) { return ({ unsigned long long bpfts_result = 0; bpf_get_func_ret(ctx, &bpfts_result); bpfts_result; }); }",
    ],
    [
      "libbpf's way",
      'SEC("kprobe/f") int BPF_KPROBE(on_f, int a) { return 0; }',
      'SEC("fentry/f") int BPF_PROG(on_f, int a) { return 0; }',
    ],
  ])("are rewritten: %s", (_, text, wanted) => {
    expect(prefer("fentry", text)).toEqual({ text: wanted, kept: [] });
  });

  it.each([
    [
      "int kprobe__f(struct pt_regs *ctx) {\n return ctx->di; }",
      "it reads registers that fentry does not have (line 2)",
    ],
    [
      "int kprobe__f(struct pt_regs *ctx) { return PT_REGS_SP(ctx); }",
      "it reads registers that fentry does not have (line 1)",
    ],
    [
      "int kprobe__f(struct pt_regs *ctx) { struct pt_regs r = *ctx; return 0; }",
      "it reads registers that fentry does not have (line 1)",
    ],
    ["void kprobe__f(struct pt_regs *ctx) { }", "it does not return int"],
    ["int kprobe__f(void *ctx) { return 0; }", "its context is no struct pt_regs *"],
    ["int kprobe__absent(struct pt_regs *ctx) { return 0; }", "this kernel has none"],
    [
      "int kprobe__sys_open(struct pt_regs *ctx, int a) { return a; }",
      "it is a system call, whose arguments lie elsewhere",
    ],
  ])("stay as they are and say why: %s", (text, reason) => {
    const { text: made, kept } = prefer("fentry", text);
    expect(made).toBe(text);
    expect(kept).toHaveLength(1);
    expect(kept[0]).toContain(reason);
  });

  it("are none where an attach_ call says where a function goes", () => {
    const text = "int on_call(struct pt_regs *ctx) { return PT_REGS_PARM1(ctx); }";
    expect(prefer("fentry", text)).toEqual({ text, kept: [] });
  });
});

describe("probes that the user prefers by kprobes", () => {
  it.each([
    [
      "entry",
      "KFUNC_PROBE(f, char *a, int b) { return 0; }",
      "int kprobe__f(struct pt_regs *ctx, char *a, int b) { return 0; }",
    ],
    [
      "return",
      "KRETFUNC_PROBE(f, char *a, long ret) { return ret; }",
      "static inline int bpfts_return_of_f(struct pt_regs *ctx, long ret); " +
        "int kretprobe__f(struct pt_regs *ctx) { return bpfts_return_of_f(ctx, (long )PT_REGS_RC(ctx)); } static inline int bpfts_return_of_f(struct pt_regs *ctx, long ret) { return ret; }",
    ],
    [
      "libbpf's way",
      'SEC("fentry/f") int BPF_PROG(on_f, int a) { return 0; }',
      'SEC("kprobe/f") int BPF_KPROBE(on_f, int a) { return 0; }',
    ],
  ])("are rewritten: %s", (_, text, wanted) => {
    expect(prefer("kprobe", text)).toEqual({ text: wanted, kept: [] });
  });

  it.each([
    [
      "KRETFUNC_PROBE(f, char *a, long ret) { return a[0]; }",
      "it reads arguments, which a kretprobe does not have any more",
    ],
    ["KFUNC_PROBE(f, char *a) { return ctx[3]; }", "it reads its context itself (line 1)"],
  ])("stay as they are and say why: %s", (text, reason) => {
    expect(prefer("kprobe", text)).toMatchObject({ text, kept: [expect.stringContaining(reason)] });
  });
});
