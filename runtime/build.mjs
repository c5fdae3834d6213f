// Bundles the CLI: runtime/cli/main.ts and what it imports become dist/bpfts.mjs
// and chunks beside it, loaded when they are needed. They lie flat in dist/, so
// that `new URL("./x", import.meta.url)` means the same in every one of them.
import { chmodSync, copyFileSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(root, "dist");
const require = createRequire(import.meta.url);
const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

const result = await build({
  absWorkingDir: root,
  entryPoints: { bpfts: "runtime/cli/main.ts" },
  outdir: "dist",
  outExtension: { ".js": ".mjs" },
  chunkNames: "[name]-[hash]",
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node20",
  legalComments: "none",
  // esbuild finds its own binary beside its package; the addon is loaded by path.
  external: ["esbuild", "*.node"],
  define: { __BPFTS_VERSION__: JSON.stringify(version), __BPFTS_BUILD__: JSON.stringify(hashSources()) },
  banner: {
    // commander is CommonJS: bundled, it asks for Node's modules by require().
    js: 'import { createRequire as __bpftsCreateRequire } from "node:module"; const require = __bpftsCreateRequire(import.meta.url);',
  },
  write: false,
  logLevel: "warning",
}).catch(() => process.exit(1));

mkdirSync(dist, { recursive: true });
const kept = new Set(["quickjs.wasm", ".bpfts-stamp"]);
// The entry last: whoever starts meanwhile gets the old bundle or the new one, never a mixture.
const files = result.outputFiles.toSorted((a, b) => Number(a.path.endsWith("bpfts.mjs")) - Number(b.path.endsWith("bpfts.mjs")));
for (const file of files) {
  const name = basename(file.path);
  kept.add(name);
  replaceFile(name, (path) => writeFileSync(path, name === "bpfts.mjs" ? `#!/usr/bin/env node\n${file.text}` : file.contents));
}
replaceFile("quickjs.wasm", (path) => copyFileSync(require.resolve("@jitl/quickjs-wasmfile-release-sync/wasm"), path));
for (const name of readdirSync(dist)) {
  if (!kept.has(name)) rmSync(join(dist, name), { recursive: true });
}

// Compiled objects are cached under this: another dialect must not find them.
function hashSources() {
  const hash = createHash("sha256");
  for (const name of readdirSync(join(root, "runtime"), { recursive: true }).filter((name) => name.endsWith(".ts")).toSorted()) {
    hash.update(`${name}\0`).update(readFileSync(join(root, "runtime", name)));
  }
  return hash.digest("hex").slice(0, 16);
}

function replaceFile(name, write) {
  const target = join(dist, name);
  write(`${target}.new`);
  chmodSync(`${target}.new`, name === "bpfts.mjs" ? 0o755 : 0o644);
  renameSync(`${target}.new`, target);
}
