import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, it } from "vitest";
import { loadWasm } from "../../../runtime/engine/machine-code.ts";
import type { WasmInstance, WasmModule } from "../../../runtime/engine/machine-code.ts";

/** A module with one function, which does nothing: `interpreter`. */
const bytes = Uint8Array.from([
  ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0],
  ...[7, 15, 1, 11, ...Buffer.from("interpreter"), 0, 0, 10, 4, 1, 2, 0, 0x0b],
]);

interface Wasm {
  readonly Module: new (bytes: Uint8Array) => WasmModule;
  readonly Instance: new (module: WasmModule) => WasmInstance;
}

it("keeps code at the end of runs in which V8 forgot the bytecode of functions", () => {
  const { WebAssembly } = globalThis as unknown as { readonly WebAssembly: Wasm };
  const written: string[] = [];
  const store = { build: "test", find: () => undefined, write: (name: string) => void written.push(name) };
  const loaded = loadWasm(bytes, store, (text) => new WebAssembly.Module(text));
  const instance = new WebAssembly.Instance(loaded.module);
  // V8 counts collections that a function was not called in; under this flag one is enough.
  setFlagsFromString("--stress-flush-code");
  setFlagsFromString("--expose-gc");
  try {
    const collect = runInNewContext("gc") as () => void;
    for (let turn = 0; turn < 10; turn++) collect();
    loaded.keep(instance);
  } finally {
    setFlagsFromString("--no-stress-flush-code");
    setFlagsFromString("--no-expose-gc");
  }
  // Nothing of it was optimised.
  expect(written).toEqual([]);
});
