import { mkdtempSync, rmSync } from "node:fs";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

import { build } from "esbuild";

const builds = fileURLToPath(new URL("../../build", import.meta.url));

/**
 * Bundles TypeScript files, which this Node need not read, and runs the first one. `prepare` is told the folder of the bundles before that. It lies inside the project: what runs in
 * there finds the addon and the headers by its place.
 */
export async function runBundled(files, prepare = () => undefined) {
  const out = mkdtempSync(path.join(builds, "run-"));
  try {
    await build({
      entryPoints: files,
      outdir: out,
      outExtension: { ".js": ".mjs" },
      bundle: true,
      platform: "node",
      format: "esm",
      target: "node20",
      packages: "external",
      logLevel: "warning",
    });
    prepare(out);
    await import(pathToFileURL(path.join(out, `${path.basename(files[0], ".ts")}.mjs`)).href);
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}
