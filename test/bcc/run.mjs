// Bundles main.ts (this Node need not read TypeScript) and runs it: node test/bcc/run.mjs [--source DIR] [--out DIR] [--only TOOL] [--check]
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

import { build } from "esbuild";

const folder = path.dirname(fileURLToPath(import.meta.url));
const bundle = path.join(mkdtempSync(path.join(tmpdir(), "bpfts-bcc-")), "main.mjs");
await build({
  entryPoints: [path.join(folder, "main.ts")],
  outfile: bundle,
  bundle: true,
  platform: "node",
  format: "esm",
  target: "node20",
  packages: "external",
  logLevel: "warning",
});
process.argv.push("--stub", path.join(folder, "stub"));
try {
  await import(pathToFileURL(bundle).href);
} finally {
  rmSync(path.dirname(bundle), { recursive: true, force: true });
}
