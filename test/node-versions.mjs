// Runs a part of the tests on other versions of Node, whose binaries npm has as packages:
//   node test/node-versions.mjs [MAJOR...] [TIER...] [WORD...]
// Without a number it takes every version that package.json promises; tiers and words go to run.mjs. Each runs in a clone of the checkout, with what is not
// committed, where setup builds the addon with that Node's headers.
import { spawnSync } from "node:child_process";
import { copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { engines } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const promised = [...engines.node.matchAll(/(\d+)\.\d+\.\d+/g)].map(([, major]) => major);

/** Arguments of run.mjs. The files of the kernel tier use what stands between Node and the kernel: addon, code cache, memory image, signals, rings. */
const runs = [
  ["check", "unit"],
  ["kernel", "engine-tricks", "run-hello", "addon-kernel", "addon-rings", "addon-signals", "trace-pipe"],
];

const numbers = process.argv.slice(2).filter((word) => /^\d+$/.test(word));
const words = process.argv.slice(2).filter((word) => !/^\d+$/.test(word));
const majors = numbers.length > 0 ? numbers : promised;
const unknown = majors.find((major) => !promised.includes(major));
if (unknown !== undefined) {
  process.stderr.write(
    `node-versions: "${unknown}" is no version that package.json promises; there are ${promised.join(", ")}\n`,
  );
  process.exit(2);
}

const folder = mkdtempSync(join(tmpdir(), "bpfts-node-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(1));

const results = majors.map((major) => {
  const node = installNode(major);
  const version = runTool(node, ["--version"], folder).trim();
  const checkout = join(folder, major);
  copyCheckout(checkout);
  const environment = { ...process.env, PATH: `${dirname(node)}${delimiter}${process.env.PATH}` };
  const statuses = (words.length > 0 ? [words] : runs).map((run) => {
    process.stdout.write(`\nnode-versions: Node ${version}: ${run.join(" ")}\n`);
    return spawnSync(node, ["test/run.mjs", ...run], { cwd: checkout, env: environment, stdio: "inherit" }).status;
  });
  rmSync(checkout, { recursive: true });
  return { version, isGood: statuses.every((status) => status === 0) };
});

process.stdout.write("\n");
for (const { version, isGood } of results)
  process.stdout.write(`node-versions: Node ${version}: ${isGood ? "passed" : "FAILED"}\n`);
process.exitCode = results.every(({ isGood }) => isGood) ? 0 : 1;

/** Answers the path of the binary, from the user's cache folder when it is there. */
function installNode(major) {
  const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "bpfts-test", `node-${major}`);
  const name = `node-linux-${process.arch}`;
  const binary = join(cache, "node_modules", name, "bin", "node");
  if (!existsSync(binary)) {
    mkdirSync(cache, { recursive: true, mode: 0o700 });
    runTool(
      "npm",
      ["install", "--prefix", cache, "--no-save", "--ignore-scripts", "--no-audit", "--no-fund", `${name}@${major}`],
      folder,
    );
  }
  return binary;
}

function copyCheckout(target) {
  const git = ["-c", "safe.directory=*"];
  runTool("git", [...git, "clone", "--quiet", root, target], folder);
  for (const path of runTool("git", [...git, "ls-files", "-zmo", "--exclude-standard"], root).split("\0")) {
    if (path === "") continue;
    mkdirSync(dirname(join(target, path)), { recursive: true });
    if (existsSync(join(root, path))) copyFileSync(join(root, path), join(target, path));
    else rmSync(join(target, path), { force: true });
  }
  // As npm laid them out: no package has a script or a binary of one version of Node.
  if (existsSync(join(root, "node_modules")))
    cpSync(join(root, "node_modules"), join(target, "node_modules"), { recursive: true, verbatimSymlinks: true });
}

function runTool(tool, args, cwd) {
  const { status, stdout, stderr, error } = spawnSync(tool, args, { cwd, encoding: "utf8", maxBuffer: 1 << 26 });
  if (status === 0) return stdout;
  process.stderr.write(`node-versions: ${tool} ${args.join(" ")}: ${error?.message ?? stderr.trim()}\n`);
  process.exit(1);
}
