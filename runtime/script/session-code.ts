import type { BuildOptions } from "esbuild";
import type { MappedCode } from "./lower-async.ts";
import { libraryName } from "./read-library.ts";

/** The guest's function that runs async functions. Source: RUN_ASYNC in sdk/wire/guest-hooks.ts. */
const RUN_ASYNC = "__bpfts_async";

/** Where lines of a session find what they import of the library. Source: LIVE_NAMES in sdk/wire/guest-hooks.ts. */
const NAMES = "__bpfts_live_names";

/** The bundler's own sentence. */
export function needsWait(message: string): boolean {
  return message.startsWith("Top-level await is not available");
}

/**
 * How lines of a session are bundled: all that they declare stays, since a later line may use it, and so does a last expression, which is their value.
 * The bundler makes `var` of what a module declares, so a later line may declare it again. With `isLowered` async functions become generators.
 */
export function sessionBundle(isLowered: boolean): BuildOptions & { readonly metafile: true; readonly write: false } {
  return {
    treeShaking: false,
    minifySyntax: false,
    metafile: true,
    write: false,
    // An import may be for later lines.
    tsconfigRaw: { compilerOptions: { verbatimModuleSyntax: true, useDefineForClassFields: true } },
    ...(isLowered && { supported: { "async-await": false, "for-await": false, "async-generator": false } }),
  };
}

const importLines = new RegExp(`^import \\{([^}]*)\\} from "${libraryName}";$`, "gm");
const importAll = new RegExp(`^import \\* as ([\\w$]+) from "${libraryName}";$`, "gm");
const importAlone = new RegExp(`^import "${libraryName}";$`, "gm");
const lastExport = /^export \{[^}]*\};\s*(?![^])/m;
const asyncHelper = /^var __async = \([^]*?^\};$/m;

/** Makes a script of a module: imports of the library become variables, exports go. Each line stays where it is, so that the map stays true. */
export function rewriteForSession<Bundle extends MappedCode>(bundle: Bundle): Bundle {
  const keepNewlines = (text: string): string => text.replace(/[^\n]/g, "");
  const code = bundle.code
    .replace(importLines, (_, names: string) => `var {${names.replaceAll(" as ", ": ")}} = globalThis.${NAMES};`)
    .replace(importAll, `var $1 = globalThis.${NAMES};`)
    .replace(importAlone, "")
    .replace(lastExport, keepNewlines)
    .replace(asyncHelper, (text) => `var __async = globalThis.${RUN_ASYNC};${keepNewlines(text)}`);
  return { ...bundle, code };
}
