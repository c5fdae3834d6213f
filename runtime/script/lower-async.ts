import type { Bundler } from "./confined-bundler.ts";
import { guestBundle, libraryName, listNamespace } from "./read-library.ts";

/** JavaScript and the map from it to where it came from, as JSON. */
export interface MappedCode {
  readonly code: string;
  readonly map: string;
}

/** Whether a bundle may have functions that answer promises of the engine's own making. */
export function haveAsync(code: string): boolean {
  return /\b(?:async|await)\b/.test(code);
}

/**
 * All else that a bundle would import is in it. The bundler puts a comment with the module's name before each module:
 * a text of the script's may have such an import in it, too.
 */
const importLine = new RegExp(
  `(?<=^// ${listNamespace}:${libraryName}\\n[^]*?^)import \\{[^}]*\\} from "${libraryName}";$`,
  "m",
);
/** What the script exports, or the call of a script that is no module. */
const lastExport = /^export \{[^}]*\};\s*(?![^])/m;
const lastDefault = /^export default (?=[\w$]+\(\);\s*(?![^]))/m;

/** The property of the global object that holds the promise of the script's end. */
const MAIN = "__bpfts_main";

/** The guest's function that runs async functions. Source: RUN_ASYNC in sdk/wire/guest-hooks.ts. */
const RUN_ASYNC = "__bpfts_async";

/** The bundler's helper that runs an async function. The guest has one of its own, which notes where errors came through (`sdk/time/async-functions.ts`). */
const helper =
  "=(__this,__arguments,generator)=>new Promise((resolve,reject)=>{var fulfilled=value=>{try{step(generator.next(value))}catch(e){reject(e)}}," +
  "rejected=value=>{try{step(generator.throw(value))}catch(e){reject(e)}}," +
  "step=x=>x.done?resolve(x.value):Promise.resolve(x.value).then(fulfilled,rejected);step((generator=generator.apply(__this,__arguments)).next())})";

/**
 * Rewrites async functions as generators, so that every promise is made by the guest's own `Promise`: QuickJS tells its host of no rejection, and one
 * that nobody handles would be lost without a word (`sdk/time/promises.ts`). `bundle` is a module as the bundler prints it, white space and all.
 *
 * The bundler can do that to functions only: the module's lines become one, and its last line waits for it.
 */
export async function lowerAsync(bundler: Bundler, bundle: MappedCode): Promise<MappedCode> {
  const found = importLine.exec(bundle.code)?.[0] ?? "";
  const imports = found.replaceAll("\n", " ");
  // Whatever goes leaves its newlines, and what comes stands on a line that has nothing of the script's: the map stays true.
  const keepNewlines = (text: string): string => text.replace(/[^\n]/g, "");
  const body = bundle.code.replace(importLine, keepNewlines).replace(lastExport, keepNewlines).replace(lastDefault, "");
  const inlineMap = `//# sourceMappingURL=data:application/json;base64,${Buffer.from(bundle.map).toString("base64")}`;
  // Not `transform`: a long text would reach the bundler's program by a file, which it could not read.
  const { outputFiles } = await bundler.build({
    stdin: { contents: `${imports}globalThis.${MAIN}=(async()=>{${body}\n})();\n${inlineMap}\n`, loader: "js" },
    write: false,
    outfile: "script.js",
    target: guestBundle.target,
    supported: { "async-await": false, "for-await": false, "async-generator": false },
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: "none",
    sourcemap: "external",
    sourcesContent: false,
    logLevel: "silent",
  });
  const find = (ending: string): string => outputFiles.find(({ path }) => path.endsWith(ending))!.text;
  return {
    // As long as the other, so that the map stays true.
    code: `${find(".js").replace(helper, `=globalThis.${RUN_ASYNC}`.padEnd(helper.length))}await globalThis.${MAIN}.then((value)=>value,(error)=>{throw error});\n`,
    map: find(".map"),
  };
}
