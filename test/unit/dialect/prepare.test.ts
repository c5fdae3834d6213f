import { describe, expect, it } from "vitest";
import { DialectError } from "../../../runtime/base/errors.ts";
import type { BpftsError } from "../../../runtime/base/errors.ts";
import { prepare, prepareBody } from "./fake-env.ts";

const catchError = (text: string): BpftsError => {
  try {
    prepare(text);
  } catch (error) {
    expect(error).toBeInstanceOf(DialectError);
    return error as BpftsError;
  }
  throw new Error(`no error for ${text}`);
};

describe("maps", () => {
  it("tells what each macro declares", () => {
    const { maps } = prepare(
      'BPF_HASH(a);\nBPF_TABLE("lru_hash", u32, u64, b, 10);\nBPF_TABLE_PINNED("hash", u32, u64, c, 1, "/sys/fs/bpf/c");\nBPF_TABLE_PUBLIC("array", int, u64, d, 1);\nBPF_TABLE_SHARED("array", int, u64, e, 1);\nBPF_TABLE("extern", u32, u64, f, 1);\nBPF_HASH_OF_MAPS(g, u32, "a", 4);\nBPF_QUEUESTACK_PINNED("queue", h, u32, 1, 0, "/sys/fs/bpf/h");\nBPF_TABLE("hash:/sys/fs/bpf/i", u32, u64, i, 1);',
    );
    expect(maps.map(({ offset, ...rest }) => rest)).toEqual([
      { name: "a", kind: "hash" },
      { name: "b", kind: "lru_hash" },
      { name: "c", kind: "hash", pinPath: "/sys/fs/bpf/c" },
      { name: "d", kind: "array", sharing: "public" },
      { name: "e", kind: "array", sharing: "shared" },
      { name: "f", kind: "extern", sharing: "extern" },
      { name: "g", kind: "hash_of_maps", inner: "a" },
      { name: "h", kind: "queue", pinPath: "/sys/fs/bpf/h" },
      { name: "i", kind: "hash", pinPath: "/sys/fs/bpf/i" },
    ]);
  });

  it("numbers rings for their losses when something is sent", () => {
    const { maps, text } = prepare(
      "BPF_PERF_OUTPUT(a); BPF_HASH(h); BPF_RINGBUF_OUTPUT(b, 8);\nint f(void *ctx) { int x = 0; a.perf_submit(ctx, &x, 4); return 0; }",
    );
    expect(maps.map(({ lostIndex }) => lostIndex)).toEqual([0, undefined, 1]);
    expect(text).toContain("#define __bpfts_lost_index_b 1");
    expect(prepare("BPF_PERF_OUTPUT(a);").text).not.toContain("__bpfts_lost");
  });

  it.each([
    ['BPF_TABLE("hsah", u32, u64, t, 1);', 'There is no map kind "hsah"', 'did you mean "hash"?'],
    ["BPF_TABLE(hash, u32, u64, t, 1);", 'The kind of map "t" must be a string, found "hash"', 'BPF_TABLE("kind"'],
    ["BPF_HASH(a, u32, u64, 1, 2);", '"BPF_HASH" takes 1 to 4 arguments, found 5', "BPF_HASH(name"],
    ["BPF_PERF_OUTPUT();", '"BPF_PERF_OUTPUT" takes 1 argument, found 0', "BPF_PERF_OUTPUT(name)"],
    [
      'BPF_TABLE("histogram", int, u32, t, 8);',
      'The leaf of histogram "t" must be u64, found "u32"',
      "write BPF_HISTOGRAM(t, int, 8)",
    ],
    [
      'BPF_TABLE("histogram", int, struct a, t, 8);',
      'The leaf of histogram "t" must be u64, found "struct a"',
      "BPF_HASH for other counters",
    ],
    [
      'BPF_TABLE("queue", int, u64, t, 8);',
      'Map "t" of kind "queue" has no keys: "BPF_TABLE" cannot declare it',
      "write BPF_QUEUE(name, leaf, size",
    ],
    [
      'BPF_F_TABLE("ringbuf", int, int, t, 8, 0);',
      'Map "t" of kind "ringbuf" has no keys: "BPF_F_TABLE" cannot declare it',
      "write BPF_RINGBUF_OUTPUT(name, pages)",
    ],
    [
      'BPF_QUEUESTACK("hash", t, u64, 8, 0);',
      '"BPF_QUEUESTACK" declares queues and stacks, found kind "hash"',
      'write BPF_QUEUESTACK("queue"',
    ],
    ["BPF_HASH(a", '"BPF_HASH(" is never closed', "BPF_HASH(name"],
  ])("refuses %s", (text, message, hint) => {
    const error = catchError(text);
    expect(error.message).toBe(message);
    expect(error.hint).toContain(hint);
    expect(error.location).toMatchObject({ file: "<text>", line: 1 });
  });
});

describe("histograms", () => {
  it.each(["u64", "unsigned long long", "uint64_t", "count_t"])("count in %s", (leaf) => {
    expect(prepare(`BPF_TABLE("histogram", int, ${leaf}, t, 8);`).maps).toMatchObject([
      { name: "t", kind: "histogram" },
    ]);
  });
});

describe("methods", () => {
  const maps = "BPF_HASH(h, u32); BPF_STACK_TRACE(st, 8); BPF_PERF_OUTPUT(ev);\nint f(void *ctx) {\n";

  it("makes macros of the calls, in macros of the user's too", () => {
    expect(
      prepareBody(
        "BPF_HASH(h, u32);\n#define INC(m, k) m.increment(k)\nint f(void *ctx) { u32 k = 0; h.lookup(&k); INC(h, k); return 0; }",
      ),
    ).toContain("#define INC(m, k) bpfts_increment(m, k)");
  });

  it("guards commas that the preprocessor would split at", () => {
    expect(prepareBody(`${maps}h.increment((struct k){1, 2});}`)).toContain("bpfts_increment(h, ((struct k){1, 2}));");
  });

  it("leaves a call without arguments well formed, and words of other things alone", () => {
    const body = prepareBody(
      `${maps} x.lookup_all(1); y->lookup(2); s.update; return h.key + h.max_entries + z.key; }`,
    );
    expect(body).toContain(
      "x.lookup_all(1); y->lookup(2); s.update; return bpfts_key(h) + bpfts_max_entries(h) + z.key;",
    );
  });

  it("returns nothing from a helper that returns nothing", () => {
    expect(prepareBody("BPF_HASH(h, u32);\nstatic void g(u32 *k, u64 *z) { h.lookup_or_init(k, z); }")).toContain(
      "bpfts_lookup_or_init_void(h,",
    );
  });

  it("warns of an insert that cannot succeed", () => {
    const { warnings } = prepare(
      "BPF_ARRAY(a, u32, 4); BPF_HASH(h, u32);\nint f(void *ctx) { u32 k = 0; u64 v = 0; h.insert(&k, &v); return a.insert(&k, &k); }",
    );
    expect(warnings.map(({ message, location }) => [message, location?.line])).toEqual([
      ['"a.insert" always fails: an array has all its keys', 2],
    ]);
  });

  it.each([
    ["h.lokup(&k);", 'Map "h" has no method "lokup"', 'did you mean "lookup"?'],
    ["h.frobnicate(&k);", 'Map "h" has no method "frobnicate"', "the methods are lookup,"],
    ["h.update(&k);", '"h.update" takes 2 arguments, found 1', "m.update(&key, &value)"],
    ["h.get_stackid(ctx, 0);", 'Map "h" of kind "hash" has no method "get_stackid"', "stacktrace"],
    ["st.perf_submit(ctx, &k, 4);", 'Map "st" of kind "stacktrace" has no method "perf_submit"', "perf_output"],
  ])("refuses %s", (call, message, hint) => {
    const error = catchError(`${maps}  ${call} return 0; }`);
    expect(error.message).toBe(message);
    expect(error.hint).toContain(hint);
    expect(error.location).toMatchObject({ line: 3, column: 3 + call.indexOf(".") + 1 });
  });
});

describe("programs", () => {
  it.each([
    [
      "int kprobe__do_exit(struct pt_regs *ctx) { return 0; }",
      "kprobe__do_exit",
      "kprobe",
      { kind: "kprobe", target: "do_exit" },
    ],
    [
      "int kprobe____x64_sys_openat(struct pt_regs *ctx) { return 0; }",
      "kprobe____x64_sys_openat",
      "kprobe",
      { kind: "kprobe", target: "__x64_sys_openat", syscall: "openat" },
    ],
    [
      "int kretprobe__sys_clone(struct pt_regs *ctx) { return 0; }",
      "kretprobe__sys_clone",
      "kretprobe",
      { kind: "kretprobe", target: "sys_clone", syscall: "clone" },
    ],
    [
      "TRACEPOINT_PROBE(sched, sched_switch) { return 0; }",
      "tracepoint__sched__sched_switch",
      "tracepoint/sched/sched_switch",
      { kind: "tracepoint", category: "sched", event: "sched_switch" },
    ],
    [
      "RAW_TRACEPOINT_PROBE(sys_enter) { return 0; }",
      "raw_tracepoint__sys_enter",
      "raw_tp/sys_enter",
      { kind: "raw_tracepoint", event: "sys_enter" },
    ],
    [
      "KFUNC_PROBE(f, int a) { return 0; }",
      "kfunc__vmlinux__f",
      "fentry/f",
      { kind: "fentry", module: "vmlinux", target: "f" },
    ],
    [
      "MODULE_KRETFUNC_PROBE(nfs, f, int a, int ret) { return 0; }",
      "kretfunc__nfs__f",
      "fexit/f",
      { kind: "fexit", module: "nfs", target: "f" },
    ],
    ["LSM_PROBE(bpf, int cmd) { return 0; }", "lsm__bpf", "lsm/bpf", { kind: "lsm", hook: "bpf" }],
    ["KMOD_RET(f, int ret) { return 0; }", "kmod_ret__f", "fmod_ret/f", undefined],
    ["BPF_ITER(task) { return 0; }", "bpf_iter__task", "iter/task", undefined],
    ["int syscall__execve(struct pt_regs *ctx) { return 0; }", "syscall__execve", "kprobe", undefined],
    ["int on_event(struct bpf_perf_event_data *ctx) { return 0; }", "on_event", "perf_event", undefined],
    ["int xdp(struct xdp_md *ctx) { return 0; }", "xdp", "?xdp", undefined],
    ["int filter(struct xdp_md *ctx) { return 0; }", "filter", "xdp", undefined],
    ['SEC("tp/sched/sched_switch") int mine(void *ctx) { return 0; }', "mine", "tp/sched/sched_switch", undefined],
  ])("%s", (text, name, section, autoAttach) => {
    const { programs, parts } = prepare(text);
    expect(programs).toHaveLength(1);
    expect(programs[0]).toMatchObject({ name, section });
    expect(programs[0]!.autoAttach).toEqual(autoAttach);
    expect(parts.body).toContain(`SEC("${section}")`);
  });

  it("fetches the arguments that the body uses, and no others", () => {
    const body = prepareBody(
      "int f(struct pt_regs *ctx, struct sock *sk, int n, void (*cb)(int, char), char buf[8])\n{ return n + buf[0] + (cb != 0); }",
    );
    expect(body).toContain(
      "____f(ctx, (struct sock *)0, (int)bpfts_argument(ctx, 2), (void (*)(int, char))bpfts_argument(ctx, 3), (char *)bpfts_argument(ctx, 4));",
    );
  });

  it("reads the arguments of system calls by their wrapper's registers", () => {
    const text =
      "int syscall__openat(struct pt_regs *ctx, int dfd, const char __user *name) { return dfd + (name != 0); }";
    expect(prepareBody(text)).toContain(
      "(int)bpfts_syscall_argument(ctx, 1), (const char __user *)bpfts_syscall_argument(ctx, 2)",
    );
    expect(prepareBody(text, { haveSyscallWrapper: false })).toContain("(int)bpfts_plain_syscall_argument(ctx, 1)");
  });

  it("gives programs that return nothing or a pointer a number to return", () => {
    expect(prepareBody("void f(void *ctx) { }")).toContain("int f(void * ctx) { ____f(ctx); return 0; }");
    expect(prepareBody("struct sock *f(void *ctx) { return 0; }")).toContain("return (long)____f(ctx);");
  });

  it("keeps helpers helpers: static ones, inline ones, and those that are called", () => {
    const { programs, parts } = prepare(
      "static int a(int x) { return x; }\ninline int b(int x) { return x; }\nint c(int x) { return x; }\nstatic __noinline int d(int x) { return x; }\nint f(void *ctx) { return a(1) + b(2) + c(3) + d(4); }",
    );
    expect(programs.map(({ name }) => name)).toEqual(["f"]);
    expect(parts.body.split("\n").slice(0, 4)).toEqual([
      "__attribute__((always_inline)) static int a(int x) { return x; }",
      "static __attribute__((always_inline)) inline int b(int x) { return x; }",
      "static __attribute__((always_inline)) int c(int x) { return x; }",
      "static __noinline int d(int x) { return x; }",
    ]);
  });

  it("spells the kernel's noinline so that attributes may be written too", () => {
    expect(
      prepareBody(
        "static noinline int f(void) { return 0; }\nstatic __attribute__((noinline)) int g(void) { return 0; }",
      ),
    ).toBe("static __noinline int f(void) { return 0; }\nstatic __attribute__((noinline)) int g(void) { return 0; }");
  });

  it("refuses a seventh argument and one without a name", () => {
    expect(
      catchError("int f(struct pt_regs *ctx, int a, int b, int c, int d, int e, int g, int h) { return h; }").message,
    ).toBe('Too many arguments of "f": only 6 come in registers');
    expect(catchError("int f(struct pt_regs *ctx, const struct a b) { return b.c; }").message).toBe(
      'The parameter "b" of "f" is a struct or union: a register holds a number or a pointer',
    );
    expect(prepareBody("int f(struct pt_regs *ctx, struct a b) { return 0; }")).toContain("(struct a){}");
    expect(catchError("int f(struct pt_regs *ctx, int) { return 0; }").message).toBe('A parameter of "f" has no name');
  });

  it("notes tracepoints that this kernel lacks: which of them are compiled, clang tells", () => {
    expect(prepare("TRACEPOINT_PROBE(no, such) { return 0; }").missingTracepoints).toEqual(["no:such"]);
  });
});

describe("words of the text", () => {
  it("drops the kernel's includes, and says which they were", () => {
    const { parts, includes } = prepare(
      '#include <linux/sched.h>\n# include <uapi/linux/ptrace.h> // x\n#include "mine.h"\n#include <bpf/usdt.bpf.h>\nint a;',
    );
    expect(includes).toEqual(["linux/sched.h", "uapi/linux/ptrace.h"]);
    expect(parts.body).toBe('\n // x\n#include "mine.h"\n#include <bpf/usdt.bpf.h>\nint a;');
  });

  it("refuses includes that nothing answers", () => {
    expect(catchError("#include <linx/sched.h>")).toMatchObject({
      message: "Cannot include <linx/sched.h>: it is no kernel header",
      hint: "did you mean <linux/sched.h>?",
    });
    expect(catchError("int a;\n#include <stdio.h>").location).toMatchObject({ line: 2, column: 1 });
  });

  it("puts newlines back into string literals and keeps the lines", () => {
    expect(prepareBody('int f(void *ctx) { bpf_trace_printk("a\nb\n"); return 0; }')).toBe(
      'SEC("kprobe") int f(void *ctx) { bpfts_printk("a\\n"\n"b\\n"\n""); return 0; }',
    );
  });

  it("knows BCC's form of bpf_trace_printk from libbpf's", () => {
    expect(
      prepareBody('void g(void) { bpf_trace_printk(fmt, sizeof(fmt), 1); bpf_trace_printk("x", sizeof("x")); }'),
    ).not.toContain("bpfts_printk");
    expect(prepareBody("#define LOG(f, ...) bpf_trace_printk(f, ##__VA_ARGS__)\n")).toContain(
      "bpfts_printk(f, ##__VA_ARGS__)",
    );
    expect(prepareBody('#define FMT "%d"\nvoid g(void) { bpf_trace_printk(FMT, 1); }')).toContain(
      "bpfts_printk(FMT, 1)",
    );
    expect(catchError("int g(void) { bpf_trace_printk(fmt); }").message).toBe(
      'The format of "bpf_trace_printk" must be a string literal',
    );
    expect(catchError("int g(void) { bpf_trace_printk(); }").message).toBe('"bpf_trace_printk" needs a format');
  });

  it("warns of formats that the kernel cannot follow", () => {
    const warn = (call: string): string[] =>
      prepare(`int f(void *ctx) { ${call}; return 0; }`).warnings.map(({ message }) => message);
    expect(warn('bpf_trace_printk("%d %s %p\\n", 1, a, b)')).toEqual([]);
    expect(warn('bpf_trace_printk("100%% %d\\n")')).toEqual([
      'The format of "bpf_trace_printk" wants 1 values, found 0',
    ]);
  });

  it("stops at a format that the kernel would print nothing for, at the conversion", () => {
    const place = (text: string): string => {
      const { message, location, hint } = catchError(text);
      return `${location?.line}:${location?.column} ${/"[^"]*"/.exec(message)![0]} ${hint}`;
    };
    expect(place('int g(void) { bpf_trace_printk("pid %d size %zu\\n", 1, n); }')).toBe('1:45 "%zu" write %lu');
    expect(place('int g(void) {\n  bpf_printk("a" "b %.8s", n);\n}')).toMatch(/^2:21 "%\.8s" write %s/);
    expect(place('int g(void) {\n  char fmt[] = "%hd";\n  bpf_trace_printk(fmt, sizeof(fmt), n);\n}')).toBe(
      '2:17 "%hd" leave the h out: %d',
    );
    expect(place('#define F "%#x"\nint g(void) { bpf_trace_printk(F, n); }')).toBe('1:12 "%#x" write the prefix: 0x%x');
    expect(place('int g(void) { BPF_SNPRINTF(b, 8, "%o", n); }')).toBe('1:35 "%o" print it in another base: %x');
    expect(place('int g(void) { BPF_SEQ_PRINTF(m, "%*d", n); }')).toBe('1:34 "%*d" give the width as a number: %16d');
  });

  it("leaves a format that may never be compiled to the preprocessor", () => {
    expect(prepareBody('#ifdef X\nint g(void) { bpf_trace_printk("%zu", n); }\n#endif\n')).toContain(
      "_Static_assert(0, ",
    );
    expect(prepareBody('#define LOG(n) bpf_trace_printk("%f", n)\n')).toContain("_Static_assert(0, ");
  });

  it("defines the configuration options that the text names", () => {
    const { text } = prepare("#ifdef CONFIG_NET_NS\n#endif\n#if CONFIG_HZ\n#endif\nint CONFIG_NFS_FS; int CONFIG_OFF;");
    for (const line of ["#define CONFIG_NET_NS 1", "#define CONFIG_HZ 250", "#define CONFIG_NFS_FS_MODULE 1"])
      expect(text).toContain(`${line}\n`);
    expect(text).not.toContain("#define CONFIG_OFF");
  });

  it("renames types that the kernel has too, everywhere", () => {
    expect(
      prepareBody(
        "struct mount { int a; };\ntypedef union { int x; } freelist_aba_t;\nenum color { RED, BLUE };\nstruct sock;\nint mount;\nstatic int f(struct mount *m, struct sock *s, freelist_aba_t t) { return RED + t.RED; }",
      ),
    ).toBe(
      "struct mount___own { int a; };\ntypedef union { int x; } freelist_aba_t___own;\nenum color___own { RED___own, BLUE };\nstruct sock;\nint mount;\n__attribute__((always_inline)) static int f(struct mount___own *m, struct sock *s, freelist_aba_t___own t) { return RED___own + t.RED; }",
    );
    expect(prepareBody("typedef unsigned int u32;\n")).toBe("typedef unsigned int u32;\n");
    expect(
      prepareBody(
        "enum { RED };\nstruct s { int RED; union { u64 *RED, x; }; int of[RED], w : RED; };\nint f(struct s *s) { return s->RED + RED; }",
      ),
    ).toContain(
      "enum { RED___own };\nstruct s { int RED; union { u64 *RED, x; }; int of[RED___own], w : RED___own; };",
    );
  });

  it("renames macros by words that map macros are made of, but not those with parentheses", () => {
    expect(
      prepareBody(
        "#define hash 2\n#define value(x) x\n#ifdef hash\nBPF_ARRAY(sized, u64, hash);\n#endif\nint f(void *ctx) { return value(hash); }",
      ),
    ).toBe(
      '#define hash___own 2\n#define value(x) x\n#ifdef hash___own\nBPF_ARRAY(sized, u64, hash___own);\n#endif\nSEC("kprobe") int f(void *ctx) { return value(hash___own); }',
    );
  });

  it("writes out the kernel's short member names, but not the text's own", () => {
    expect(
      prepareBody("static int f(struct sock *sk) { u16 sk_num = sk->sk_num; return sk_num + v6.s6_addr32[0]; }"),
    ).toContain("u16 sk_num = sk->__sk_common.skc_num; return sk_num + v6.in6_u.u6_addr32[0];");
    expect(prepareBody("struct ev { int sk_num; };\nstatic int f(struct ev *e) { return e->sk_num; }")).toContain(
      "e->sk_num",
    );
  });

  it("knows the license", () => {
    expect(prepare("int a;").license).toBe("GPL");
    expect(prepare("#define BPF_LICENSE Dual BSD/GPL\n").text).toContain(
      'char _license[] SEC("license") = "Dual BSD/GPL";',
    );
    const own = prepare('char L[] SEC("license") = "MIT";');
    expect([own.license, own.text.includes("_license")]).toEqual(["MIT", false]);
  });

  it("puts numbers and readers in for builtins", () => {
    const { text } = prepare(
      "int f(struct pt_regs *ctx) { int n = bpf_num_cpus(); u64 v; bpf_usdt_readarg(2, ctx, &v); return n; }",
    );
    expect(text).toContain("int n = 4; u64 v; bpfts_usdt_readarg(2, ctx, &v);");
    expect(text).toContain('#include "bcc_usdt.h"');
    expect(prepareBody("int f(struct __sk_buff *skb) { incr_cksum_l3(1, 2, 3); return 0; }")).toContain(
      "bpfts_incr_cksum_l3(skb, 1, 2, 3)",
    );
    expect(catchError("int f(struct pt_regs *ctx) { bpf_usdt_readarg(1, ctx); return 0; }").message).toBe(
      '"bpf_usdt_readarg" takes 3 arguments, found 2',
    );
  });
});
