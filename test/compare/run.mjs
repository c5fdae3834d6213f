// Bundles main.ts (this Node need not read TypeScript) and runs it: node test/compare/run.mjs [TOOL…] [--kernel 6.1] [--results DIR [--again]] [--list]
import { mkdtempSync, rmSync } from "node:fs";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

import { build } from "esbuild";

const folder = path.dirname(fileURLToPath(import.meta.url));
// Inside the project: what runs in there finds the addon and the headers by its place.
const out = mkdtempSync(path.join(folder, "..", "..", "build", "compare-"));
await build({
  entryPoints: [path.join(folder, "main.ts")],
  outdir: out,
  outExtension: { ".js": ".mjs" },
  bundle: true,
  platform: "node",
  format: "esm",
  target: "node20",
  packages: "external",
  logLevel: "warning",
});
try {
  await import(pathToFileURL(path.join(out, "main.mjs")).href);
} finally {
  rmSync(out, { recursive: true, force: true });
}
