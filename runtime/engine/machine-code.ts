import { cachedDataVersionTag, setFlagsFromString } from "node:v8";
import { chooseBudget } from "./v8-flags.ts";

/** A Wasm module and an instance of it, as far as the sandbox looks at them: Node's own types leave them out. */
export type WasmModule = object;
export interface WasmInstance {
  readonly exports: Readonly<Record<string, unknown>>;
}

/** Where machine code is kept between runs. The entries are sealed: V8 runs what it is given. */
export interface MachineCodeStore {
  /** The name of the build that the code is of. */
  readonly build: string;
  find(name: string): Uint8Array | undefined;
  write(name: string, code: Uint8Array): void;
}

/** A module of Wasm that was loaded. */
export interface LoadedWasm {
  readonly module: WasmModule;
  /** Keeps what V8 has optimised of it by now, where that is worth it. */
  keep(instance: WasmInstance): void;
}

/** Versions of Node whose V8 was tried. Later ones are built without these functions; one that took other arguments would end the process. */
const TRIED_NODES: ReadonlySet<number> = new Set([20, 22, 24]);

/** The export that `runtime/export-interpreter.mjs` adds. */
const INTERPRETER = "interpreter";

/** How much larger code must be to take the place of what is kept. */
const GROWTH = 1.05;

/** Functions of V8's own, which a script can name only where V8 is told so. */
interface Natives {
  /** V8 ends the process when nothing of the module was optimised. */
  readonly serialize: (module: WasmModule) => ArrayBuffer;
  readonly deserialize: (code: ArrayBuffer, bytes: Uint8Array) => WasmModule | undefined;
  readonly isOptimised: (exported: unknown) => boolean;
}

/**
 * Makes a module of Wasm with the machine code that V8 optimised in an earlier run. V8 compiles QuickJS's interpreter anew in each run that does much:
 * measured, that takes 110 to 190 ms of CPU time and 26 MB, and the code that comes out has 110 KB. V8 takes code back only from its own version, on
 * the same kind of processor and under the same flags.
 */
export function loadWasm(
  bytes: Uint8Array<ArrayBuffer>,
  store: MachineCodeStore | undefined,
  compile: (bytes: Uint8Array<ArrayBuffer>) => WasmModule,
): LoadedWasm {
  const nodeMajor = Number.parseInt(process.versions.node, 10);
  const natives = store && openNatives(nodeMajor);
  if (store === undefined || natives === undefined) return { module: compile(bytes), keep: () => undefined };
  // V8 takes no code back under other flags, and gives each function its budget when it makes the module.
  chooseBudget("later");
  const name = `machine/${store.build}-${bytes.length}-${cachedDataVersionTag()}`;
  const kept = store.find(name);
  const taken = kept && natives.deserialize(Uint8Array.from(kept).buffer, bytes);
  chooseBudget("first");
  const module = taken ?? compile(bytes);
  const keptBytes = taken === undefined ? 0 : kept!.length;
  return {
    module,
    keep({ exports }) {
      // V8 discards the bytecode of functions that were not called for a while. It cannot parse these two again, since the flag for their syntax is off by now.
      const later = exports[INTERPRETER] === undefined ? undefined : openNatives(nodeMajor);
      if (later?.isOptimised(exports[INTERPRETER]) !== true) return;
      // Measured, V8 writes it in 0.2 ms.
      chooseBudget("later");
      const code = new Uint8Array(later.serialize(module));
      chooseBudget("first");
      if (code.length >= keptBytes * GROWTH) store.write(name, code);
    },
  };
}

/** Undefined where V8 has not all of them, or was not tried. */
function openNatives(nodeMajor: number): Natives | undefined {
  if (!TRIED_NODES.has(nodeMajor)) return undefined;
  setFlagsFromString("--allow-natives-syntax");
  try {
    return {
      serialize: new Function("module", "return %SerializeWasmModule(module)") as Natives["serialize"],
      deserialize: new Function(
        "code",
        "bytes",
        "return %DeserializeWasmModule(code, bytes)",
      ) as Natives["deserialize"],
      isOptimised: new Function("exported", "return %IsTurboFanFunction(exported)") as Natives["isOptimised"],
    };
  } catch {
    return undefined;
  } finally {
    setFlagsFromString("--no-allow-natives-syntax");
  }
}
