import { spawnSync } from "node:child_process";
import {
  accessSync,
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it } from "vitest";

const setupScript = fileURLToPath(new URL("../../runtime/setup.sh", import.meta.url));
const coreTools = [
  "bash",
  "cat",
  "chmod",
  "cut",
  "dirname",
  "find",
  "flock",
  "grep",
  "head",
  "mktemp",
  "readlink",
  "rm",
  "sed",
  "sha256sum",
  "sleep",
  "sort",
  "tail",
  "tr",
];
const nobody = 65534;
const isRoot = process.getuid?.() === 0;

/** What the fake machine has, by command: the body of a shell script. */
const wholeMachine: Readonly<Record<string, string>> = {
  node: "case $1 in --version) echo v20.17.0 ;; esac",
  npm: 'echo "npm $*" >>"$CALLS"',
  "clang-14": "",
  "pkg-config": "",
  "g++": "",
  make: "",
  python3: "",
};

const folders: string[] = [];

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

/** Runs setup.sh in a checkout of nothing, on a machine that has only the given commands. */
function runSetup(
  commands: Readonly<Record<string, string | undefined>>,
  options: {
    readonly asRoot?: boolean;
    readonly modules?: boolean;
    readonly onTerminal?: boolean;
    readonly files?: readonly string[];
  } = {},
) {
  const folder = mkdtempSync(join(tmpdir(), "bpfts-setup-"));
  folders.push(folder);
  chmodSync(folder, 0o777);
  for (const name of ["bin", "runtime", ...(options.modules === false ? [] : ["node_modules"])]) {
    mkdirSync(join(folder, name));
    chmodSync(join(folder, name), 0o777);
  }
  copyFileSync(setupScript, join(folder, "runtime/setup.sh"));
  writeFileSync(join(folder, "package-lock.json"), '{ "packages": {} }');
  for (const file of options.files ?? []) {
    mkdirSync(join(folder, dirname(file)), { recursive: true });
    writeFileSync(join(folder, file), "");
  }
  for (const tool of coreTools) symlinkSync(findTool(tool), join(folder, "bin", tool));
  for (const [name, body] of Object.entries({ ...wholeMachine, ...commands })) {
    if (body !== undefined)
      writeFileSync(join(folder, "bin", name), `#!${findTool("bash")}\n${body}\n`, { mode: 0o755 });
  }
  const calls = join(folder, "calls");
  const setup = [findTool("bash"), join(folder, "runtime/setup.sh")] as const;
  // script(1) gives its command a terminal, and passes on what that shows.
  const command = options.onTerminal === true ? [findTool("script"), "-qec", setup.join(" "), "/dev/null"] : setup;
  const result = spawnSync(command[0]!, command.slice(1), {
    encoding: "utf8",
    env: { PATH: join(folder, "bin"), CALLS: calls, TMPDIR: folder },
    ...(isRoot && options.asRoot !== true && { uid: nobody, gid: nobody }),
  });
  return {
    status: result.status,
    text: result.stderr,
    stdout: result.stdout,
    calls: existsSync(calls) ? readFileSync(calls, "utf8") : "",
  };
}

function findTool(name: string): string {
  for (const folder of ["/usr/bin", "/bin"]) {
    try {
      accessSync(join(folder, name));
      return join(folder, name);
    } catch {
      // The next folder has it.
    }
  }
  throw new Error(`no ${name} on this machine`);
}

describe("setup.sh", () => {
  it("says nothing and starts nothing where everything is there", () => {
    expect(runSetup({})).toEqual({ status: 0, text: "", stdout: "", calls: "" });
  });

  it.each([
    ["Node is missing", { node: undefined }, /Node is missing/],
    ["Node is too old", { node: "echo v18.19.0" }, /v18\.19\.0 is too old: bpfts needs Node 20\.17/],
    ["Node is a little too old", { node: "echo v20.16.1" }, /v20\.16\.1 is too old/],
    ["npm is missing", { npm: undefined }, /npm is missing/],
  ])("stops with 3 when %s", (_, commands, message) => {
    const { status, text } = runSetup(commands);
    expect(text).toMatch(message);
    expect(status).toBe(3);
  });

  it.each([
    ["clang", { "clang-14": undefined }],
    ["clang", { "clang-14": undefined, "clang-11": "" }],
    ["clang", { "clang-14": undefined, clang: "echo 11.0.1" }],
    ["g++", { "g++": undefined }],
    ["libbpf-dev libelf-dev zlib1g-dev", { "pkg-config": "exit 1" }],
    ["make python3", { make: undefined, python3: undefined }],
  ])("tells who is not root to install %s, and stops with 3", (packages, commands) => {
    // Without apt-get the machine is none of Debian's.
    const { status, text } = runSetup({ ...commands, "apt-get": "exit 1" });
    expect(text).toContain(`sudo apt-get install --no-install-recommends ${packages}\n`);
    expect(status).toBe(3);
  });

  it("takes any clang that is new enough, under whatever name", () => {
    expect(runSetup({ "clang-14": undefined, "clang-21": "" }).status).toBe(0);
    expect(runSetup({ "clang-14": undefined, clang: "echo 12.0.0" }).status).toBe(0);
  });

  it("names the packages where there is no apt", () => {
    const { status, text } = runSetup({ make: undefined });
    expect(text).toMatch(/Debian and its relatives only[^]*Install what Debian calls: make\n/);
    expect(status).toBe(3);
  });

  it.runIf(isRoot)("says what to run when apt fails, after it has tried new lists", () => {
    const { status, text, calls } = runSetup(
      { make: undefined, "apt-get": 'echo "$*" >>"$CALLS"; echo "E: no network"; exit 100' },
      { asRoot: true },
    );
    expect(text).toMatch(
      /E: no network\nsetup: The packages could not be installed[^]*apt-get update && apt-get install --no-install-recommends make\n$/,
    );
    expect(calls).toMatch(/install make\n.* update\n$/);
    expect(status).toBe(3);
  });

  it("installs the npm packages when they do not match the lock, and says what failed", () => {
    const stale = { node: "case $1 in --version) echo v20.17.0 ;; -e) exit 1 ;; esac" };
    const good = runSetup({ ...stale, npm: 'echo "npm $*" >>"$CALLS"; [[ -d node_modules ]]' });
    expect(good).toMatchObject({ status: 0, text: "setup: installing the npm packages (npm ci)\n" });
    expect(good.calls).toMatch(/^npm ci --ignore-scripts/);
    const bad = runSetup({ ...stale, npm: 'echo "npm error ENOTFOUND"; exit 1' });
    expect(bad.text).toMatch(
      /npm error ENOTFOUND\nsetup: The npm packages could not be installed[^]*npm ci --ignore-scripts\n$/,
    );
    expect(bad.status).toBe(3);
  });

  it("takes Node's headers from beside the program, where node is a script of Yarn's or of a version manager", () => {
    const node =
      'case $1 in --version) echo v20.17.0 ;; -p) [[ $2 == process.execPath ]] && echo "${CALLS%/*}/real/bin/node" || echo gyp.js ;; gyp.js) echo "$*" >>"$CALLS"; exit 1 ;; esac';
    const files = ["binding.gyp", "real/include/node/node_api.h"];
    const { calls } = runSetup({ node, "pkg-config": "echo 1.1.2" }, { files });
    expect(calls).toMatch(/^gyp\.js rebuild --release --jobs=max --nodedir=\S+\/real\n$/);
  });

  it("shows on a terminal how far it is", () => {
    const npm = "for i in 1 2 3; do echo fetching $i; sleep 1; done";
    const { stdout, status } = runSetup(
      { node: "case $1 in --version) echo v20.17.0 ;; -e) exit 1 ;; esac", npm },
      { onTerminal: true },
    );
    expect(status).toBe(0);
    expect(stdout).toMatch(/installing the npm packages[^]*\r\x1b\[K +\d+ s {2}fetching \d\r/);
    expect(stdout).toMatch(/\r\x1b\[K$/);
  });

  it("refuses an option that it does not know", () => {
    const result = spawnSync("bash", [setupScript, "--tests"], { encoding: "utf8" });
    expect(result).toMatchObject({
      status: 2,
      stderr: 'setup: Unknown option "--tests"; there are --test, --vm, --fresh and --package\n',
    });
  });
});
