// Runs the tiers one after another and adds up what they say:
//   node test/run.mjs [TIER...] [KERNEL] [WORD...] [-t NAME] [-u]
// A word picks the test files whose path contains it; a kernel ("6.1", "newest") means the kernel tier in a machine with that
// kernel. See test/README.md.
import { spawnSync } from "node:child_process";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { findLeaks, runMark, takeStock } from "./leaks.mjs";
import { tiers } from "./tiers.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
process.chdir(root);

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { testNamePattern: { type: "string", short: "t" }, update: { type: "boolean", short: "u", default: false } },
});
const isTier = (word) => tiers.some((tier) => tier.name === word);
const named = positionals.filter(isTier);
const isKernel = (word) => /^(\d+\.\d+|newest|all)$/.test(word);
const words = positionals
  .filter((word) => !isTier(word))
  .map((word) => (isKernel(word) ? "test/vm/matrix.test" : word.replace(/:\d+$/, "")));
process.env.BPFTS_TEST_KERNEL = positionals.find(isKernel) ?? process.env.BPFTS_TEST_KERNEL ?? "all";
const chosen = tiers.filter((tier) => (named.length > 0 ? named.includes(tier.name) : wantsUnnamed(tier)));

/** A path names its tier; else CI, which says so in `CI`, runs everything. */
function wantsUnnamed(tier) {
  if (words.some((word) => word.startsWith("test/"))) return words.some((word) => word.startsWith(`test/${tier.name}`));
  return tier.always || (words.length === 0 && Boolean(process.env.CI));
}

const needsVm = chosen.some((tier) => tier.setup === "--vm");
const setup = spawnSync("bash", ["runtime/setup.sh", needsVm ? "--vm" : "--test"], { stdio: "inherit" });
if (setup.status !== 0) process.exit(setup.status ?? 3);

const { startVitest } = await import("vitest/node");
const mark = `${process.pid}-${Date.now()}`;
process.env[runMark] = mark;

const totals = { passed: 0, failed: 0, skipped: 0 };
/** What stands above the last line once more: a log is read from its end. */
const troubles = [];
const isFiltered = words.length > 0 || options.testNamePattern !== undefined;
let filesRun = 0;
for (const tier of chosen) {
  process.stdout.write(`\n== ${tier.name}\n`);
  // New golden files are what -u is for.
  const before = options.update ? undefined : takeStock(tier.touchesKernel);
  const modules = await runTier(tier);
  filesRun += modules.length;
  if (modules.length === 0 && !isFiltered) fail(`the tier "${tier.name}" has no tests`);
  if (before !== undefined)
    for (const leak of await findLeaks(before, mark)) fail(`left behind by the tier "${tier.name}": ${leak}`);
}
if (filesRun === 0) fail(`no test file matches ${words.map((word) => `"${word}"`).join(" ")}`);

for (const line of troubles) process.stdout.write(`${line}\n`);
process.stdout.write(`\n${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped\n`);
process.exit(totals.failed > 0 ? 1 : 0);

async function runTier(tier) {
  const vitest = await startVitest("test", words, {
    config: "test/vitest.config.ts",
    project: [tier.name],
    watch: false,
    passWithNoTests: true,
    update: options.update,
    reporters: process.stdout.isTTY ? ["default"] : [["default", { summary: false }]],
    ...(options.testNamePattern !== undefined && { testNamePattern: options.testNamePattern }),
  });
  const modules = vitest.state.getTestModules();
  for (const module of modules) count(module);
  const unhandled = vitest.state.getUnhandledErrors().length;
  if (unhandled > 0) fail(`${unhandled} unhandled errors in the tier "${tier.name}"`);
  await vitest.close();
  return modules;
}

function count(module) {
  let failedHere = 0;
  for (const test of module.children.allTests()) {
    const { state } = test.result();
    if (state === "skipped" && !isAskedFor(test)) continue;
    if (state === "failed") failedHere++;
    noteTrouble(test);
    totals[state === "pending" ? "failed" : state]++;
  }
  // A file that could not be loaded, or whose hooks failed, has no failed test to show for it.
  if (!module.ok() && failedHere === 0) fail(`${module.relativeModuleId}: ${firstLine(module.errors())}`);
}

/** A test that failed, or passed at its second try, with its first error. */
function noteTrouble(test) {
  const { state, errors } = test.result();
  const isFlaky = test.diagnostic()?.flaky === true;
  if (state !== "failed" && !isFlaky) return;
  const name = `${test.module.relativeModuleId} > ${test.fullName}`;
  troubles.push(`${isFlaky ? "PASSED LATE" : "FAILED"}: ${name}: ${firstLine(errors)}`);
}

function firstLine(errors) {
  return String(errors?.[0]?.message ?? "")
    .split("\n", 1)[0]
    .slice(0, 300);
}

/** vitest calls what -t leaves out skipped too. */
function isAskedFor(test) {
  return (
    options.testNamePattern === undefined ||
    new RegExp(options.testNamePattern).test(test.fullName.replaceAll(" > ", " "))
  );
}

function fail(message) {
  totals.failed++;
  troubles.push(`FAILED: ${message}`);
}
