import { describe, expect, it } from "vitest";
import { locateInUnit } from "../../../../runtime/dialect/text/locate-in-unit.ts";
import { prepareUnit } from "../../../../runtime/dialect/prepare.ts";
import { fakeEnv, openatFormat, prepare } from "../fake-env.ts";

const text = "BPF_HASH(h, u32);\nint f(void *ctx) {\n  u32 k = 0; /* ü */ h.lookup(&k); return k;\n}\n";

describe("locateInUnit", () => {
  it("finds the user's line and column through the edits", () => {
    const unit = prepare(text);
    const line = unit.parts.body.split("\n")[2]!;
    const column = Buffer.byteLength(line.slice(0, line.indexOf("return"))) + 1;
    expect(locateInUnit(unit, 3, column)).toEqual({
      file: "<text>",
      line: 3,
      column: text.split("\n")[2]!.indexOf("return") + 1,
      lineText: text.split("\n")[2],
    });
    expect(locateInUnit(unit, 3)).toEqual({ file: "<text>", line: 3, lineText: text.split("\n")[2] });
    expect(locateInUnit(unit, 99)).toBeUndefined();
  });

  it("names the script where the text stands in it line by line", () => {
    const unit = prepareUnit(
      {
        text,
        name: "<text>",
        place: {
          file: "/s/a.ts",
          runs: text.split("\n").map((_, index, lines) => ({
            at: lines.slice(0, index).join("\n").length + Number(index > 0),
            line: 10 + index,
            column: 1,
          })),
          end: text.length,
        },
      },
      fakeEnv,
    );
    expect(unit.file).toBe("/s/a.ts");
    expect(unit.text).toContain('#line 10 "/s/a.ts"');
    expect(locateInUnit(unit, 12)).toEqual({ file: "/s/a.ts", line: 12 });
  });

  it("keeps the text's own lines where it was put together from pieces", () => {
    const unit = prepareUnit(
      {
        text,
        name: "<text>",
        place: {
          file: "/s/a.ts",
          runs: [
            { at: 0, line: 5, column: 3 },
            { at: 18, line: 0, column: 0 },
          ],
          end: text.length,
        },
      },
      fakeEnv,
    );
    expect(unit.file).toBe("<text>");
    expect(unit.text).toContain('#line 1 "<text>"');
    expect(locateInUnit(unit, 1)).toEqual({ file: "/s/a.ts", line: 5 });
    expect(locateInUnit(unit, 3)).toEqual({ file: "<text>", line: 3, lineText: text.split("\n")[2] });
  });
});

describe("a unit", () => {
  it("is data: what was kept as JSON places messages as it did, and says what it was told of the machine", () => {
    const asked =
      "BPF_HASH(h, u32);\n#ifdef CONFIG_NET_NS\n#endif\n#if CONFIG_MISSING\n#endif\nTRACEPOINT_PROBE(syscalls, sys_enter_openat) { u32 k = 0; h.increment(k); return 0; }\nTRACEPOINT_PROBE(a, gone) { return 0; }\n";
    const unit = prepare(asked);
    const kept = JSON.parse(JSON.stringify(unit)) as typeof unit;
    expect(kept).toEqual(unit);
    const line = unit.parts.body.split("\n")[5]!;
    const column = line.lastIndexOf("return") + 1;
    expect(locateInUnit(kept, 6, column)).toMatchObject({
      line: 6,
      column: asked.split("\n")[5]!.lastIndexOf("return") + 1,
    });
    expect(kept.used).toEqual({
      kernelVersionCode: fakeEnv.kernelVersionCode,
      onlineCpus: 4,
      possibleCpus: 8,
      tracepoints: { "syscalls:sys_enter_openat": openatFormat, "a:gone": null },
      config: { CONFIG_NET_NS: "y", CONFIG_MISSING: null },
    });
  });
});

describe("properties of prepareUnit", () => {
  const pieces = [
    "BPF_HASH(h, u32);\n",
    "#define A(x) \\\n  h.lookup(x)\n",
    "TRACEPOINT_PROBE(a,\n  b)\n{ return 0; }\n",
    "struct mount { int a; };\n",
    '/* "quotes\n */\n',
    'char s[] = "x\ny";\n',
    "int g(struct pt_regs *ctx,\n  struct sock *sk)\n{\n  h.update(\n    &sk,\n    &sk);\n return 0; }\n",
    "#include <linux/fs.h>\n",
    "\n\n",
    "static int k(void) { return 'x'; }\n",
  ];

  it("keeps the number of lines, whatever stands in the text", () => {
    for (let seed = 0; seed < 200; seed++) {
      let state = seed + 1;
      const next = (): number => (state = (state * 1103515245 + 12345) % 2147483648);
      const made = Array.from({ length: 6 }, () => pieces[next() % pieces.length]!).join("");
      expect(prepare(made).parts.body.split("\n").length).toBe(made.split("\n").length);
    }
  });

  it("changes nothing in a text without the dialect's words", () => {
    const plain =
      'struct { __uint(type, 1); __type(key, u32); } m SEC(".maps");\nSEC("kprobe/x") int f(struct pt_regs *ctx)\n{\n\tu64 *v = bpf_map_lookup_elem(&m, &k);\n\tbpf_printk("%d", a.key);\n\treturn 0;\n}\nchar L[] SEC("license") = "GPL";\n';
    expect(prepare(plain).parts.body).toBe(plain);
  });
});
