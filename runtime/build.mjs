// Bundles the CLI: dist/bpfts.cjs is the entry, which loads dist/main.cjs with the code that V8 compiled of it in an earlier
// run. Both lie flat in dist/ beside QuickJS's Wasm.
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createHash } from "node:crypto";
import { createRequire } from "node:module";
import { basename, dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { build, transformSync } from "esbuild";
import ts from "typescript";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(root, "dist");
const require = createRequire(import.meta.url);
const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

// What sdk/guest/globals.ts and the bundler (`define` and `loader` in runtime/script/bundle-script.ts) give every script.
const globalFunctions = {
  "guest/console.ts": { guestConsole: "console" },
  "time/timers.ts": ["setTimeout", "setInterval", "clearTimeout", "clearInterval"],
  "time/promises.ts": ["queueMicrotask"],
  "web/base64.ts": ["atob", "btoa"],
  "web/crypto.ts": ["crypto"],
  "web/performance.ts": ["performance"],
  "web/structured-clone.ts": ["structuredClone"],
};
const globalClasses = {
  "web/abort.ts": ["AbortController", "AbortSignal"],
  "web/dom-exception.ts": ["DOMException"],
  "web/event-target.ts": ["Event", "EventTarget"],
  "web/text-coding.ts": ["TextDecoder", "TextEncoder"],
  "web/url.ts": ["URL"],
  "web/url-search-params.ts": ["URLSearchParams"],
};
const scriptGlobals = `${Object.entries(globalFunctions)
  .flatMap(([file, names]) =>
    (Array.isArray(names) ? names.map((name) => [name, name]) : Object.entries(names)).map(
      ([name, global]) => `declare var ${global}: typeof import("./${file}").${name};\n`,
    ),
  )
  .join("")}${Object.entries(globalClasses)
  .flatMap(([file, names]) =>
    names.map(
      (name) =>
        `type ${name} = import("./${file}").${name};\ndeclare var ${name}: typeof import("./${file}").${name};\n`,
    ),
  )
  .join("")}type CustomEvent<Detail = unknown> = import("./web/event-target.ts").CustomEvent<Detail>;
declare var CustomEvent: typeof import("./web/event-target.ts").CustomEvent;
declare module "*.c" {
  const text: string;
  export default text;
}
declare module "*.h" {
  const text: string;
  export default text;
}
`;

// What the tsconfig.json of `bpfts init` adds: without it TypeScript advises to install Node's types for `process` and the like.
const nodeNames = ["process", "Buffer", "require", "module", "global", "__dirname", "__filename"];
const nodeModules = ["node:*", "fs", "fs/promises", "os", "net", "http", "https", "child_process", "worker_threads"];
const noNode = `/**
 * A script runs in a sandbox, and Node's globals and modules are not there. "bpfts" exports what takes their place: \`argv\`, \`exit\`,
 * \`command\`, \`read_file\` for files below /proc and /sys, \`print\` beside \`console.log\`.
 */
interface ScriptsRunInASandboxWithoutNode {}
${nodeNames.map((name) => `declare const ${name}: ScriptsRunInASandboxWithoutNode;\n`).join("")}${nodeModules
  .map(
    (name) => `declare module "${name}" {\n  const none: ScriptsRunInASandboxWithoutNode;\n  export default none;\n}\n`,
  )
  .join("")}`;

const result = await build({
  absWorkingDir: root,
  entryPoints: { bpfts: "runtime/entry/start.ts", main: "runtime/cli/main.ts" },
  outdir: "dist",
  outExtension: { ".js": ".cjs" },
  bundle: true,
  format: "cjs",
  platform: "node",
  target: "node20",
  legalComments: "none",
  minifySyntax: true,
  minifyWhitespace: true,
  // QuickJS's loader imports Node's modules when it is called; a file that is run by hand has no import().
  supported: { "dynamic-import": false },
  // esbuild finds its own binary beside its package; the addon is loaded by path.
  external: ["esbuild", "*.node"],
  define: {
    __BPFTS_VERSION__: JSON.stringify(version),
    __BPFTS_BUILD__: JSON.stringify(hashSources()),
    "import.meta.url": "__bpftsUrl",
  },
  banner: { js: 'const __bpftsUrl = require("node:url").pathToFileURL(__filename).href;' },
  write: false,
  logLevel: "warning",
}).catch(() => process.exit(1));

mkdirSync(dist, { recursive: true });
const kept = new Set(["quickjs.wasm", ".bpfts-stamp", "types", "web"]);
// The entry last: it carries the build's name, under which nothing of the new one is cached before.
const files = result.outputFiles.toSorted(
  (a, b) => Number(a.path.endsWith("bpfts.cjs")) - Number(b.path.endsWith("bpfts.cjs")),
);
for (const file of files) {
  const name = basename(file.path);
  kept.add(name);
  // The entry reads it as Latin-1, which takes V8 half the memory.
  if (/[^\0-\x7f]/.test(file.text)) throw new Error(`${name} has characters that are not ASCII`);
  // The entry runs the rest as a function of what a module of Node's has.
  const text =
    name === "bpfts.cjs"
      ? `#!/usr/bin/env node\n${file.text}`
      : `(function (exports, require, module, __filename, __dirname) {${file.text}\n})`;
  replaceFile(name, (path) => writeFileSync(path, text));
}
replaceFile("quickjs.wasm", (path) => copyFileSync(require.resolve("@jitl/quickjs-wasmfile-release-sync/wasm"), path));
writeTypes();
writeWebModules();
for (const name of readdirSync(dist)) {
  if (!kept.has(name)) rmSync(join(dist, name), { recursive: true });
}

// Compiled objects are cached under this: another dialect must not find them.
function hashSources() {
  const hash = createHash("sha256");
  // The lock file stands for QuickJS and esbuild, whose work is cached as well.
  const sources = ["runtime", "sdk"].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true })
      .filter((name) => name.endsWith(".ts"))
      .map((name) => join(folder, name)),
  );
  for (const name of ["package-lock.json", ...sources.toSorted()])
    hash.update(`${name}\0`).update(readFileSync(join(root, name)));
  return hash.digest("hex").slice(0, 16);
}

// What editors check scripts against. Declarations alone take half the time that the sources take, and
// TypeScript's settings in the user's folder do not apply to them.
function writeTypes() {
  mkdirSync(join(dist, "types"), { recursive: true });
  const names = readdirSync(join(root, "sdk"), { recursive: true }).filter((name) => name.endsWith(".ts"));
  for (const name of names) {
    const { outputText, diagnostics } = ts.transpileDeclaration(readFileSync(join(root, "sdk", name), "utf8"), {
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
      process.stderr.write(`sdk/${name}:${line}: ${ts.flattenDiagnosticMessageText(messageText, " ")}\n`);
      process.exitCode = 1;
    }
    // A file by itself does not know what Symbol.iterator is: TypeScript declares such a method a second time, as a property.
    const declarations = outputText.replace(/^ +\[Symbol\.\w+\]: .*\n/gm, "");
    mkdirSync(dirname(join(dist, "types", name)), { recursive: true });
    const text = name === "index.ts" ? `/// <reference path="./script.d.ts" />\n${declarations}` : declarations;
    replaceFile(join("types", name.replace(/\.ts$/, ".d.ts")), (path) => writeFileSync(path, text));
  }
  replaceFile(join("types", "script.d.ts"), (path) => writeFileSync(path, scriptGlobals));
  replaceFile(join("types", "no-node.d.ts"), (path) => writeFileSync(path, noNode));
  const wanted = new Set(["script.d.ts", "no-node.d.ts", ...names.map((name) => name.replace(/\.ts$/, ".d.ts"))]);
  const folders = new Set(names.map(dirname));
  for (const entry of readdirSync(join(dist, "types"), { recursive: true, withFileTypes: true })) {
    const name = relative(join(dist, "types"), join(entry.parentPath, entry.name));
    if (!wanted.has(name) && !folders.has(name)) rmSync(join(dist, "types", name), { recursive: true, force: true });
  }
}

// The modules of sdk/web/, which a running script reads one by one when it first uses what they have (sdk/web/load-module.ts).
function writeWebModules() {
  const folder = join(dist, "web");
  mkdirSync(folder, { recursive: true });
  const names = readdirSync(join(root, "sdk/web")).filter((name) => !/^(?:load-module|lazy-globals)\.ts$/.test(name));
  for (const name of names) {
    const { outputText } = ts.transpileModule(readFileSync(join(root, "sdk/web", name), "utf8"), {
      fileName: name,
      compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.CommonJS, removeComments: true },
    });
    const { code } = transformSync(outputText, { minifySyntax: true, minifyWhitespace: true, target: "es2023" });
    replaceFile(join("web", name.replace(/\.ts$/, ".js")), (path) => writeFileSync(path, code));
  }
  const wanted = new Set(names.map((name) => name.replace(/\.ts$/, ".js")));
  for (const name of readdirSync(folder)) if (!wanted.has(name)) rmSync(join(folder, name));
}

function replaceFile(name, write) {
  const target = join(dist, name);
  write(`${target}.new`);
  chmodSync(`${target}.new`, name === "bpfts.cjs" ? 0o755 : 0o644);
  renameSync(`${target}.new`, target);
}
