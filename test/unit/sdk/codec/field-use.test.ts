import { describe, expect, it } from "vitest";
import type { StructLayout } from "../../../../sdk/wire/layout.ts";
import { findFieldUse } from "../../../../sdk/codec/field-use.ts";
import { compileWalk } from "../../../../sdk/codec/record-walk.ts";
import type { FieldUse } from "../../../../sdk/codec/record-walk.ts";

const u32 = { kind: "int", name: "unsigned int", size: 4, signed: false } as const;
const layout: StructLayout = {
  kind: "struct",
  name: "event",
  size: 8,
  members: [
    { name: "pid", offset: 0, layout: u32 },
    {
      name: "",
      offset: 4,
      layout: { kind: "union", name: "", size: 4, members: [{ name: "code", offset: 0, layout: u32 }] },
    },
  ],
};

/** Callbacks as texts, since the tests' own are rewritten on their way here. */
function judge(text: string): FieldUse | undefined {
  return findFieldUse(new Function(`return (${text});`)() as () => unknown, layout);
}

describe("findFieldUse", () => {
  it.each([
    ["(e) => print(e.pid, e.code)", "pid code"],
    ["e => e.pid", "pid"],
    [
      "(e) => { const ms = (e.pid - start) / 1e6 / other.e; print(`${e.code} ${`${e.code}`} }`, /[/`']}/.test(name)); }",
      "pid code",
    ],
    [
      "(e, cpu, size) => { if (e.pid > 3) { total += e.code; } else { for (const c of [1]) { print(`${e.pid} ${c}`, other.e); } } }",
      "pid code cpu",
    ],
    ["(e) => { if (e.pid) { try { n++; } finally { n--; } { n += e.pid; } } }", "pid"],
    ["function show(e) { print(e.pid / 2); }", "pid"],
    ["function (e, cpu) { try { n += e.pid; } catch (error) { print(error); } }", "pid cpu"],
    [
      "(e) => { print(names.find((name) => name.id === 3), { key: { of: e?.code } }, '=> e', \"{ e }\"); /* e */ }",
      "code",
    ],
    ["({ pid, code: c = 3 }) => later(() => print(pid, c))", "pid code"],
    ["({ pid, }, cpu) => { n++; }", "pid cpu"],
    ["() => { n++; }", ""],
    ["function () { n++; }", ""],
    ["($) => $.pid", "pid"],
    ["(e) => { const { pid } = e; later(() => print(pid)); }", "pid"],
    ["(e, cpu) => { let { pid: p, code = 1, } = e; if (e.code) { var { code: c } = e; n += c + p; } }", "pid code cpu"],
  ])("sees that %s names fields only", (text, expected) => {
    const words = expected.split(" ").filter((word) => word !== "");
    expect(judge(text)).toEqual({
      fields: new Set(words.filter((word) => word !== "cpu")),
      takesCpu: words.includes("cpu"),
    });
  });

  it.each([
    "(e) => print(e)",
    "(e) => list.push(e)",
    "(e) => [...e]",
    "(e) => [... /* */ e]",
    "(e) => ({ ...e })",
    "(e) => ({ e })",
    "(e) => ({ e: 1 })",
    "(e) => { kept = e; }",
    "(e) => { const { other } = e; print(other); }",
    "(e) => { const { pid, ...rest } = e; kept.push(rest); }",
    "(e) => { ({ pid } = e); }",
    "(e) => { const { pid } = e, same = e; kept.push(same); }",
    "(e) => { const { pid } = e || kept; print(pid); }",
    "(e) => { const { pid } = same = e; print(pid); }",
    "(e) => { later(() => { const { pid } = e; print(pid); }); }",
    "(e) => { const { pid: { x } } = e; print(x); }",
    "(e) => later(() => print(e.pid))",
    "(e) => later((at = e.pid) => at)",
    "(e) => () => e.pid",
    "(e) => later(x => { if (x) { print(e.pid); } })",
    "(e) => `${later(() => e.pid)}`",
    "(e, show = () => e.pid) => later(show)",
    "(e) => later(function () { print(e.pid); })",
    "(e) => later({ show() { print(e.pid); } })",
    "(e) => later({ show(a = f(g(h(1)))) { print(e.pid); } })",
    "(e) => later({ show() /* { */ { print(e.pid); } })",
    "(e) => later({ show(a = ')(') { print(e.pid); } })",
    "(e) => later({ if(x) { return e.pid; } })",
    "(e) => { later({ a: 1, while(x) { return e.pid; } }); }",
    "(e) => { for (const o = { x: 1 };; { if(x) { return e.pid; } }) break; }",
    "(e) => later({ ['x']() { return e.pid; } })",
    "(e) => later({ *walk() { e.pid; } })",
    "(e) => later({ get pid() { return e.pid; } })",
    "(e) => { if (x) /[\"]/.test(y); later(() => e.pid); print('\"'); }",
    "(e) => { const of = 4; print(of / 2, later(() => e.pid), 1 / 2); }",
    "(e) => { a = b++ / 2; }",
    "async (e) => print(e.pid)",
    "async (e) => { await x; print(e.pid); }",
    "function* (e) { print(e.pid); }",
    "function (e) { print(arguments[0], e.pid); }",
    "function () { print(arguments[0]); }",
    "() => this",
    "(e) => eval('e')",
    "(e) => { with (e) { print(pid); } }",
    "(e) => e.valueOf()",
    "(e) => e.__proto__",
    "(e) => e['pid']",
    "(e) => e\n.\npid.x + e",
    "(e = {}) => e.pid",
    "(e, same = e) => kept.push(same)",
    "({ pid, ...rest }) => kept.push(rest)",
    "({ pid: { x } }) => x",
    "({ ['pid']: x }) => x",
    "(...events) => kept.push(events)",
    "([e]) => kept.push(e)",
    "(e) => { // all of it goes there.\n e; }",
    "(e) => \\u0065",
    "(é) => é.pid",
    "(e) => { x = 1 <!--e\n; }",
    "(function (e) { return e.pid; }).bind(null)",
    "new Proxy(function (e) { return e.pid; }, {})",
    "({ take(e) { return e.pid; } }).take",
    "({ get(e) { return e.pid; } }).get",
    "class { constructor(e) { this.e = e; } }",
  ])("does not trust %s", (text) => expect(judge(text)).toBeUndefined());
});

describe("compileWalk that reuses its object", () => {
  const use = { fields: new Set(["pid", "code"]), takesCpu: true };
  const buffer = new Uint32Array([8, 0, 1, 2, 8, 0, 3, 4, 4, 0, 5, 0]).buffer;

  it("reads the same values", () => {
    const seen: unknown[] = [];
    compileWalk(layout, { use })(buffer)({ at: 0, end: buffer.byteLength }, (value) =>
      seen.push({ ...(value as object) }),
    );
    expect(seen).toEqual([
      { pid: 1, code: 2 },
      { pid: 3, code: 4 },
      { pid: 5, code: 0 },
    ]);
  });

  it("leaves the outer walk's event alone when its callback walks on", () => {
    const cursor = { at: 0, end: buffer.byteLength };
    const walk = compileWalk(layout, { use })(buffer);
    const seen: unknown[] = [];
    walk(cursor, (value) => {
      walk(cursor, () => undefined);
      seen.push({ ...(value as object) });
    });
    expect(seen).toEqual([{ pid: 1, code: 2 }]);
  });

  it("reads what is named, and nothing else", () => {
    const seen: unknown[] = [];
    const walk = compileWalk(layout, { use: { fields: new Set(["code"]), takesCpu: false } })(buffer);
    walk({ at: 0, end: 32 }, (...values) => seen.push({ ...(values[0] as object) }, values.length));
    expect(seen).toEqual([{ code: 2 }, 1, { code: 4 }, 1]);
  });
});

describe("compileWalk of some members", () => {
  const tailed: StructLayout = {
    ...layout,
    members: [
      ...layout.members,
      { name: "rest", offset: 8, layout: { kind: "array", size: 0, length: 0, element: u32 } },
    ],
  };
  const buffer = new Uint32Array([16, 0, 1, 2, 3, 4, 4, 0, 5, 0]).buffer;
  const readAll = (...only: string[]): unknown[] => {
    const seen: unknown[] = [];
    compileWalk(tailed, { only: new Set(only) })(buffer)({ at: 0, end: buffer.byteLength }, (value) =>
      seen.push(value),
    );
    return seen;
  };

  it("makes an object of its own for each event, short ones and open ends too", () => {
    expect(readAll("code")).toEqual([{ code: 2 }, { code: 0 }]);
    expect(readAll("rest", "pid")).toEqual([
      { pid: 1, rest: [3, 4] },
      { pid: 5, rest: [] },
    ]);
  });
});
