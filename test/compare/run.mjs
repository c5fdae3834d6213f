// Runs main.ts: node test/compare/run.mjs [TOOL…] [--kernel 6.1] [--results DIR [--again]] [--list]
import path from "node:path";
import { runBundled } from "../support/run-bundled.mjs";

await runBundled([path.join(import.meta.dirname, "main.ts")]);
