import { defineConfig } from "vitest/config";

/** Tests that stand in for the kernel tier, one for each thing that can become of a test. */
export const standInConfig = defineConfig({ test: { include: ["test/vm/stand-in/*.case.ts"], maxWorkers: 1 } });

export { standInConfig as default };
