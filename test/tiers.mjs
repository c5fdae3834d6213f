/**
 * The tiers in the order of a run, cheapest first. A tier's tests stand in the
 * folder of its name.
 *
 * - `always`: part of a plain `npm test`; the others run when they are named, and in CI.
 * - `touchesKernel`: nothing may be left behind.
 * - `workers`: the files that run at once. Ending probes is waiting, so three of the kernel's keep two processors busy; a virtual machine keeps one busy.
 * - `setup`: what runtime/setup.sh must have prepared.
 */
export const tiers = [
  { name: "check", workers: 2, always: true, touchesKernel: false, setup: "--test", testTimeoutMs: 300_000 },
  { name: "unit", workers: 2, always: true, touchesKernel: false, setup: "--test", testTimeoutMs: 60_000 },
  { name: "golden", workers: 2, always: true, touchesKernel: false, setup: "--test", testTimeoutMs: 180_000 },
  { name: "kernel", workers: 3, always: true, touchesKernel: true, setup: "--test", testTimeoutMs: 60_000 },
  { name: "vm", workers: 1, always: false, touchesKernel: true, setup: "--vm", testTimeoutMs: 1_500_000 },
];
