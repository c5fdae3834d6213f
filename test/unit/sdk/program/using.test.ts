import { describe, expect, it } from "vitest";
import { makeProgram, runScriptText } from "../../../support/guest-run.ts";

const maps = [
  { name: "events", type: 27, keySize: 0, valueSize: 0, maxEntries: 4096, flags: 0, key: null, value: null },
] as never;
const kernel = { mapMaxEntries: () => 4096, ringOpen: () => 7, ringClose: () => 0 } as never;

function run(text: string): ReturnType<typeof runScriptText> & { closed?: () => number } {
  let closed = 0;
  const result = runScriptText(`// @ts-nocheck\nimport { BPF, print } from "bpfts";\n${text}`, {
    kernel,
    build: () => makeProgram({ maps }, { close: () => void closed++ }),
  });
  return Object.assign(result, { closed: () => closed });
}

describe("using", () => {
  it("closes a program at the end of its block, once", async () => {
    const result = run(`
      { using b = new BPF({ text: "x" }); print("in", b.table_names.length); }
      print("out");
      let kept;
      { using b = new BPF({ text: "x" }); kept = b; b.close(); }
      try { kept.get_table("events"); } catch (error) { print(error.name); }
    `);
    expect(await result).toMatchObject({ error: undefined, stdout: "in 1\nout\nClosedError\n" });
    expect(result.closed!()).toBe(2);
  });

  it("closes a program that the block leaves by an error, and in an async function", async () => {
    const result = run(`
      async function work() { await using b = new BPF({ text: "x" }); await null; throw new Error("in the block"); }
      try { await work(); } catch (error) { print(error.message); }
      const closers = { [Symbol.asyncDispose]: async () => print("closed") };
      { await using one = closers; print("open"); }
    `);
    expect(await result).toMatchObject({ error: undefined, stdout: "in the block\nopen\nclosed\n" });
    expect(result.closed!()).toBe(1);
  });

  it("reports both errors when closing fails, too", async () => {
    const { stdout, error } = await run(`
      try { using one = { [Symbol.dispose]() { throw new Error("closing"); } }; throw new Error("block"); }
      catch (error) { print(error instanceof SuppressedError, error.error.message, error.suppressed.message); }
    `);
    expect(error).toBeUndefined();
    expect(stdout).toBe("true closing block\n");
  });

  it("works with stacks of things to close", async () => {
    const { stdout, error } = await run(`
      { using stack = new DisposableStack(); stack.defer(() => print("first in")); stack.use({ [Symbol.dispose]: () => print("used") }); stack.adopt(5, (n) => print("adopted", n)); const moved = stack.move(); print(stack.disposed); moved.dispose(); }
      const many = new AsyncDisposableStack();
      many.defer(async () => { print("async"); throw new Error("a"); }); many.defer(() => { throw new Error("b"); });
      try { await many.disposeAsync(); } catch (error) { print(error.name, error.error.message, error.suppressed.message, many.disposed); }
      try { many.defer(() => {}); } catch (error) { print(error.name); }
    `);
    expect(error).toBeUndefined();
    expect(stdout).toBe("true\nadopted 5\nused\nfirst in\nasync\nSuppressedError a b true\nReferenceError\n");
  });
});
