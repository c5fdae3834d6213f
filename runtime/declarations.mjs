// What editors check scripts against: the declarations of the SDK, rolled up. Declarations alone take half the time that the sources take, a few files a third
// less than one for each source, and TypeScript's settings in the user's folder do not apply to them.
import { readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { rollup } from "rollup";
import { dts } from "rollup-plugin-dts";
import ts from "typescript";
import { globalTypes, globalValues } from "./global-types.mjs";

// Without TypeScript's own types, which a project need not have.
const editorTypes = `/** The plugin of TypeScript's language service that knows the C of scripts; TypeScript's server calls it. */
declare function openPlugin(modules: { readonly typescript: unknown }): { create(info: unknown): unknown };
export = openPlugin;
`;

/** The files of dist/types, by name. What is wrong with a source goes to `report`. */
export async function declareTypes(sdk, report) {
  const declarations = new Map(
    readdirSync(sdk, { recursive: true })
      .filter((name) => name.endsWith(".ts"))
      .map((name) => [`/${name}`, declareFile(readFileSync(join(sdk, name), "utf8"), name, report)]),
  );
  declarations.set("/global-values.ts", globalValues);
  const entries = new Set(["/index.d.ts", "/global-values.d.ts"]);
  const bundle = await rollup({
    input: [...entries],
    plugins: [readFrom(declarations), dts()],
    // What scripts cannot name was no export before either.
    onLog: (level, log, warn) => log.message.includes("private shared type exports") || warn(level, log),
  });
  const { output } = await bundle.generate({
    format: "es",
    minifyInternalExports: false,
    entryFileNames: "[name].d.ts",
    chunkFileNames: "[name].d.ts",
    // Editors show a class by the name it has in its file: `BPF` is the name of a class and of the constant that scripts import.
    manualChunks: (id) => (entries.has(id) || id === "/program/bpf.d.ts" ? undefined : "sdk"),
  });
  const files = new Map(output.map(({ fileName, code }) => [fileName, code]));
  files.set("index.d.ts", `/// <reference lib="esnext.disposable" />\n${files.get("index.d.ts")}`);
  files.set("globals.d.ts", globalTypes);
  files.set("editor.d.cts", editorTypes);
  return files;
}

function declareFile(text, name, report) {
  const { outputText, diagnostics } = ts.transpileDeclaration(text, {
    fileName: name,
    reportDiagnostics: true,
    compilerOptions: {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ESNext,
      strict: true,
      isolatedDeclarations: true,
    },
  });
  for (const { messageText, start, file } of diagnostics ?? []) {
    const line = file === undefined || start === undefined ? 0 : file.getLineAndCharacterOfPosition(start).line + 1;
    report(`sdk/${name}:${line}: ${ts.flattenDiagnosticMessageText(messageText, " ")}`);
  }
  // A file by itself does not know what Symbol.iterator is: TypeScript declares such a method a second time, as a property.
  return outputText.replace(/^ +\[Symbol\.\w+\]: .*\n/gm, "");
}

function readFrom(declarations) {
  const source = (id) => id.replace(/\.d\.ts$/, ".ts");
  return {
    name: "declarations of the SDK",
    resolveId: (name, importer) =>
      (importer === undefined ? name : posix.resolve(posix.dirname(importer), name)).replace(/(?<!\.d)\.ts$/, ".d.ts"),
    load: (id) => declarations.get(source(id)),
  };
}
