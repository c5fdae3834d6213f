import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { DialectError } from "../../../runtime/base/errors.ts";
import { runClang } from "../../../runtime/compile/clang.ts";
import type { CUnit } from "../../../runtime/dialect/text/unit.ts";
import { describeObject } from "../../../runtime/object/describe-object.ts";
import type { MapSpec, ObjectSpec } from "../../../runtime/object/spec.ts";
import type { Builder } from "../../../runtime/session/build/open-builder.ts";
import type { Layout } from "../../../sdk/wire/layout.ts";
import { buildText, clangs, openTools } from "../../support/build-text.ts";

const folder = new URL("cases/", import.meta.url);

/** What the loader is told: each map's type, sizes and flags after all defaults, each program's section and what it is attached to by its name; and what the user is told. */
function renderSpec(unit: CUnit, spec: ObjectSpec): string {
  const decls = new Map(unit.maps.map((map) => [map.name, map]));
  const renderShape = ({ type, key, value, maxEntries, flags }: MapSpec): string =>
    `type=${type} key=${renderSize(key)} value=${renderSize(value)} entries=${maxEntries} flags=0x${flags.toString(16)}`;
  const maps = spec.maps.map((map) => {
    const { name } = map;
    const { kind, pinPath, inner, sharing } = decls.get(name) ?? {};
    const extra = Object.entries({ kind, pinPath, inner, sharing }).flatMap(([word, text]) =>
      text === undefined ? [] : [`${word}=${text}`],
    );
    return [
      `map ${name}: ${renderShape(map)}`,
      ...extra,
      ...(map.inner === undefined ? [] : [`of (${renderShape(map.inner)})`]),
    ].join(" ");
  });
  const programs = unit.programs.map(
    ({ name, kind, section, autoAttach }) =>
      `program ${name}: ${kind} in ${section}${autoAttach === undefined ? "" : ` attach=${JSON.stringify(autoAttach)}`}`,
  );
  const events = Object.entries(unit.eventStructs).map(([map, type]) => `events ${map}: ${type}`);
  const warnings = unit.warnings.map(({ message, location }) => `warning at line ${location?.line ?? 0}: ${message}`);
  return [...maps, ...programs, ...events, `license ${spec.license}`, ...warnings, ""].join("\n");
}

function renderSize(layout: Layout | undefined): string {
  if (layout === undefined) return "none";
  return `${"name" in layout && layout.name !== "" ? layout.name : layout.kind}:${layout.size}`;
}

const cases = readdirSync(folder)
  .filter((name) => /^[\w-]+\.c$/.test(name))
  .map((name) => name.slice(0, -2));

describe.each(clangs.map(({ clang, version }) => ({ clang, version })))("clang $version", ({ clang }) => {
  let tools: Builder;
  beforeAll(() => {
    tools = openTools(clang);
  });

  it.each(cases)("%s becomes what stands in its .out and .spec files, and compiles", async (name) => {
    const text = readFileSync(new URL(`${name}.c`, folder), "utf8");
    const { unit, bytes } = buildText(text, tools);
    await expect(unit.text).toMatchFileSnapshot(`cases/${name}.out`);
    expect(unit.parts.body.split("\n").length).toBe(text.split("\n").length);
    expect(unit.warnings.filter(({ message }) => /kernel pointer/.test(message))).toEqual([]);
    const spec = describeObject(bytes, Object.values(unit.eventStructs));
    expect(spec.programs.map((program) => program.name).sort()).toEqual(
      unit.programs.map((program) => program.name).sort(),
    );
    expect(spec.maps.map((map) => map.name)).toEqual(expect.arrayContaining(unit.maps.map((map) => map.name)));
    await expect(renderSpec(unit, spec)).toMatchFileSnapshot(`cases/${name}.spec`);
  });

  it("expands every method to the kernel's helper", async () => {
    const { unit } = buildText(readFileSync(new URL("lowering.c", folder), "utf8"), tools);
    const { stdout } = runClang(tools.toolchain, [...tools.prelude.flags, "-E", "-P", "-x", "c", "-"], unit.text, {
      readable: tools.prelude.folders,
    });
    const inline = "__attribute__((always_inline)) static ";
    const helpers = stdout
      .toString("utf8")
      .split("\n")
      .filter((line) => line.startsWith(inline));
    await expect(`${helpers.map((line) => line.slice(inline.length)).join("\n")}\n`).toMatchFileSnapshot(
      "cases/lowering.calls",
    );
  });

  it("gives the same text with every clang", () => {
    const text = readFileSync(new URL("reads.c", folder), "utf8");
    expect(buildText(text, tools).unit.text).toBe(buildText(text, openTools(clangs[0]!.clang)).unit.text);
  });

  it("knows what events carry", () => {
    const { unit, bytes } = buildText(readFileSync(new URL("methods.c", folder), "utf8"), tools);
    expect(unit.eventStructs).toEqual({ events: "data_t", ring: "data_t" });
    expect(describeObject(bytes, ["data_t"]).structs["data_t"]).toMatchObject({ kind: "struct", size: 20 });
  });

  it("knows which enums have negative values, of every size", () => {
    const text = `enum small { MINUS = -1, NONE, ONE } __attribute__((packed));
enum result { FAILED = -2, DONE = 0, MANY = 70000 };
enum flags { LOW = 1, HIGH = 0x80000000U };
struct data_t { enum small small; enum result result; enum flags flags; };
BPF_PERF_OUTPUT(events);
int f(void *ctx) { struct data_t data = {}; events.perf_submit(ctx, &data, sizeof(data)); return 0; }
`;
    const layout = describeObject(buildText(text, tools).bytes, ["data_t"]).structs["data_t"];
    expect(layout).toMatchObject({
      members: [
        { name: "small", layout: { size: 1, signed: true, values: { "-1": "MINUS", "0": "NONE", "1": "ONE" } } },
        { name: "result", layout: { size: 4, signed: true, values: { "-2": "FAILED", "0": "DONE", "70000": "MANY" } } },
        { name: "flags", layout: { size: 4, signed: false, values: { "1": "LOW", "2147483648": "HIGH" } } },
      ],
    });
  });

  it("leaves a text without the dialect's words and without kernel pointers as it is", () => {
    const text =
      'struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, u32); __type(value, u64); } m SEC(".maps");\nSEC("tp_btf/sched_switch")\nint BPF_PROG(f, unsigned int preempt, struct task_struct *prev)\n{\n\tu32 k = prev->pid;\n\tu64 *v = bpf_map_lookup_elem(&m, &k);\n\treturn v ? *v : BPF_CORE_READ(prev, mm, map_count);\n}\nchar L[] SEC("license") = "GPL";\n';
    expect(buildText(text, tools).unit.parts.body).toBe(text);
  });

  it("drops programs and maps of branches that are not compiled", () => {
    const { unit } = buildText(
      "#ifdef NO\nBPF_HASH(a);\nint f(void *ctx) { return 0; }\n#else\nBPF_HASH(b);\nint g(void *ctx) { return 0; }\n#endif\n",
      tools,
    );
    expect([unit.programs.map(({ name }) => name), unit.maps.map(({ name }) => name)]).toEqual([["g"], ["b"]]);
  });

  it("keeps one program and one map of a name that both branches of an #if declare", () => {
    const text = `#ifdef WIDE
BPF_HASH(seen, u64, u64);
int kprobe__do_exit(struct pt_regs *ctx) { u64 id = 1; seen.increment(id); return 0; }
#else
BPF_HASH(seen, u32, u64);
int kprobe__do_exit(struct pt_regs *ctx) { u32 id = 1; seen.increment(id); return 0; }
#endif
#if 0
int kprobe__do_exit(struct pt_regs *ctx) { return 0; }
#endif
TRACEPOINT_PROBE(syscalls, sys_enter_kill) { return 0; }
`;
    for (const cflags of [[], ["-DWIDE"]]) {
      const { unit } = buildText(text, tools, cflags);
      const line = (offset: number): number => text.slice(0, offset).split("\n").length;
      const first = cflags.length > 0 ? 2 : 5;
      expect(unit.maps.map(({ name, offset }) => [name, line(offset)])).toEqual([["seen", first]]);
      expect(unit.programs.map(({ name, offset }) => [name, line(offset)])).toEqual([
        ["kprobe__do_exit", first + 1],
        ["tracepoint__syscalls__sys_enter_kill", 11],
      ]);
    }
  });

  it("keeps one body under two heads working", () => {
    const text =
      "#ifdef WRAPPED\nint f(struct pt_regs *ctx, struct pt_regs *regs)\n{\n  int flags = PT_REGS_PARM1(regs);\n#else\nint f(struct pt_regs *ctx, int flags, struct file *file)\n{\n  flags += file->f_flags;\n#endif\n  return flags;\n}\n";
    expect(buildText(text, tools, ["-DWRAPPED"]).unit.parts.body).toContain(
      "int flags = bpfts_read_any(PT_REGS_PARM1(regs));",
    );
    expect(buildText(text, tools).unit.parts.body).toContain("flags += bpfts_read_any(file->f_flags);");
  });

  it("finds the user's place of clang's messages behind rewritten text", () => {
    const text = "BPF_HASH(h, u32);\nint f(void *ctx) {\n  u32 k = 0; h.lookup(&k); return nowhere;\n}\n";
    const lineText = text.split("\n")[2]!;
    expect(() => buildText(text, tools)).toThrow(
      expect.objectContaining({
        location: { file: "<text>", line: 3, column: lineText.indexOf("nowhere") + 1, lineText },
      }),
    );
  });

  it("names the reads that stay as they are, and where", () => {
    const text =
      "#define TWICE(t) (t)->pid\n#undef TWICE\n#define TWICE(t, name) ((t)->start_##name + 1)\nint f(struct pt_regs *ctx) {\n  struct task_struct *t = (struct task_struct *)bpf_get_current_task();\n  return TWICE(t,\n    time);\n}\n";
    const { unit } = buildText(text, tools);
    expect(unit.warnings.map(({ message, location }) => [message, location?.line])).toEqual([
      ['A read through a kernel pointer in "TWICE(t, time)" cannot be made explicit: it stands inside of the macro', 6],
    ]);
  });

  it("leaves static functions alone that nothing uses", () => {
    const unused =
      "static inline int first(void *at) { return *(int *)at; }\nstatic inline int unused(void *at, struct task_struct *t) { return first(at) + t->pid; }\n";
    const used = "static int used(void *at) { return *(int *)at; }\n";
    const text = `${unused}${used}int f(struct pt_regs *ctx) { return used((void *)PT_REGS_PARM1(ctx)); }\n`;
    const { unit } = buildText(text, tools);
    expect(unit.parts.body).toContain("return first(at) + t->pid;");
    expect(unit.parts.body).toContain("return bpfts_read_any(*(int *)at);");
  });

  it("makes the reads in headers of the text's own explicit, in texts that stand in for them", () => {
    const folder = mkdtempSync(join(tmpdir(), "bpfts-test-"));
    try {
      const header =
        "#define OWN_PID(t) (t)->pid\n#define OWN_BARE(t) t->tgid\nstatic inline int own_tgid(struct task_struct *t)\n{\n\treturn t->sched_reset_on_fork + t->real_parent->tgid;\n}\n";
      writeFileSync(join(folder, "own.h"), header);
      const text =
        '#include "own.h"\nint f(struct pt_regs *ctx) {\n  struct task_struct *t = (struct task_struct *)bpf_get_current_task();\n  return OWN_PID(t) + own_tgid(t) + OWN_BARE(t->real_parent);\n}\n';
      const { unit } = buildText(text, tools, [`-I${folder}`]);
      expect(unit.warnings).toEqual([]);
      expect(unit.parts.body).toContain(
        "return OWN_PID(t) + own_tgid(t) + OWN_BARE(bpfts_read_kernel(t->real_parent));",
      );
      expect([...unit.headers!]).toEqual([
        [
          join(folder, "own.h"),
          "#define OWN_PID(t) bpfts_read_kernel((t)->pid)\n#define OWN_BARE(t) bpfts_read_kernel(t->tgid)\nstatic inline int own_tgid(struct task_struct *t)\n{\n\treturn bpfts_read_bits_kernel(t, sched_reset_on_fork) + bpfts_read_kernel(bpfts_read_kernel(t->real_parent)->tgid);\n}\n",
        ],
      ]);
      expect(readFileSync(join(folder, "own.h"), "utf8")).toBe(header);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it("raises errors of its own as DialectError", () => {
    expect(() => buildText("BPF_HASH(h);\nint f(void *ctx) { h.nothing(); return 0; }", tools)).toThrow(DialectError);
  });
});
