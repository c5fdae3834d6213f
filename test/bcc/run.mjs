// Runs main.ts: node test/bcc/run.mjs [--source DIR] [--out DIR] [--only TOOL] [--check] [--kernel 6.1]
import path from "node:path";
import { runBundled } from "../support/run-bundled.mjs";

const folder = import.meta.dirname;
await runBundled([path.join(folder, "main.ts"), path.join(folder, "load-built.ts")], (out) => {
  process.argv.push("--stub", path.join(folder, "stub"), "--loader", path.join(out, "load-built.mjs"));
});
