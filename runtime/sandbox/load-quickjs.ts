import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import variant from "@jitl/quickjs-wasmfile-release-sync";
import { newQuickJSWASMModuleFromVariant, newVariant } from "quickjs-emscripten-core";
import type { CustomizeVariantOptions, QuickJSWASMModule } from "quickjs-emscripten-core";
import type { WasmMemory } from "../engine/image.ts";
import { loadWasm } from "../engine/machine-code.ts";
import type { MachineCodeStore, WasmInstance, WasmModule } from "../engine/machine-code.ts";
import type { EngineTrick } from "../engine/tricks.ts";
import { setV8Flags } from "../engine/v8-flags.ts";

const { Memory, Module, instantiate } = (
  globalThis as unknown as {
    WebAssembly: {
      Memory: new (size: { initial: number; maximum: number }) => WasmMemory;
      Module: new (bytes: Uint8Array<ArrayBuffer>) => WasmModule;
      instantiate: (module: WasmModule, imports: unknown) => Promise<WasmInstance>;
    };
  }
).WebAssembly;

/** A QuickJS of its own: module and memory are shared with no other sandbox. */
export interface LoadedQuickJs {
  readonly module: QuickJSWASMModule;
  readonly memory: WasmMemory;
  /** Keeps the machine code that V8 has optimised by now for the next runs. */
  readonly keepCode: () => void;
}

type EmscriptenModuleLoaderOptions = NonNullable<CustomizeVariantOptions["emscriptenModule"]>;

const PAGE_BYTES = 64 * 1024;

/** What the module's own data and stack need before a script has run a line. */
const MIN_PAGES = 256;

/**
 * Loads QuickJS with a memory that cannot grow past the ceiling. The ceiling is the Wasm memory's own:
 * QuickJS's limit does not count array buffers.
 */
export async function loadQuickJs(
  memoryBytes: number,
  without: ReadonlySet<EngineTrick>,
  machineCode?: MachineCodeStore,
): Promise<LoadedQuickJs> {
  const maximum = Math.max(MIN_PAGES, Math.ceil(memoryBytes / PAGE_BYTES));
  setV8Flags(without);
  const memory = new Memory({ initial: MIN_PAGES, maximum });
  const store = without.has("machine") || without.has("flags") ? undefined : machineCode;
  // A file of this size has an array buffer of its own.
  const wasm = loadWasm(readFileSync(findWasm()), store, (bytes) => new Module(bytes));
  let instance: WasmInstance | undefined;
  // The name of the program lies in the guest's memory: by the way bpfts was started everything behind it would lie elsewhere, and no image fit.
  // What it says when it cannot free everything, after it was stopped in the middle, is of no use to anybody.
  const emscriptenModule = {
    thisProgram: "bpfts",
    printErr: () => undefined,
    async instantiateWasm(imports: unknown, take: (instance: WasmInstance) => void) {
      instance = await instantiate(wasm.module, imports);
      take(instance);
    },
  } as EmscriptenModuleLoaderOptions;
  const module = await newQuickJSWASMModuleFromVariant(newVariant(variant, { wasmMemory: memory, emscriptenModule }));
  return { module, memory, keepCode: () => wasm.keep(instance!) };
}

/** Beside the bundled CLI, else in the package. */
function findWasm(): string {
  const bundled = fileURLToPath(new URL("./quickjs.wasm", import.meta.url));
  return existsSync(bundled)
    ? bundled
    : createRequire(import.meta.url).resolve("@jitl/quickjs-wasmfile-release-sync/wasm");
}
