import { Scope } from "quickjs-emscripten-core";
import { afterEach, describe, expect, it, vi } from "vitest";
import { openSandbox } from "../../../runtime/sandbox/sandbox.ts";
import type { Outcome, Sandbox, SandboxOptions } from "../../../runtime/sandbox/sandbox.ts";

const MIB = 1024 * 1024;
const open: Sandbox[] = [];

async function openTest(options: Partial<SandboxOptions> = {}): Promise<Sandbox> {
  const sandbox = await openSandbox({
    limits: { memoryBytes: 32 * MIB, stackBytes: 256 * 1024 },
    call: () => "=null",
    shouldStop: () => false,
    ...options,
  });
  open.push(sandbox);
  return sandbox;
}

/** Runs a module and answers what it hands to `report`. */
async function runModule(
  code: string,
  options: Partial<SandboxOptions> = {},
): Promise<{ outcome: Outcome; reports: string[]; sandbox: Sandbox }> {
  const reports: string[] = [];
  const call = (name: string, argument: string): string => {
    reports.push(`${name} ${argument}`);
    return "=null";
  };
  const sandbox = await openTest({ call, ...options });
  const outcome = sandbox.evaluate(
    `const report = (value) => __bpfts_call("report", String(value)); ${code}`,
    "test.js",
  );
  return { outcome, reports, sandbox };
}

function limitOf(outcome: Outcome | undefined): string | undefined {
  return outcome?.kind === "thrown" ? outcome.thrown.limit : undefined;
}

afterEach(() => {
  for (const sandbox of open.splice(0)) sandbox.close();
  vi.restoreAllMocks();
});

describe("what the guest can reach", () => {
  it("is the language and one function, nothing of Node's or the browser's", async () => {
    const names = [
      "process",
      "require",
      "module",
      "exports",
      "global",
      "Buffer",
      "fetch",
      "XMLHttpRequest",
      "WebSocket",
      "Worker",
      "WebAssembly",
      "std",
      "os",
      "setTimeout",
      "Deno",
      "Bun",
    ];
    const { reports } = await runModule(
      `report(${JSON.stringify(names)}.filter((name) => name in globalThis).join()); report(typeof __bpfts_call)`,
    );
    expect(reports).toEqual(["report ", "report function"]);
  });

  it("does not lead to the host through constructors", async () => {
    const { reports, outcome } = await runModule(`
      const host = __bpfts_call.constructor("return this")();
      report(host === globalThis);
      report(Object.getOwnPropertyNames(Object.getPrototypeOf(__bpfts_call)).includes("process"));
      report(typeof (0, eval)("typeof process"));
      report((0, eval)("typeof process"));
    `);
    expect(outcome.kind).toBe("done");
    expect(reports).toEqual(["report true", "report false", "report string", "report undefined"]);
  });

  it("refuses to import anything", async () => {
    const imported = await runModule(
      `const fs = await import("node:fs").catch((error) => error); report(fs instanceof Error)`,
    );
    imported.sandbox.runJobs();
    expect(imported.reports).toEqual(["report true"]);
    const { outcome } = await runModule(`import "std";`);
    expect(outcome.kind).toBe("thrown");
  });

  it("cannot replace the host's function", async () => {
    const { outcome } = await runModule(`globalThis.__bpfts_call = () => 1;`);
    expect(outcome).toMatchObject({ kind: "thrown", thrown: { name: "TypeError" } });
  });
});

describe("limits", () => {
  it.each([
    ["array buffers", "const all = []; for (;;) all.push(new ArrayBuffer(1 << 20));"],
    ["typed arrays", "const all = []; for (;;) all.push(new Uint8Array(1 << 22).fill(1));"],
    ["objects", "const all = []; for (;;) all.push({ at: all.length });"],
    ["strings", "const all = []; for (;;) all.push(('x'.repeat(1 << 20) + all.length).split('').join(''));"],
    [
      "a growing string kept in closures",
      "let f = () => 1; for (;;) { const g = f, s = 'x'.repeat(1 << 16) + Math.random(); f = () => [g, s]; }",
    ],
  ])("stops %s at the memory ceiling", async (_, code) => {
    const { outcome, sandbox } = await runModule(code);
    expect(outcome).toMatchObject({ thrown: { limit: "memory" } });
    expect(sandbox.memoryBytes).toBeLessThanOrEqual(32 * MIB);
  });

  it.each([
    ["bytes", new Uint8Array(40 * MIB)],
    ["text", "x".repeat(40 * MIB)],
    // Larger than what is free, smaller than all of it: written to its start it would not be out of bounds.
    ["bytes that would fit over the guest's own data", new Uint8Array(15 * MIB)],
  ])("stops an answer of %s that is larger than what is left", async (_, answer) => {
    const { outcome } = await runModule(
      `const kept = new ArrayBuffer(15 << 20);
       let message;
       try { __bpfts_call("large", ""); } catch (error) { message = error.message; }
       __bpfts_call(message + " " + [1, 2, 3].map((x) => x + 1), "");
       __bpfts_call("large", "");`,
      { call: (name) => (name === "large" ? answer : (calls.push(name), "=null")) },
    );
    expect(calls.splice(0)).toEqual(["out of memory 2,3,4"]);
    expect(limitOf(outcome)).toBe("memory");
  });
  const calls: string[] = [];

  it("lets a script go on that gave the memory back", async () => {
    const { outcome, reports } = await runModule(`
      function fill() { const all = []; for (;;) all.push(new ArrayBuffer(1 << 20)); }
      let message;
      try { fill(); } catch (error) { message = error.message; }
      report(message);
      report(new ArrayBuffer(1 << 20).byteLength);
    `);
    expect(outcome.kind).toBe("done");
    expect(reports).toEqual(["report out of memory", "report 1048576"]);
  });

  it.each([
    ["plain recursion", "function f() { return f() + 1; } f();"],
    ["recursion through callbacks", "function f() { return [1].map(f); } f();"],
    ["recursion through getters", "const o = { get x() { return this.x; } }; o.x;"],
    ["recursion through toString", "const o = { toString() { return `${this}`; } }; `${o}`;"],
    ["recursion through sort", "function f() { return [2, 1].sort(f); } f();"],
    ["recursion through JSON", "const o = { toJSON() { return JSON.stringify(o); } }; JSON.stringify(o);"],
    ["recursion through proxies", "let p = {}; for (let i = 0; i < 100000; i++) p = new Proxy(p, {}); p.x;"],
    ["recursion through a regular expression's replace", "function f() { return 'a'.replace(/a/, f); } f();"],
    ["deep brackets in eval", "eval('['.repeat(100000));"],
    ["deep JSON", "JSON.parse('['.repeat(1000000));"],
  ])("stops %s without harm to the host", async (_, code) => {
    const { outcome } = await runModule(code);
    expect(outcome.kind === "thrown" ? (outcome.thrown.limit ?? outcome.thrown.name) : "done").toMatch(
      /^(stack|SyntaxError)$/,
    );
  });

  it("stops an endless loop when it is told to, past any catch and finally", async () => {
    let asked = 0;
    const { outcome, reports } = await runModule(
      `try { for (;;); } catch { report("caught"); } finally { report("finally"); }`,
      { shouldStop: () => ++asked > 3 },
    );
    expect(limitOf(outcome)).toBe("stopped");
    expect(reports).toEqual([]);
  });

  it("stops a regular expression that runs wild", async () => {
    let asked = 0;
    const { outcome } = await runModule(`/(a+)+$/.test("a".repeat(40) + "b")`, { shouldStop: () => ++asked > 3 });
    expect(limitOf(outcome)).toBe("stopped");
  });

  it("ends a chain of promises that never ends by itself", async () => {
    let asked = 0;
    const { sandbox } = await runModule(`const next = () => Promise.resolve().then(next); next();`, {
      shouldStop: () => ++asked > 3,
    });
    expect(sandbox.runJobs().ran).toBeGreaterThan(100);
    expect(limitOf(sandbox.evaluate("for (;;);", "more.js"))).toBe("stopped");
  });
});

describe("what the guest throws", () => {
  it("comes out with its class, message and place", async () => {
    const { outcome } = await runModule(`\nfunction inner() { null.x; }\ninner();`);
    expect(outcome).toMatchObject({
      kind: "thrown",
      thrown: { limit: undefined, name: "TypeError", message: "cannot read property 'x' of null" },
    });
    expect(outcome.kind === "thrown" ? outcome.thrown.stack : "").toContain("at inner (test.js:2:");
  });

  it.each([
    ["null", "null"],
    ["'text'", "text"],
    ["42", "42"],
    ["{ message: 'like an error' }", "like an error"],
    ["Symbol('s')", "a symbol"],
  ])("may be %s", async (value, message) => {
    const { outcome } = await runModule(`throw ${value};`);
    expect(outcome).toMatchObject({ kind: "thrown", thrown: { limit: undefined, message } });
  });

  it("cannot hurt the host with getters that throw or never end", async () => {
    const { outcome } = await runModule(
      `throw { get name() { throw 1; }, get message() { for (;;); }, get stack() { return {}; } };`,
      { shouldStop: () => true },
    );
    expect(outcome.kind).toBe("thrown");
  });

  it("comes out of a promise that the module waits for", async () => {
    const { outcome, sandbox } = await runModule(`await null; throw new RangeError("late");`);
    expect(outcome.kind).toBe("done");
    expect(sandbox.checkModule()).toBeUndefined();
    sandbox.runJobs();
    expect(sandbox.checkModule()).toMatchObject({ kind: "thrown", thrown: { name: "RangeError", message: "late" } });
  });
});

describe("the door", () => {
  it("carries text and bytes both ways", async () => {
    const seen: unknown[] = [];
    const sandbox = await openTest({
      call(name, argument, bytes) {
        seen.push([name, argument, [...bytes]]);
        return name === "bytes" ? Uint8Array.of(1, 2, 3) : "=grüße 😀";
      },
    });
    sandbox.evaluate(
      `
      const text = __bpfts_call("text", "ärger", new Uint8Array([9, 8]).buffer);
      const bytes = new Uint8Array(__bpfts_call("bytes", "null", undefined));
      __bpfts_call("report", text + bytes.join());
    `,
      "test.js",
    );
    expect(seen).toEqual([
      ["text", "ärger", [9, 8]],
      ["bytes", "null", []],
      ["report", "=grüße 😀1,2,3", []],
    ]);
  });

  it.each(["", '"name"', '"name", "text", "no bytes"'])(
    "is an error of the guest's when called with (%s)",
    async (args) => {
      const { outcome, reports } = await runModule(`
      try { __bpfts_call(${args}); } catch (error) { report(error instanceof Error); }
      report("goes on");
    `);
      expect([outcome.kind, reports]).toEqual(["done", ["report true", "report goes on"]]);
    },
  );

  it("throws in the guest what the host throws", async () => {
    const seen: string[] = [];
    const sandbox = await openTest({
      call(name) {
        seen.push(name);
        if (name === "fail") throw new RangeError("too far");
        return "";
      },
    });
    const outcome = sandbox.evaluate(
      `try { __bpfts_call("fail", ""); } catch (error) { __bpfts_call(error.name + ": " + error.message, ""); }`,
      "test.js",
    );
    expect([outcome.kind, seen]).toEqual(["done", ["fail", "RangeError: too far"]]);
  });

  it("makes no generators, of each of which V8 keeps a map until it looks through all its memory", async () => {
    const generators = vi.spyOn(Scope, "withScopeMaybeAsync");
    const { reports } = await runModule(`report("called")`);
    expect([reports, generators.mock.calls.length]).toEqual([["report called"], 0]);
  });

  it("closes twice without harm", async () => {
    const sandbox = await openTest();
    sandbox.close();
    sandbox.close();
  });
});
