import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import variant from "@jitl/quickjs-wasmfile-release-sync";
import { newQuickJSWASMModuleFromVariant, newVariant } from "quickjs-emscripten-core";
import type { CustomizeVariantOptions, QuickJSWASMModule } from "quickjs-emscripten-core";
import type { WasmMemory } from "../engine/image.ts";
import type { EngineTrick } from "../engine/tricks.ts";
import { setV8Flags } from "../engine/v8-flags.ts";

const { Memory } = (
  globalThis as unknown as { WebAssembly: { Memory: new (size: { initial: number; maximum: number }) => WasmMemory } }
).WebAssembly;

/** A QuickJS of its own: module and memory are shared with no other sandbox. */
export interface LoadedQuickJs {
  readonly module: QuickJSWASMModule;
  readonly memory: WasmMemory;
}

type EmscriptenModuleLoaderOptions = NonNullable<CustomizeVariantOptions["emscriptenModule"]>;

const PAGE_BYTES = 64 * 1024;

/** What the module's own data and stack need before a script has run a line. */
const MIN_PAGES = 256;

/**
 * Loads QuickJS with a memory that cannot grow past the ceiling. The ceiling is the Wasm memory's own:
 * QuickJS's limit does not count array buffers.
 */
export async function loadQuickJs(memoryBytes: number, without: ReadonlySet<EngineTrick>): Promise<LoadedQuickJs> {
  const maximum = Math.max(MIN_PAGES, Math.ceil(memoryBytes / PAGE_BYTES));
  setV8Flags(without);
  const memory = new Memory({ initial: MIN_PAGES, maximum });
  // A file of this size has an array buffer of its own.
  const wasmBinary = readFileSync(findWasm()).buffer as ArrayBuffer;
  // The name of the program lies in the guest's memory: by the way bpfts was started everything behind it would lie elsewhere, and no image fit.
  // What it says when it cannot free everything, after it was stopped in the middle, is of no use to anybody.
  const emscriptenModule = { thisProgram: "bpfts", printErr: () => undefined } as EmscriptenModuleLoaderOptions;
  const module = await newQuickJSWASMModuleFromVariant(
    newVariant(variant, { wasmMemory: memory, wasmBinary, emscriptenModule }),
  );
  return { module, memory };
}

/** Beside the bundled CLI, else in the package. */
function findWasm(): string {
  const bundled = fileURLToPath(new URL("./quickjs.wasm", import.meta.url));
  return existsSync(bundled)
    ? bundled
    : createRequire(import.meta.url).resolve("@jitl/quickjs-wasmfile-release-sync/wasm");
}
