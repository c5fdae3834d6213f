/**
 * Packs the package, installs it with each installer into a fresh project, runs scripts/hello.ts there as a user does, and prints what came of it.
 *
 *   node test/packages/install.mjs                 all of them
 *   node test/packages/install.mjs npm pnpm        some
 *
 * Where an installer leaves out build scripts, the first run has to say what to do: that is then done. Fails when the script does not run
 * in the end. Registry and certificates are those of this machine's npm. Not a part of `npm test`: it needs a registry, root and some minutes.
 */
import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const cache = join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "bpfts-test", "installers");

/** The installers that Node does not bring. */
const versions = { pnpm: "10.34.8", yarn: "1.22.22", "@yarnpkg/cli-dist": "4.18.1", bun: "1.4.5" };
const node = process.execPath;
const pnpm = [node, join(cache, "node_modules/pnpm/bin/pnpm.cjs")];
const yarn1 = [node, join(cache, "node_modules/yarn/bin/yarn.js")];
const yarn4 = [node, join(cache, "node_modules/@yarnpkg/cli-dist/bin/yarn.js")];
const bun = [join(cache, "node_modules/bun/bin/bun.exe")];

/**
 * How each installs a tarball, starts its program, and does what the error of a package without its addon says.
 * A step is the words of a command, or a function of the folder that changes a file.
 */
const installers = {
  npm: {
    install: (tarball) => [["npm", "install", "--save-dev", tarball]],
    start: ["npx", "bpfts"],
    hint: "npm install-scripts approve bpfts",
    build: [
      ["npm", "install-scripts", "approve", "bpfts"],
      ["npm", "rebuild", "--foreground-scripts", "bpfts"],
    ],
  },
  "npm --ignore-scripts": {
    install: (tarball) => [["npm", "install", "--save-dev", "--ignore-scripts", tarball]],
    start: ["npx", "bpfts"],
    hint: "npm rebuild --foreground-scripts bpfts",
    build: [
      ["npm", "install-scripts", "approve", "bpfts"],
      ["npm", "rebuild", "--foreground-scripts", "bpfts"],
    ],
  },
  pnpm: {
    install: (tarball) => [[...pnpm, "add", "--save-dev", tarball]],
    start: [...pnpm, "exec", "bpfts"],
    hint: "pnpm approve-builds",
    // Without --all it asks.
    build: [
      [...pnpm, "approve-builds", "--all"],
      [...pnpm, "rebuild", "bpfts"],
    ],
  },
  "yarn 1": {
    install: (tarball) => [[...yarn1, "add", "--dev", tarball]],
    start: [...yarn1, "--silent", "bpfts"],
    hint: "yarn install --force",
    build: [[...yarn1, "install", "--force"]],
  },
  "yarn 4": {
    install: (tarball) => [[...yarn4, "add", "--dev", `bpfts@file:${tarball}`]],
    start: [...yarn4, "bpfts"],
    hint: "dependenciesMeta",
    build: [
      (folder) => changeManifest(folder, (manifest) => ({ ...manifest, dependenciesMeta: { bpfts: { built: true } } })),
      [...yarn4, "rebuild", "bpfts"],
    ],
  },
  bun: {
    install: (tarball) => [[...bun, "add", "--dev", tarball]],
    start: [...bun, "x", "--no-install", "bpfts"],
    hint: "bun pm trust bpfts",
    build: [[...bun, "pm", "trust", "bpfts"]],
  },
  global: {
    install: (tarball) => [["npm", "install", "--global", tarball]],
    start: ["bpfts"],
    hint: "npm rebuild --global",
    build: [["npm", "rebuild", "--global", "--allow-scripts=bpfts", "--foreground-scripts", "bpfts"]],
  },
  checkout: {
    install: () => [
      ["git", "clone", "--quiet", root, "bpfts"],
      ["bash", "bpfts/runtime/setup.sh"],
    ],
    start: [node, "bpfts/dist/bpfts.cjs"],
    hint: "npm start",
    build: [["bash", "bpfts/runtime/setup.sh"]],
  },
};

const names = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(installers);
for (const name of names) {
  if (Object.hasOwn(installers, name)) continue;
  process.stderr.write(`No such installer in the list: ${name}\n`);
  process.exit(2);
}

const work = mkdtempSync(join(tmpdir(), "bpfts-install-"));
process.on("exit", () => rmSync(work, { recursive: true, force: true }));
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(1));

const environment = makeEnvironment();
fetchInstallers();
const tarball = pack();
const width = Math.max(...names.map((name) => name.length));
let failed = 0;
for (const name of names) {
  const started = Date.now();
  const { runs, said } = tryInstaller(installers[name], join(work, `project-${names.indexOf(name)}`));
  if (!runs) failed++;
  const seconds = Math.round((Date.now() - started) / 1000);
  process.stdout.write(`${name.padEnd(width)}  ${runs ? "runs " : "FAILS"}  ${seconds} s  ${said}\n`);
}
process.stdout.write(`${names.length - failed} of ${names.length} run\n`);
process.exitCode = failed === 0 ? 0 : 1;

/** Nothing that an installer keeps comes from an earlier run or stays in this user's home. */
function makeEnvironment() {
  // What npm tells the programs that it starts is about the checkout, not about the project.
  const inherited = Object.entries(process.env).filter(([name]) => !name.toLowerCase().startsWith("npm_"));
  const read = (key) => execute(["npm", "config", "get", key], root, process.env).stdout.trim();
  const [registry, certificates] = [read("registry"), read("cafile")];
  return {
    ...Object.fromEntries(inherited),
    npm_config_prefix: join(work, "global"),
    PATH: `${join(work, "global/bin")}:${process.env["PATH"]}`,
    // pnpm and Bun keep packages by name and version: a tarball of an earlier run would be taken for this one.
    npm_config_store_dir: join(work, "pnpm"),
    BUN_INSTALL_CACHE_DIR: join(work, "bun"),
    YARN_CACHE_FOLDER: join(work, "yarn"),
    YARN_GLOBAL_FOLDER: join(work, "yarn4"),
    YARN_ENABLE_TELEMETRY: "0",
    YARN_REGISTRY: registry,
    YARN_NPM_REGISTRY_SERVER: registry,
    BUN_CONFIG_REGISTRY: registry,
    ...(certificates !== "null" && certificates !== "" && { YARN_HTTPS_CA_FILE_PATH: certificates }),
  };
}

function fetchInstallers() {
  const manifest = JSON.stringify({ private: true, dependencies: versions });
  const path = join(cache, "package.json");
  if (existsSync(join(cache, "node_modules")) && existsSync(path) && readFileSync(path, "utf8") === manifest) return;
  mkdirSync(cache, { recursive: true });
  writeFileSync(path, manifest);
  stopUnless(execute(["npm", "install", "--no-audit", "--no-fund", "--no-package-lock"], cache));
}

function pack() {
  stopUnless(execute(["npm", "pack", "--pack-destination", work], root));
  return join(
    work,
    readdirSync(work).find((name) => name.endsWith(".tgz")),
  );
}

function tryInstaller({ install, start, hint, build }, folder) {
  mkdirSync(folder);
  writeFileSync(
    join(folder, "package.json"),
    `${JSON.stringify({ name: "traces", version: "1.0.0", private: true })}\n`,
  );
  copyFileSync(join(root, "scripts/hello.ts"), join(folder, "hello.ts"));
  for (const step of install(tarball)) {
    const { code, said } = execute(step, folder);
    // Bun and npm count a build script that was left out as done, pnpm as an error.
    if (code !== 0 && !said.includes("ERR_PNPM_IGNORED_BUILDS"))
      return { runs: false, said: `install: ${lastLines(said)}` };
  }
  const first = tryScript(start, folder);
  if (first.runs) return { runs: true, said: "at once" };
  if (!first.said.includes(hint)) return { runs: false, said: `no hint: ${lastLines(first.said)}` };
  for (const step of build) {
    if (typeof step === "function") step(folder);
    else {
      const { code, said } = execute(step, folder);
      if (code !== 0) return { runs: false, said: `${step.slice(-3).join(" ")}: ${lastLines(said)}` };
    }
  }
  const second = tryScript(start, folder);
  return { runs: second.runs, said: second.runs ? `after the hint: ${hint}` : lastLines(second.said) };
}

/** Whether each of two directories that a command makes is one line of the script. */
function tryScript(start, folder) {
  const made = mkdtempSync(join(folder, "made-"));
  const { code, stdout, said } = execute([...start, "run", "-c", `mkdir ${made}/one ${made}/two`, "hello.ts"], folder);
  return { runs: code === 0 && stdout.match(/hello world/g)?.length === 2, said };
}

function changeManifest(folder, change) {
  const path = join(folder, "package.json");
  writeFileSync(path, `${JSON.stringify(change(JSON.parse(readFileSync(path, "utf8"))), undefined, 2)}\n`);
}

function execute([command, ...args], cwd, env = environment) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, env, encoding: "utf8", timeout: 300_000 });
  return { code: status ?? 1, stdout: stdout ?? "", said: `${stdout ?? ""}${stderr ?? ""}${error?.message ?? ""}` };
}

function stopUnless({ code, said }) {
  if (code === 0) return;
  process.stderr.write(`${said}\n`);
  process.exit(1);
}

function lastLines(text) {
  return text.trim().split("\n").slice(-6).join(" | ");
}
