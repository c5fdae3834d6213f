import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { tiers } from "./tiers.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));

/** One project a tier: `vitest -c test/vitest.config.ts --project unit` runs one of them alone. */
export const vitestConfig = defineConfig({
  root,
  // A script and a test of the SDK import the SDK by its name.
  resolve: { alias: { bpfts: `${root}sdk/index.ts` } },
  test: {
    pool: "forks",
    projects: tiers.map((tier) => ({
      extends: true as const,
      test: {
        name: tier.name,
        include: [`test/${tier.name}/**/*.test.ts`],
        testTimeout: tier.testTimeoutMs,
        hookTimeout: tier.testTimeoutMs,
        fileParallelism: tier.workers > 1,
        // A guest has one processor, and vitest gives a worker a minute to start: three at once took longer on a busy machine.
        maxWorkers: process.env["BPFTS_MATRIX_RESULTS"] === undefined ? tier.workers : 1,
        setupFiles: tier.name === "golden" ? ["test/support/without-root.ts"] : [],
        // The machine's other work is part of what they measure: a busy moment is no fault. The report names what passed at its second try.
        retry: tier.touchesKernel ? 1 : 0,
      },
    })),
  },
});

export { vitestConfig as default };
