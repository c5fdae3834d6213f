// Bundles the CLI: dist/bpfts.cjs is the entry, which loads dist/main.cjs and, when it is needed, dist/later.cjs with the code
// that V8 compiled of them in an earlier run. All lie flat in dist/ beside QuickJS's Wasm.
import { chmodSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, transformSync } from "esbuild";
import ts from "typescript";
import { bundleParts } from "./bundle-parts.mjs";
import { declareTypes } from "./declarations.mjs";
import { exportInterpreter } from "./export-interpreter.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(root, "dist");
const require = createRequire(import.meta.url);
const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

/** Modules of Node's that few runs call: each takes Node some milliseconds to load, so the first use of one of its names does so. */
const rarelyUsed = ["child_process", "perf_hooks", "readline", "stream", "tty", "util", "zlib"];

const loadAtFirstUse = {
  name: "load at first use",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: new RegExp(`^node:(?:${rarelyUsed.join("|")})$`) }, ({ path, namespace }) =>
      namespace === "at-first-use" ? { path, external: true } : { path, namespace: "at-first-use" },
    );
    onLoad({ filter: /.*/, namespace: "at-first-use" }, ({ path }) => ({
      contents: `for (const name of ${JSON.stringify(Object.keys(require(path)))})
  Object.defineProperty(exports, name, { enumerable: true, get: () => require(${JSON.stringify(path)})[name] });`,
    }));
  },
};

const options = {
  plugins: [loadAtFirstUse],
  outdir: "dist",
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
  logLevel: "warning",
};
const parts = await bundleParts(root, "runtime/cli/main.ts", options);
const { outputFiles: entryFiles } = await build({
  ...options,
  // What V8 compiled of other texts is of no use to these, whatever made them differ.
  define: { ...options.define, __BPFTS_CODE__: JSON.stringify(hashTexts(Object.values(parts))) },
  absWorkingDir: root,
  entryPoints: ["runtime/entry/start.ts"],
  bundle: true,
  write: false,
}).catch(() => process.exit(1));

mkdirSync(dist, { recursive: true });
const kept = new Set([
  "quickjs.wasm",
  ".bpfts-stamp",
  "index.js",
  "editor.cjs",
  "page.cjs",
  "types",
  "lazy",
  "prebuilt",
]);
// The entry runs the parts as functions of what a module of Node's has. It comes last: it carries the build's name, under which nothing of the new one is cached before.
const texts = {
  ...Object.fromEntries(
    Object.entries(parts).map(([name, text]) => [
      name,
      `(function (exports, require, module, __filename, __dirname) {${text}\n})`,
    ]),
  ),
  "bpfts.cjs": `#!/usr/bin/env node\n${entryFiles[0].text}`,
};
for (const [name, text] of Object.entries(texts)) {
  kept.add(name);
  // The entry reads them as Latin-1, which takes V8 half the memory.
  if (/[^\0-\x7f]/.test(text)) throw new Error(`${name} has characters that are not ASCII`);
  replaceFile(name, (path) => writeFileSync(path, text));
}
await writeNodeEntry();
await writeEditorPlugin();
await writePageThread();
const quickjs = readFileSync(require.resolve("@jitl/quickjs-wasmfile-release-sync/wasm"));
replaceFile("quickjs.wasm", (path) => writeFileSync(path, exportInterpreter(quickjs)));
await writeTypes();
writeLazyModules();
for (const name of readdirSync(dist)) {
  if (!kept.has(name)) rmSync(join(dist, name), { recursive: true });
}

// Compiled objects are cached under this: another dialect must not find them.
function hashSources() {
  const hash = createHash("sha256");
  // The lock file stands for QuickJS and esbuild, whose work is cached as well.
  const sources = ["runtime", "sdk"].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true })
      .filter((name) => /\.m?[jt]s$/.test(name))
      .map((name) => join(folder, name)),
  );
  for (const name of ["package-lock.json", ...sources.toSorted()])
    hash.update(`${name}\0`).update(readFileSync(join(root, name)));
  return hash.digest("hex").slice(0, 16);
}

function hashTexts(all) {
  const hash = createHash("sha256");
  for (const text of all) hash.update(`${text.length}\0`).update(text);
  return hash.digest("hex").slice(0, 16);
}

// What editors check scripts against.
async function writeTypes() {
  const folder = join(dist, "types");
  const files = await declareTypes(join(root, "sdk"), (fault) => {
    process.stderr.write(`${fault}\n`);
    process.exitCode = 1;
  });
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of files) replaceFile(join("types", name), (path) => writeFileSync(path, text));
  for (const name of readdirSync(folder)) if (!files.has(name)) rmSync(join(folder, name), { recursive: true });
}

// What Node gets for `import "bpfts"`: functions that need no kernel work there, for tests of helpers; any other says that it needs bpfts.
async function writeNodeEntry() {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: ["sdk/index.ts"],
    bundle: true,
    format: "esm",
    platform: "neutral",
    target: "node20",
    legalComments: "none",
    minifySyntax: true,
    write: false,
    logLevel: "warning",
  });
  replaceFile("index.js", (path) => writeFileSync(path, outputFiles[0].text));
}

// The plugin of TypeScript's language service. `bpfts run` never reads it.
function writeEditorPlugin() {
  return writeForNode("editor.cjs", "runtime/editor/plugin.ts", {
    define: { __BPFTS_BUILD__: '""', __BPFTS_VERSION__: '""', "import.meta.url": "__bpftsUrl" },
    banner: { js: 'const __bpftsUrl = require("node:url").pathToFileURL(__filename).href;' },
    // TypeScript's server calls what the module is.
    footer: { js: "module.exports = module.exports.openPlugin;" },
  });
}

// The thread that serves the page of `bpfts run --web`. No other run reads it.
function writePageThread() {
  return writeForNode("page.cjs", "runtime/web/page-worker.ts", {});
}

async function writeForNode(name, entryPoint, options) {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: [entryPoint],
    bundle: true,
    format: "cjs",
    platform: "node",
    target: "node20",
    legalComments: "none",
    minifySyntax: true,
    minifyWhitespace: true,
    write: false,
    logLevel: "warning",
    ...options,
  });
  replaceFile(name, (path) => writeFileSync(path, outputFiles[0].text));
}

// The modules that a running script reads one by one when it first uses what they have (sdk/lazy/load-module.ts). No two have one name.
function writeLazyModules() {
  const folder = join(dist, "lazy");
  mkdirSync(folder, { recursive: true });
  const files = ["web", "packets", "live", "tests"].flatMap((part) =>
    readdirSync(join(root, "sdk", part))
      // This one is in the SDK itself.
      .filter((name) => name !== "install-live.ts")
      .map((name) => join(root, "sdk", part, name)),
  );
  for (const file of files) {
    const { outputText } = ts.transpileModule(readFileSync(file, "utf8"), {
      fileName: basename(file),
      compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.CommonJS, removeComments: true },
    });
    const { code } = transformSync(outputText, { minifySyntax: true, minifyWhitespace: true, target: "es2023" });
    replaceFile(join("lazy", `${basename(file, ".ts")}.js`), (path) => writeFileSync(path, code));
  }
  const wanted = new Set(files.map((file) => `${basename(file, ".ts")}.js`));
  for (const name of readdirSync(folder)) if (!wanted.has(name)) rmSync(join(folder, name));
}

function replaceFile(name, write) {
  const target = join(dist, name);
  write(`${target}.new`);
  chmodSync(`${target}.new`, name === "bpfts.cjs" ? 0o755 : 0o644);
  renameSync(`${target}.new`, target);
}
