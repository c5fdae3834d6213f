/**
 * Installs well-known packages from npm, runs a piece of work with each in Node and in bpfts, and prints a table of those that came to the same.
 *
 *   node test/packages/run.mjs                all of them
 *   node test/packages/run.mjs zod immer      some
 *
 * Fails when fewer run than `wanted`. Not a part of `npm test`: it needs a registry, and some minutes.
 */
import { execFile, execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { packages, preamble } from "./packages.mjs";

/** How many of all have to run. */
const wanted = 52;

const cli = fileURLToPath(new URL("../../dist/bpfts.cjs", import.meta.url));
const folder = join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "bpfts-test", "packages");
const names = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(packages);

for (const name of names) {
  if (Object.hasOwn(packages, name)) continue;
  process.stderr.write(`No such package in the list: ${name}\n`);
  process.exit(2);
}

install();
const rows = [];
for (const name of names) rows.push({ name, ...(await tryPackage(name)) });
const width = Math.max(...names.map((name) => name.length));
for (const { name, runs, reason } of rows)
  process.stdout.write(
    `${name.padEnd(width)}  ${packages[name][0].padEnd(8)}  ${runs ? "runs" : `FAILS  ${reason}`}\n`,
  );
const count = rows.filter(({ runs }) => runs).length;
process.stdout.write(`${count} of ${rows.length} run\n`);
process.exit(count >= Math.min(wanted, rows.length) ? 0 : 1);

function install() {
  mkdirSync(folder, { recursive: true });
  const manifest = JSON.stringify({
    private: true,
    type: "module",
    dependencies: Object.fromEntries(Object.entries(packages).map(([name, [version]]) => [name, version])),
  });
  const path = join(folder, "package.json");
  const installed = join(folder, "node_modules");
  if (existsSync(installed) && existsSync(path) && readFileSync(path, "utf8") === manifest) return;
  writeFileSync(path, manifest);
  execFileSync("npm", ["install", "--no-audit", "--no-fund", "--ignore-scripts", "--no-package-lock"], {
    cwd: folder,
    stdio: "inherit",
  });
}

async function tryPackage(name) {
  const text = preamble + packages[name][1];
  const stem = name.replace(/\W/g, "-");
  const [script, module] = [join(folder, `${stem}.ts`), join(folder, `${stem}.mjs`)];
  writeFileSync(script, `// @ts-nocheck\n${text}\n`);
  writeFileSync(module, `${text}\n`);
  const expected = await run([module]);
  if (expected.code !== 0) return { runs: false, reason: `in Node, too: ${firstLine(expected.stderr)}` };
  const found = await run([cli, "run", script]);
  if (found.code !== 0) return { runs: false, reason: firstLine(found.stderr) };
  if (found.stdout === expected.stdout) return { runs: true };
  return { runs: false, reason: `printed ${JSON.stringify(found.stdout)}, Node ${JSON.stringify(expected.stdout)}` };
}

function run(args) {
  return new Promise((resolve) => {
    execFile(process.execPath, args, { cwd: folder, timeout: 120_000 }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : (error.code ?? 1), stdout, stderr });
    });
  });
}

function firstLine(text) {
  return text.trim().split("\n").slice(0, 4).join(" | ");
}
