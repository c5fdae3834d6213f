// The kernel tier on every kernel of the table: each test of it is a test here, once for each kernel.
//   npm run test:vm -- 6.1        one kernel; all when none is named
import { availableParallelism } from "node:os";
import { mkdirSync, writeFileSync } from "node:fs";
import { describe, it } from "vitest";
import { requireKernelRows } from "../../runtime/vm/kernels.ts";
import { listLeftOut } from "./matrix-tests.ts";
import { requiredFeatures } from "./required-features.ts";
import { renderMatrix, runMatrix } from "./run-matrix.ts";

/** Words of the files' paths to run, all when none is given. */
const files = (process.env["BPFTS_TEST_FILES"] ?? "").split(" ").filter(Boolean);

const columns = await runMatrix(requireKernelRows(process.env["BPFTS_TEST_KERNEL"] ?? "all"), {
  // A test may take its time under emulation: it starts clang and node.
  vitestArguments: [
    "--config",
    "test/vitest.config.ts",
    "--project",
    "kernel",
    ...files,
    "--testTimeout",
    "240000",
    "--hookTimeout",
    "240000",
    ...listLeftOut(),
  ],
  requiredFeatures,
  // One processor each: a second one is emulated at a cost of its own, and the kernel tier of this machine has several.
  jobs: Math.max(1, Math.min(4, availableParallelism())),
  cpus: 1,
  timeoutMs: 40 * 60_000,
  onColumn: ({ kernel, release, tests, durationMs }) =>
    console.log(`${kernel} (${release}): ${tests.length} tests in ${Math.round(durationMs / 1000)} s`),
});

const table = renderMatrix(columns);
mkdirSync("dist", { recursive: true });
writeFileSync("dist/vm-matrix.txt", table);
console.log(table);

for (const { kernel, release, tests } of columns) {
  describe(`kernel ${kernel} (${release})`, () => {
    for (const { file, name, state, reason } of tests) {
      it(`${file} > ${name}`, (context) => {
        if (state === "skipped") context.skip(reason);
        if (state === "failed") throw new Error(reason);
      });
    }
  });
}
