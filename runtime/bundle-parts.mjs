// Bundles the CLI in two files. dist/main.cjs is what a script needs that ran before; dist/later.cjs is the rest, which the
// first call of one of its functions loads. Each module stands in one of them alone, so that classes and states are the same.
import { join, relative, sep } from "node:path";
import { build } from "esbuild";

/** The modules by which dist/main.cjs calls dist/later.cjs, as regular expressions of their paths. What only they import is there with them. */
const laterModules = [
  // Commands other than `run`, and its rarer options.
  /^runtime\/(?:captures|inspect|lab|live|one-liner|pictures|testing|vm|watch|web)\//,
  /^runtime\/cli\/(?:check|check-stdin|doctor|flame|init|lab|link|list|list-tools|live|map|net|one-line|print-types|prog|render-error|replay|test|tools|top|vm)\.ts$/,
  /^runtime\/session\/(?:one-liner|load\/shared-tables|record\/rec|record\/replayer|run\/(?:guest-failure|handover|prepare-run|quote-lines|replay-script|script-stack))/,
  // From C text to an object, and from TypeScript to a script.
  /^runtime\/dialect\/(?:prepare|rewrite)\.ts$/,
  /^runtime\/compile\/(?:backend-refusals|clang|compile-unit|module-header|place-refusals|prelude)\.ts$/,
  /^runtime\/script\/(?:bundle-script|confined-bundler|describe-build-failure|find-texts|lower-async|session-code|source-map)\.ts$/,
  /^runtime\/session\/build\/(?:missing-tracepoint|module-types|needs|prefer-probes|require-defined|require-instructions)\.ts$/,
  // What a script asks to see of its programs by `debug`.
  /^runtime\/object\/render-(?:assembly|object-types)\.ts$/,
  // What is said of a program that the kernel refused.
  /^runtime\/kernel\/load\/(?:load-failure|missing-features|verifier)\.ts$/,
];

const stub = ".stub";

/** The name under which each file asks the entry for the other one. */
const files = { main: "./main.cjs", later: "./later.cjs" };

/**
 * @param {string} root
 * @param {string} entry the module whose exports dist/main.cjs has, below `root`
 * @param {import("esbuild").BuildOptions} options
 * @returns {Promise<Record<string, string>>} the texts by their files' names
 */
export async function bundleParts(root, entry, options) {
  const bundle = async (contents, plugins) => {
    const { metafile, outputFiles } = await build({
      ...options,
      absWorkingDir: root,
      stdin: { contents, resolveDir: root, loader: "js" },
      bundle: true,
      plugins: [...plugins, ...(options.plugins ?? [])],
      metafile: true,
      write: false,
    });
    return { modules: Object.keys(metafile.inputs), text: outputFiles[0].text };
  };
  const exportEntry = `export * from ${JSON.stringify(`./${entry}`)};`;
  const called = new Set();
  const names = new Map();
  const callLater = joinOther(root, files.later, called, names, (path) => laterModules.some((form) => form.test(path)));
  // Only to see which modules are where.
  const first = await bundle(exportEntry, [callLater]);
  const inMain = new Set(first.modules);
  const shared = new Set();
  const later = await bundle(renderExports(called), [
    joinOther(root, files.main, shared, names, (path) => inMain.has(path)),
  ]);
  const main = await bundle(`${exportEntry}\n${renderExports(shared)}`, [callLater]);
  return { "main.cjs": main.text, "later.cjs": later.text };
}

/** Modules as one export each, under their paths. esbuild finds them in another order each time; the same sources make the same file. */
function renderExports(paths) {
  return [...paths]
    .toSorted()
    .map((path) => `export * as ${JSON.stringify(path)} from ${JSON.stringify(`./${path}`)};`)
    .join("\n");
}

/** Takes the modules that are in the other file from there, one name at its first use. `used` is told which they are. */
function joinOther(root, file, used, names, isThere) {
  return {
    name: "join other",
    setup({ onResolve, onLoad, resolve }) {
      onResolve({ filter: /.*/ }, async ({ path, importer, kind, resolveDir, pluginData }) => {
        // Node's modules have two dots as their sign; the file's own list is of what it gives.
        if (pluginData === "resolved" || importer === "<stdin>" || path.startsWith("node:")) return undefined;
        const found = await resolve(path, { kind, importer, resolveDir, pluginData: "resolved" });
        if (found.external || found.errors.length > 0) return undefined;
        const own = relative(root, found.path).split(sep).join("/");
        if (!isThere(own)) return undefined;
        used.add(own);
        // The name of a package's file would make it a module of another kind.
        return { path: `${own}${stub}`, namespace: "other-part" };
      });
      onResolve({ filter: /.*/, namespace: "other-part" }, ({ path }) => ({ path, external: true }));
      onLoad({ filter: /.*/, namespace: "other-part" }, async ({ path: name }) => {
        const path = name.slice(0, -stub.length);
        const other = `require(${JSON.stringify(file)})[${JSON.stringify(path)}]`;
        // A package may say what it exports only when it runs.
        if (path.startsWith("node_modules/")) return { contents: `module.exports = ${other};` };
        if (!names.has(path)) names.set(path, await listExports(root, path));
        return {
          contents: `for (const name of ${JSON.stringify(names.get(path))})
  Object.defineProperty(exports, name, { enumerable: true, get: () => ${other}[name] });`,
        };
      });
    },
  };
}

async function listExports(root, path) {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: [join(root, path)],
    outdir: "dist",
    format: "esm",
    metafile: true,
    write: false,
  });
  return Object.values(metafile.outputs)[0].exports;
}
