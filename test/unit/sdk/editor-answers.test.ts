import { beforeAll, describe, expect, it } from "vitest";
import { openScriptEditor } from "../../support/script-editor.ts";
import type { ScriptEditor } from "../../support/script-editor.ts";

const head = `import { BPF, printf } from "bpfts";
import type { EventTable, Table } from "bpfts";
const b = new BPF({ text: \`
struct key_t { u32 pid; char name[16]; };
struct data_t { u64 ts; u32 pid; char comm[16]; };
BPF_HASH(counts, u32, u64);
BPF_HASH(keyed, struct key_t, struct data_t);
BPF_PERCPU_HASH(each, u32, u64);
BPF_HISTOGRAM(dist);
BPF_STACK_TRACE(stacks, 10);
BPF_PERF_ARRAY(counters, 4);
BPF_PERF_OUTPUT(events);
static int helper(int a) { return a; }
int on_open(struct pt_regs *ctx) {
    struct data_t data = {};
    if (data.pid) { events.perf_submit(ctx, &data, sizeof(data)); }
    return 0;
}
SEC("xdp")
int pass(struct xdp_md *ctx)
{
    return XDP_PASS;
}
TRACEPOINT_PROBE(syscalls, sys_enter_openat) { return 0; }
int BPF_KPROBE(on_probe, int x) { return 0; }
\` });
`;
const tables = '"counts" | "keyed" | "each" | "dist" | "stacks" | "counters" | "events"';
const functions = '"on_open" | "pass" | "tracepoint__syscalls__sys_enter_openat" | "on_probe"';

let editor: ScriptEditor;
beforeAll(() => {
  editor = openScriptEditor();
}, 60_000);

const listErrors = (lines: string): string[] => editor.listErrors(head + lines);

describe("a wrong name", () => {
  it.each([
    ['b.get_table("nope");', `Argument of type '"nope"' is not assignable to parameter of type '${tables}'.`],
    ['b.events("counts");', `Argument of type '"counts"' is not assignable to parameter of type '"events"'.`],
    ['b.load_func("pas");', `Argument of type '"pas"' is not assignable to parameter of type '${functions}'.`],
    [
      'b.attach_kprobe({ event: "x", fn_name: "on_opne" });',
      `Type '"on_opne"' is not assignable to type '${functions}'. Did you mean '"on_open"'?`,
    ],
    [
      'b.attach_tracepoint({ tp: "sched_switch", fn_name: "on_open" });',
      "Type '\"sched_switch\"' is not assignable to type '`${string}:${string}`'.",
    ],
    ["b.tables.counts.gte(1);", "Property 'gte' does not exist on type 'Table<number, bigint>'."],
    [
      'b.get_table("counts", { u64: "nmber" });',
      `Type '"nmber"' is not assignable to type 'Integers | undefined'. Did you mean '"number"'?`,
    ],
  ])("is one line: %s", (line, wanted) => expect(listErrors(line)).toEqual([wanted]));

  it("is told with the right one beside it, never a private one", () => {
    expect(listErrors("b.tables.coutns;")[0]).toMatch(/^Property 'coutns' does not exist .* Did you mean 'counts'\?$/);
    for (const line of ["b.cout;", "b.progam;", "b.mapz;", "b.tables.counts.inf;", "b.tables.counts.ownr;"])
      expect(listErrors(line)[0]).toMatch(/^Property '\w+' does not exist on type '.*'\.$/);
    expect(
      editor.complete(`${head}b.█`).filter((name) => /^#|^(program|maps|attach|detach|count)$/.test(name)),
    ).toEqual([]);
  });

  it("is wrong however the answer is annotated", () => {
    expect(listErrors('const t: Table<string, boolean> = b.get_table("nope");')).toContain(
      `Argument of type '"nope"' is not assignable to parameter of type '${tables}'.`,
    );
    expect(listErrors('const t: Table<string, boolean> = b.get_table("counts");')[0]).toMatch(
      /^Type 'Table<number, bigint>' is not assignable to type 'Table<string, boolean>'/,
    );
    expect(listErrors('const t: Table<string, boolean> = b.table("made_by_a_macro");')[0]).toMatch(
      /^Type 'DynamicTable<unknown, unknown>' is not assignable/,
    );
    expect(listErrors("class Tool { readonly t: Table<string, boolean> = b.tables.counts; }")).toHaveLength(1);
  });
});

describe("options that exclude each other", () => {
  it.each([
    'b.attach_kprobe({ fn_name: "on_open" });',
    'b.attach_kprobe({ event: "x", event_re: "y", fn_name: "on_open" });',
    'b.attach_tracepoint({ fn_name: "on_open" });',
    'b.attach_uprobe({ name: "c", fn_name: "on_open" });',
    'b.attach_uprobe({ name: "c", sym: "malloc", addr: 1, fn_name: "on_open" });',
    'b.attach_perf_event({ ev_type: 1, ev_config: 0, fn_name: "on_open" });',
    'b.attach_perf_event({ ev_type: 1, ev_config: 0, sample_freq: 1, sample_period: 1, fn_name: "on_open" });',
    'b.attach_func({ attach_type: 1, fn_name: "on_open" });',
    'new BPF({ text: "", src_file: "x.c" });',
    "new BPF({});",
  ])("are an error: %s", (line) => expect(listErrors(line)).toHaveLength(1));

  it("are right one at a time", () => {
    expect(
      listErrors(`b.attach_kprobe({ event: "x", event_off: 4, fn_name: "on_open" });
        b.attach_kprobe({ event_re: "^tcp_.*", fn_name: "on_open" });
        b.detach_kprobe({ event: "x" });
        b.attach_kretprobe({ event: "x", fn_name: "on_open", maxactive: 64 });
        b.attach_tracepoint({ tp: "sched:sched_switch", fn_name: "on_open" });
        b.attach_uprobe({ name: "c", sym: "malloc", pid: undefined, fn_name: "on_open" });
        b.attach_uprobe({ name: "c", sym_re: "^str", fn_name: "on_open" });
        b.attach_uprobe({ name: "c", addr: 0x1234n, fn_name: "on_open" });
        b.attach_perf_event({ ev_type: 1, ev_config: 0, sample_freq: 99, fn_name: "on_open" });
        b.attach_func({ attach_type: 1, fn_name: "on_open", cgroup: "/sys/fs/cgroup" });
        new BPF({ src_file: "x.c" }).attach_kprobe({ event: "x", fn_name: "whatever_it_has" });
        new BPF({ text: "BPF_HASH(a);", cflags: ["-DX"] });`),
    ).toEqual([]);
  });
});

describe("helpers", () => {
  it("take every program and every table", () => {
    expect(
      listErrors(`function show(p: BPF): unknown { p.load_func("x"); return p.get_table("x").get(1); }
        show(b); show(new BPF({ text: String(1) })); show(new BPF({ src_file: "x.c" }));
        class Tool { constructor(readonly b: BPF) {} run(): void { for (const [k, v] of this.b.get_table("x")) printf("%s", k, v); } }
        new Tool(b);
        class Own extends BPF { first(): unknown { return this.get_table("counts").get(1); } }
        new Own({ text: "BPF_HASH(counts);" }).first();
        function counts(p: BPF<{ counts: Table<unknown, bigint> }>): number { show(p); return p.tables.counts.size; }
        counts(b);
        function sum(t: Table<unknown, bigint>): bigint { return [...t.values()].reduce((a, x) => a + x, 0n); }
        sum(b.tables.counts); sum(b.get_table("dist"));
        sum(new BPF({ text: \`struct k { u32 a; u64 b; }; BPF_HASH(x, struct k);\` }).tables.x);
        function pairs<K, V>(t: Table<K, V>): [K, V][] { return [...t]; }
        const all: [{ pid: number; name: string }, { ts: bigint; pid: number; comm: string }][] = pairs(b.tables.keyed);
        function pids(t: EventTable<{ pid: number }>): void { for (const e of t.events()) printf("%d", e.pid); }
        pids(b.tables.events);
        class Counter<K> { readonly t: Table<K, bigint>; constructor(p: BPF) { this.t = p.table<K, bigint>("x"); } }
        new Counter<string>(b);
        b.tables.dist.print_log2_hist("usecs"); b.tables.each.print_linear_hist();
        b.tables.keyed.print_log2_hist("usecs", "pid", { section_print_fn: (pid) => String(pid) });
        function anything(t: Table): unknown { return t.top(3); }
        anything(b.tables.keyed); anything(b.tables.each);
        const one: { a: number } = b.table<number, { a: number }[]>("x").max(1);`),
    ).toEqual([]);
  });

  it("refuse programs without the tables that they need", () => {
    const lines = `function counts(p: BPF<{ counts: Table<unknown, bigint> }>): number { return p.tables.counts.size; }
      counts(new BPF({ text: "BPF_HASH(count);" }));`;
    expect(listErrors(lines)[0]).toContain("Property 'counts' is missing");
  });

  it("keep what is unknown unknown", () => {
    expect(listErrors('function f(p: BPF): number { return p.get_table("x").get(1); }')).toEqual([
      "Type 'unknown' is not assignable to type 'number'.",
    ]);
    expect(listErrors("const c = new BPF({ text: String(1) }); const n: number = c.tables.x.get(1);")).toEqual([
      "Type 'unknown' is not assignable to type 'number'.",
    ]);
  });
});

describe("integers", () => {
  it("are bigint, or numbers where that is asked for", () => {
    expect(listErrors('b.get_table("counts").get(1)! + 1;')).toEqual([
      "Operator '+' cannot be applied to types 'bigint' and '1'.",
    ]);
    expect(
      listErrors(`const n: number = b.get_table("counts", { u64: "number" }).get(1)! + 1;
        const ts: number = b.get_table("keyed", { u64: "number" }).get({ pid: 1, name: "" })!.ts;
        const sum: number = b.get_table("each", { u64: "number" }).sum(1);
        for (const e of b.events("events", { u64: "number" })) { const late: number = e.ts + 1; const comm: string = e.comm; }
        b.get_table("events", { u64: "number" }).open_perf_buffer((e) => e.ts + 1);
        const ips: bigint[] = b.get_table("stacks", { u64: "number" }).walk(1);
        const byHand: number = b.table<number, number>("made_by_a_macro", { u64: "number" }).get(1)!;`),
    ).toEqual([]);
  });

  it("are what top() orders by", () => {
    expect(
      listErrors(`b.tables.counts.top(10); b.tables.keyed.top(10, "ts"); b.tables.keyed.top(10, (v, k) => v.ts + BigInt(k.pid));
        b.tables.each.top(10); b.tables.each.top(3, (v) => v[0]!);`),
    ).toEqual([]);
    expect(listErrors('b.tables.keyed.top(10, "comm");')).toHaveLength(1);
  });
});

describe("an editor", () => {
  it.each([
    ['b.events("█', ["events"]],
    ['b.get_table("█', ["counts", "keyed", "each", "dist", "stacks", "counters", "events"]],
    ["b.tables.█", ["counters", "counts", "dist", "each", "events", "keyed", "stacks"]],
    ['b.load_func("█', ["on_open", "pass", "tracepoint__syscalls__sys_enter_openat", "on_probe"]],
    [
      'b.attach_kprobe({ event: "x", fn_name: "█',
      ["on_open", "pass", "tracepoint__syscalls__sys_enter_openat", "on_probe"],
    ],
  ])("completes %s", (line, wanted) => expect(editor.complete(head + line)).toEqual(wanted));

  it("shows what things are, and not the C text", () => {
    expect(editor.hover(head, "const ")).toMatch(/^const b: BPF<\{\n {4}counts: Table<number, bigint>;\n/);
    const table = editor.hover(`${head}const t = b.get_table("counts");`, 'b.get_table("counts"'.slice(0, 2));
    expect(table).toContain('(name: "counts", options?: TableOptions<"bigint"> | undefined): Table<number, bigint>');
    expect(table.length).toBeLessThan(500);
    expect(editor.hover(`${head}const found = b.tables.counts;`, "const found".slice(0, 11))).toBe(
      "const found: Table<number, bigint>",
    );
    for (const mark of ["const b", "b.get_table", "b.events", "b.tables"].map((name) =>
      name.slice(0, name.indexOf(" ") + 1 || 2),
    ))
      expect(editor.hover(`${head}b.get_table("counts"); b.events("events"); b.tables;`, mark)).not.toContain(
        "perf_submit",
      );
  });
});

describe("functions of a text", () => {
  const accepts = (text: string, name: string): boolean =>
    editor.listErrors(`import { BPF } from "bpfts";\nnew BPF({ text: ${JSON.stringify(text)} }).load_func("${name}");`)
      .length === 0;

  it.each([
    ["int f(void *ctx) { return 0; }", "f"],
    [
      "    int f(void *ctx)\n    {\n        if (a) { b(); } else if (c) { d(); }\n        return 0;\n    }\n    int g(void *ctx) { return 0; }",
      "g",
    ],
    ["#include <linux/sched.h>\n#define A 1\nBPF_HASH(x)\nint f(void *ctx) { return 0; }", "f"],
    ['SEC("kprobe/x") int BPF_KPROBE(f, int a) { return 0; }', "f"],
    ["KFUNC_PROBE(vfs_read, struct file *file) { return 0; }", "kfunc__vmlinux__vfs_read"],
    ["LSM_PROBE(file_open, struct file *file) { return 0; }", "lsm__file_open"],
    ["RAW_TRACEPOINT_PROBE(sys_enter)\n{ return 0; }", "raw_tracepoint__sys_enter"],
    ["struct a { int b; };\nstruct a *f(void *ctx) /* why */ { return 0; }", "f"],
    ["__attribute__((noinline)) int f(void *ctx) { return 0; }", "f"],
  ])("are found: %j", (text, name) => {
    expect(accepts(text, name)).toBe(true);
    expect(accepts(text, "another")).toBe(false);
  });

  it.each([
    "#define PROBE(name) int name(void *ctx) { return 0; }\nPROBE(f)",
    '#include "own.h"\nint f(void *ctx) { return 0; }',
  ])("may be any where the text does not tell: %j", (text) => expect(accepts(text, "another")).toBe(true));

  it("are not those that cannot be attached, nor words before a brace", () => {
    for (const name of ["helper", "if", "while"])
      expect(
        accepts("static int helper(int a) { while (a) { if (a) { } } return a; } int f(void *c) { return 0; }", name),
      ).toBe(false);
  });
});
