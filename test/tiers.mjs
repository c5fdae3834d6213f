/**
 * The tiers in the order of a run, cheapest first. A tier's tests stand in the
 * folder of its name.
 *
 * - `always`: part of a plain `npm test`; the others run when they are named, and in CI.
 * - `touchesKernel`: one file at a time, and nothing may be left behind.
 * - `setup`: what runtime/setup.sh must have prepared.
 */
export const tiers = [
  { name: "check", always: true, touchesKernel: false, setup: "--test", testTimeoutMs: 300_000 },
  { name: "unit", always: true, touchesKernel: false, setup: "--test", testTimeoutMs: 60_000 },
  { name: "golden", always: true, touchesKernel: false, setup: "--test", testTimeoutMs: 180_000 },
  { name: "kernel", always: true, touchesKernel: true, setup: "--test", testTimeoutMs: 60_000 },
  { name: "vm", always: false, touchesKernel: true, setup: "--vm", testTimeoutMs: 1_500_000 },
];
