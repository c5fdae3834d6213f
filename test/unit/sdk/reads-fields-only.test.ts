import { describe, expect, it } from "vitest";
import { compileWalk } from "../../../sdk/codec-reader.ts";
import type { StructLayout } from "../../../sdk/layout.ts";
import { readsFieldsOnly } from "../../../sdk/reads-fields-only.ts";

const u32 = { kind: "int", name: "unsigned int", size: 4, signed: false } as const;
const layout: StructLayout = {
  kind: "struct",
  name: "event",
  size: 8,
  members: [
    { name: "pid", offset: 0, layout: u32 },
    { name: "", offset: 4, layout: { kind: "union", name: "", size: 4, members: [{ name: "code", offset: 0, layout: u32 }] } },
  ],
};

/** Callbacks as texts, since the tests' own are rewritten on their way here. */
function judge(text: string): boolean {
  return readsFieldsOnly(new Function(`"use strict"; return (${text});`)() as () => unknown, layout);
}

describe("readsFieldsOnly", () => {
  it.each([
    "(e) => print(e.pid, e.code)",
    "e => e.pid",
    "(e, cpu, size) => { if (e.pid > 3) { total += e.code; } else { for (const c of [1]) { print(`${e.pid} ${c}`, other.e); } } }",
    "function show(e) { print(e.pid / 2); }",
    "function (e, cpu) { try { n += e.pid; } catch (error) { print(error); } }",
    "({ pid, code: c = 3 }) => later(() => print(pid, c))",
    "() => { n++; }",
    "($) => $.pid",
  ])("sees that %s keeps nothing", (text) => expect(judge(text)).toBe(true));

  it.each([
    "(e) => print(e)",
    "(e) => list.push(e)",
    "(e) => [...e]",
    "(e) => ({ ...e })",
    "(e) => { kept = e; }",
    "(e) => { const { pid } = e; print(pid); }",
    "(e) => later(() => print(e.pid))",
    "(e) => later(function () { print(e.pid); })",
    "(e) => later({ show() { print(e.pid); } })",
    "(e) => later({ get pid() { return e.pid; } })",
    "async (e) => print(e.pid)",
    "async (e) => { await x; print(e.pid); }",
    "function* (e) { print(e.pid); }",
    "function (e) { print(arguments[0], e.pid); }",
    "(e) => eval('e')",
    "(e) => e.valueOf()",
    "(e) => e['pid']",
    "(e, same = e) => kept.push(same)",
    "({ pid, ...rest }) => kept.push(rest)",
    "(...events) => kept.push(events)",
    "([e]) => kept.push(e)",
    "(e) => { // all of it goes there.\n e; }",
    "(e) => \\u0065",
    "(function (e) { return e.pid; }).bind(null)",
    "{ take(e) { return e.pid; } }.take",
  ])("does not trust %s", (text) => expect(judge(text)).toBe(false));
});

describe("compileWalk that reuses its object", () => {
  const buffer = new Uint32Array([8, 0, 1, 2, 8, 0, 3, 4, 4, 0, 5, 0]).buffer;

  it("reads the same values", () => {
    const seen: unknown[] = [];
    compileWalk(layout, true)(buffer)({ at: 0, end: buffer.byteLength }, (value) => seen.push({ ...(value as object) }));
    expect(seen).toEqual([{ pid: 1, code: 2 }, { pid: 3, code: 4 }, { pid: 5, code: 0 }]);
  });

  it("leaves the outer walk's event alone when its callback walks on", () => {
    const cursor = { at: 0, end: buffer.byteLength };
    const walk = compileWalk(layout, true)(buffer);
    const seen: unknown[] = [];
    walk(cursor, (value) => {
      walk(cursor, () => undefined);
      seen.push({ ...(value as object) });
    });
    expect(seen).toEqual([{ pid: 1, code: 2 }]);
  });
});
