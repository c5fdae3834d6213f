import { format } from "node:util";
import { describe, expect, it } from "vitest";
import { runScriptText } from "../../../support/guest-run.ts";

/** Expressions whose value Node's own globals tell. */
const expressions: Readonly<Record<string, readonly string[]>> = {
  "btoa and atob": [
    `["", "a", "ab", "abc", "\\xff\\x00", "abcd"].map(btoa)`,
    `["", "YQ==", "YQ", " Y W J j\\n", "/+8="].map(atob)`,
    `["YQ=", "Y", "Y===", "a-b_", "=", "YQ==YQ=="].map((text) => attempt(() => atob(text)))`,
    `attempt(() => btoa("\\u0100"))`,
  ],
  TextEncoder: [
    `["", "aä€😀", "\\ud800x", "x\\udc80", "\\udc80\\udcff"].map((text) => [...new TextEncoder().encode(text)])`,
    `[1, 2, 3, 4, 7].map((size) => { const bytes = new Uint8Array(size); return [new TextEncoder().encodeInto("a€😀", bytes), [...bytes]]; })`,
    `[...new TextEncoder().encode()]`,
  ],
  TextDecoder: [
    `[[0x61, 0xe2, 0x82, 0x61], [0xff, 0xfe, 0x80], [0xf0, 0x9f, 0x98], [0xf0, 0x80, 0x80, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80], [0xe0, 0x80], [0xc0, 0xaf], [0xf1, 0x80, 0x80, 0xe2], [0xed, 0xb2, 0x80]].map((bytes) => new TextDecoder().decode(new Uint8Array(bytes)))`,
    `[0, 1, 2, 3, 4].map((cut) => { const d = new TextDecoder(); const b = new Uint8Array([0xf0, 0x9f, 0x92, 0x80, 0x61]); return d.decode(b.slice(0, cut), { stream: true }) + "|" + d.decode(b.slice(cut)); })`,
    `[false, true].map((ignoreBOM) => new TextDecoder("utf8", { ignoreBOM }).decode(new Uint8Array([0xef, 0xbb, 0xbf, 0x61, 0xef, 0xbb, 0xbf])).length)`,
    `(() => { const d = new TextDecoder(); return d.decode(new Uint8Array([0xef, 0xbb]), { stream: true }) + d.decode(new Uint8Array([0xbf, 0x61]), { stream: true }) + d.decode(new Uint8Array([0xef, 0xbb, 0xbf])).length; })()`,
    `[[0xff], [0x61]].map((bytes) => attempt(() => new TextDecoder("utf-8", { fatal: true }).decode(new Uint8Array(bytes))))`,
    `new TextDecoder("utf-16le").decode(new Uint8Array([0x61, 0, 0x3d, 0xd8, 0, 0xde, 0, 0xd8]))`,
    `new TextDecoder().decode(new DataView(new Uint8Array([1, 0x61, 0x62, 2]).buffer, 1, 2))`,
    `attempt(() => new TextDecoder("klingon"))`,
  ],
  URL: [
    `["https://Üser:p%40@EXAMPLE.com:443/a/../b?x=1&y=ä#h", "HTTP://faß.ExAmple:8080", "file:///a/./b", "data:text/plain,x", "http://[::1]:80/", "http://0x7f.1/", "mailto:a@b", "http://a b/", "nope", "", "//x", "http://ex.com/%zz?q#%"].map((text) => attempt(() => parts(new URL(text))))`,
    `["x", "../x", "?q", "#h", "//other/y", "/", "http:z"].map((text) => new URL(text, "http://a.b/c/d/e?f#g").href)`,
    `["http://a", "a", "a:"].map((text) => [URL.canParse(text), URL.canParse(text, "http://b")])`,
    `[["protocol", "ftp"], ["protocol", "foo"], ["host", "x.y:99"], ["hostname", "q"], ["port", "77x"], ["port", "-"], ["pathname", "a b"], ["search", "x y"], ["search", ""], ["hash", "z"], ["username", "u:v"], ["password", "w"], ["origin", "http://z"]].map(([name, value]) => { const url = new URL("http://a.b:1/c?d#e"); try { url[name] = value; } catch (error) { return error.name; } return parts(url); })`,
    `(() => { const url = new URL("http://a/?x=1&y=2&x=3"); url.searchParams.append("z", "ä &"); const first = url.href; url.searchParams.delete("x"); const second = url.href; url.search = "?only=1"; return [first, second, [...url.searchParams], url.searchParams === url.searchParams, JSON.stringify({ url })]; })()`,
    `(() => { const url = new URL("http://a/?x"); url.searchParams.delete("x"); return url.href; })()`,
  ],
  URLSearchParams: [
    `["?a=1&b=2&a=3", "a=%zz&%61=+%2B", "&&=&x", "a=%e2%82%ac%ff", "ä=😀", { q: "1", r: "ä" }, [["a", "b"], ["a", "c"]]].map((init) => { const p = new URLSearchParams(init); return [String(p), [...p], [...p.keys()], [...p.values()], p.size]; })`,
    `(() => { const p = new URLSearchParams("b=1&a=2&b=3&c=4"); p.sort(); const sorted = String(p); p.set("b", "9"); p.append("d", "*-._ ~"); return [sorted, String(p), p.get("zz"), p.getAll("a"), p.has("a"), p.has("a", "3"), p.has("a", "2")]; })()`,
    `attempt(() => new URLSearchParams([["a"]]))`,
    `(() => { const p = new URLSearchParams("a=1&b=2"); const seen = []; p.forEach((value, name, all) => seen.push([value, name, all === p])); return seen; })()`,
  ],
  structuredClone: [
    `(() => { const a = { d: new Date(5), r: /x/gi, m: new Map([[{ k: 1 }, new Set([1, "2"])]]), u: new Uint16Array([1, 2, 3]).subarray(1), list: [1, , 3], n: null, b: 5n, boxed: Object("s"), ["__proto__"]: 1 }; a.self = a; const c = structuredClone(a); return [c !== a, c.self === c, c.d.getTime(), String(c.r), [...c.m].map(([k, v]) => [k.k, [...v]]), [...c.u], 1 in c.list, c.list.length, c.n, String(c.b), typeof c.boxed, Object.keys(c)]; })()`,
    `(() => { class P { x = 1; get y() { return 2; } } const c = structuredClone(new P()); return [c.constructor === Object, c]; })()`,
    `(() => { const e = structuredClone(new RangeError("m", { cause: { c: 1 } })); return [e instanceof RangeError, e.message, e.cause, e.name]; })()`,
    `[() => {}, Symbol("s"), { f() {} }, new WeakMap(), Promise.resolve(1)].map((value) => attempt(() => structuredClone(value)))`,
    `(() => { const b = new ArrayBuffer(4); const v = new Uint8Array(b); v[0] = 7; const c = structuredClone(v, { transfer: [b] }); return [c[0], b.byteLength]; })()`,
    `(() => { const b = new ArrayBuffer(4); const c = structuredClone({ x: new Uint8Array(b), y: new Uint8Array(b, 2) }); return [c.x.buffer === c.y.buffer, c.y.byteOffset, c.x.buffer === b]; })()`,
  ],
  "events and signals": [
    `(() => { const log = []; const t = new EventTarget(); const f = () => log.push("f"); t.addEventListener("x", f); t.addEventListener("x", f); t.addEventListener("x", { handleEvent() { log.push("o"); t.removeEventListener("x", g); } }); const g = () => log.push("g"); t.addEventListener("x", g); t.addEventListener("x", () => { log.push("once"); t.addEventListener("x", () => log.push("late")); }, { once: true }); t.dispatchEvent(new Event("x")); t.dispatchEvent(new Event("x")); return log; })()`,
    `(() => { const t = new EventTarget(); t.addEventListener("x", (e) => e.preventDefault()); return [t.dispatchEvent(new Event("x")), t.dispatchEvent(new Event("x", { cancelable: true }))]; })()`,
    `(() => { const t = new EventTarget(); const log = []; t.addEventListener("x", (e) => { log.push(1, e.target === t, e.type); e.stopImmediatePropagation(); }); t.addEventListener("x", () => log.push(2)); t.dispatchEvent(new Event("x")); return log; })()`,
    `(() => { const c = new AbortController(); const t = new EventTarget(); let n = 0; t.addEventListener("x", () => n++, { signal: c.signal }); t.dispatchEvent(new Event("x")); c.abort(); t.dispatchEvent(new Event("x")); return n; })()`,
    `(() => { const c = new AbortController(); let n = 0; c.signal.onabort = () => n++; c.signal.addEventListener("abort", (e) => { n += e.target === c.signal ? 10 : 100; }); c.abort(); c.abort("other"); return [n, c.signal.aborted, c.signal.reason.name, c.signal.reason.code, attempt(() => c.signal.throwIfAborted())]; })()`,
    `(() => { const a = AbortSignal.abort("why"); const c = new AbortController(); const any = AbortSignal.any([c.signal]); const before = any.aborted; c.abort(5); return [a.aborted, a.reason, before, any.aborted, any.reason, AbortSignal.any([a, c.signal]).reason, AbortSignal.any([]).aborted]; })()`,
    `["constructor", "toString", "__proto__"].map((name) => new DOMException("m", name).code)`,
    `[attempt(() => new AbortSignal()), new DOMException("m", "AbortError").code, new DOMException("m").name, new DOMException("m") instanceof Error]`,
  ],
  crypto: [
    `(() => { const a = new Uint32Array(8); return [crypto.getRandomValues(a) === a, a.some((n) => n > 0), /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(crypto.randomUUID())]; })()`,
    `attempt(() => crypto.getRandomValues(new Uint8Array(65537)))`,
    `attempt(() => crypto.getRandomValues(new Float32Array(1)))`,
    `(() => { const whole = new Uint8Array(8); crypto.getRandomValues(whole.subarray(2, 4)); return [whole[0], whole[1], whole[4]]; })()`,
  ],
};

const helpers = `"use strict";
const attempt = (run) => { try { return run() ?? null; } catch (error) { return "throws " + error.name; } };
const parts = (url) => ["href", "origin", "protocol", "username", "password", "host", "hostname", "port", "pathname", "search", "hash"].map((name) => url[name]);
const show = (value) => JSON.stringify(value, (_, item) => (typeof item === "bigint" ? String(item) : item));
`;

describe("the web's globals", () => {
  const rows = Object.entries(expressions).flatMap(([name, list]) => list.map((text, at) => [`${name} ${at}`, text]));

  it.each(rows)("answer what Node's do: %s", async (_, text) => {
    const names =
      "atob btoa TextEncoder TextDecoder URL URLSearchParams structuredClone EventTarget Event AbortController";
    const context = Object.fromEntries(
      `${names} AbortSignal DOMException crypto`.split(" ").map((one) => [one, globalThis[one as never]]),
    );
    const expected = new Function(...Object.keys(context), `${helpers}return show(${text});`)(
      ...Object.values(context),
    ) as string;
    const { stdout, error } = await runScriptText(`// @ts-nocheck\n${helpers}console.log(show(${text}));`);
    expect(error).toBeUndefined();
    expect(stdout.trimEnd()).toBe(expected);
  });

  it("read no code before a script uses one, and only the module of that one", async () => {
    const { stdout } = await runScriptText(
      `const read = Object.entries(Object.getOwnPropertyDescriptors(globalThis)).filter(([, { get }]) => get !== undefined).map(([name]) => name);
       btoa("x");
       const left = Object.entries(Object.getOwnPropertyDescriptors(globalThis)).filter(([, { get }]) => get !== undefined).map(([name]) => name);
       console.log(read.length, read.filter((name) => !left.includes(name)).join());`,
    );
    expect(stdout).toBe("18 btoa\n");
  });

  it("can be replaced, as globals can", async () => {
    const { stdout } = await runScriptText(
      `globalThis.URL = class { href = "mine"; }; console.log(new URL().href); delete globalThis.btoa; console.log(typeof btoa);`,
    );
    expect(stdout).toBe("mine\nundefined\n");
  });

  it("keep no script alive with the timer of AbortSignal.timeout, which comes while others wait", async () => {
    const { stdout, error } = await runScriptText(
      `AbortSignal.timeout(1e9).onabort = () => console.log("never");
       const soon = AbortSignal.timeout(5); soon.onabort = () => console.log(soon.reason.name, soon.reason instanceof DOMException);
       setTimeout(() => console.log("end"), 30);`,
    );
    expect(error).toBeUndefined();
    expect(stdout).toBe("TimeoutError true\nend\n");
  });

  it("have performance count from the script's start", async () => {
    const { stdout } = await runScriptText(
      `const until = Date.now() + 20; while (Date.now() < until); const now = performance.now(); console.log(now >= 20 && now < 20000, Math.abs(performance.timeOrigin + now - Date.now()) < 1000, performance.now() >= now);`,
    );
    expect(stdout).toBe("true true true\n");
  });

  it("run microtasks in order, and report what one throws", async () => {
    const { stdout, error } = await runScriptText(
      `setTimeout(() => console.log("timer"), 500); queueMicrotask(() => console.log("a")); Promise.resolve().then(() => console.log("b")); queueMicrotask(() => { throw new RangeError("c"); }); console.log("sync");`,
    );
    expect(stdout).toBe("sync\na\nb\n");
    expect(error).toMatchObject({ message: "RangeError: c" });
    const wrong = await runScriptText(`queueMicrotask(5);`);
    expect(wrong.error).toMatchObject({ message: expect.stringContaining("takes a function") as string });
  });

  it("end the script with what a listener throws, after the other listeners", async () => {
    const { stdout, error } = await runScriptText(
      `const t = new EventTarget(); t.addEventListener("x", () => { throw new Error("one"); }); t.addEventListener("x", () => console.log("two")); t.dispatchEvent(new Event("x")); console.log("on");`,
    );
    expect(stdout).toBe("two\non\n");
    expect(error).toMatchObject({ message: "Error: one" });
  });
});

describe("console", () => {
  it.each([
    ["%s and %s", "a", "b", "more"],
    ["%d %i %f", "1.5", "1.5", "1.5"],
    ["%d %d", 7n, "x"],
    ["%j %%", { a: [1] }],
    ["%s", 5n],
    ["100%", "x"],
    ["%x %s", "a"],
    ["%s %s", "only"],
    ["%c styled", "color: red"],
    ["%%", 1],
    [1, 1n, "two", null, undefined, true],
  ])("formats as Node does: %j", async (...values) => {
    const render = (value: unknown): string =>
      typeof value === "bigint" ? `${value}n` : value === undefined ? "undefined" : JSON.stringify(value);
    const { stdout, error } = await runScriptText(`console.log(${values.map(render).join(", ")});`);
    expect(error).toBeUndefined();
    expect(stdout).toBe(`${format(...values)}\n`);
  });

  it("shows 1 and 1n apart, where print writes digits", async () => {
    const { stdout } = await runScriptText(
      `import { print } from "bpfts"; console.log(1, 1n, { a: 1n }, [1n], new Map([[1n, 1]])); print(1, 1n, { a: 1n });`,
    );
    expect(stdout).toBe("1 1n { a: 1n } [1n] Map {1n => 1}\n1 1 { a: 1 }\n");
  });

  it("writes groups, counts and tables to standard output, failures to standard error", async () => {
    const { stdout, stderr, error } = await runScriptText(`
      console.group("g"); console.log("in\\nside"); console.group(); console.warn("warned"); console.groupEnd(); console.groupEnd(); console.groupEnd(); console.log("out");
      console.count(); console.count(); console.countReset(); console.count("x"); console.count();
      console.assert(true, "no"); console.assert(false); console.assert(0, "got %d", 4);
      console.table([{ a: 1, b: "x" }, { a: 2n, c: true }], ["a", "c"]); console.table(new Map([["k", 1n]])); console.table("plain");
      console.dir({ a: "b" }); console.timeEnd("none");`);
    expect(error).toBeUndefined();
    expect(stdout).toBe(
      `g\n  in\n  side\nout\ndefault: 1\ndefault: 2\nx: 1\ndefault: 1\n` +
        `┌─────────┬────┬──────┐\n│ (index) │ a  │ c    │\n├─────────┼────┼──────┤\n│ 0       │ 1  │      │\n│ 1       │ 2n │ true │\n└─────────┴────┴──────┘\n` +
        `┌───────┬────────┐\n│ (key) │ Values │\n├───────┼────────┤\n│ "k"   │ 1n     │\n└───────┴────────┘\nplain\n{ a: "b" }\n`,
    );
    expect(stderr).toBe(
      "    warned\nAssertion failed\nAssertion failed: got 4\nNo such label 'none' for console.timeEnd()\n",
    );
  });

  it("tells how long a clock ran", async () => {
    const { stdout } = await runScriptText(`console.time("t"); console.timeLog("t", 5n); console.timeEnd("t");`);
    expect(stdout).toMatch(/^t: [\d.]+ms 5n\nt: [\d.]+ms\n$/);
  });
});

describe("packages for browsers", () => {
  it("are bundled with NODE_ENV and by their browser builds", async () => {
    const { stdout, error } = await runScriptText(
      `import { where } from "pair"; import { kind } from "conditional"; console.log(where, kind, process.env.NODE_ENV);`,
      {
        files: {
          "package.json": "{}",
          "node_modules/pair/package.json": `{"main":"node.js","browser":"web.js"}`,
          "node_modules/pair/node.js": `exports.where = require("fs");`,
          "node_modules/pair/web.js": `exports.where = "browser";`,
          "node_modules/conditional/package.json": `{"exports":{"node":"./n.js","browser":"./b.js","default":"./d.js"}}`,
          "node_modules/conditional/b.js": `export const kind = "b";`,
          "node_modules/conditional/n.js": `export const kind = "n";`,
          "node_modules/conditional/d.js": `export const kind = "d";`,
        },
      },
    );
    expect(error).toBeUndefined();
    expect(stdout).toBe("browser b production\n");
  });
});
