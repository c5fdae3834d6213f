import { existsSync, readFileSync, readdirSync } from "node:fs";
import { isBuiltin } from "node:module";
import { describe, expect, it } from "vitest";
import { listImports, listProjectFiles, parseSources, readProjectFile } from "./source-files.ts";

interface LockedPackage {
  readonly resolved?: string;
  readonly link?: boolean;
}

const lock = JSON.parse(readProjectFile("package-lock.json")) as {
  readonly packages: Readonly<Record<string, LockedPackage>>;
};
const manifest = JSON.parse(readProjectFile("package.json")) as {
  readonly version: string;
  readonly files: readonly string[];
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
};

/** Public homes of packages, in two halves so that this file does not name them. */
const publicHosts = [
  ["registry.npmjs", "org"],
  ["registry.yarnpkg", "com"],
  ["deb.debian", "org"],
  ["security.debian", "org"],
  ["snapshot.debian", "org"],
  ["proxy.golang", "org"],
].map((halves) => halves.join("."));

/** Where this machine gets its packages from. */
function listMachineHosts(): readonly string[] {
  const lists = [
    "/etc/apt/sources.list",
    ...listFolder("/etc/apt/sources.list.d"),
    `${process.env["HOME"] ?? ""}/.npmrc`,
  ].filter((path) => existsSync(path));
  const addresses = [...lists.map((path) => readFileSync(path, "utf8")), process.env["npm_config_registry"] ?? ""]
    .join("\n")
    .matchAll(/https?:\/\/([\w.-]+)/g);
  return [...new Set([...addresses].map((match) => match[1]!))].filter((host) => host.includes("."));
}

function listFolder(path: string): readonly string[] {
  return existsSync(path) ? readdirSync(path).map((name) => `${path}/${name}`) : [];
}

describe("package", () => {
  const files = listProjectFiles();

  it("locks no address, so that every registry serves", () => {
    expect(Object.entries(lock.packages).filter(([, { resolved }]) => resolved !== undefined)).toEqual([]);
  });

  it("names no registry, mirror or folder of the machine that wrote it", () => {
    const hosts = [...publicHosts, ...listMachineHosts()];
    const names = (text: string): readonly string[] => [
      ...hosts.filter((host) => text.includes(host)),
      ...(/\/work\/(?:main|shared|\.)/.exec(text) ?? []),
    ];
    const found = files
      .filter((path) => path !== "test/check/package.test.ts")
      .map((path) => ({ path, names: names(readProjectFile(path)) }));
    expect(found.filter((file) => file.names.length > 0)).toEqual([]);
  });

  it("declares every package that it imports, and no other", () => {
    const packageOf = (name: string): string =>
      name
        .split("/")
        .slice(0, name.startsWith("@") ? 2 : 1)
        .join("/");
    const imported = new Set(
      parseSources("runtime")
        .flatMap(listImports)
        .filter(({ isFile, to }) => !isFile && !isBuiltin(to))
        // The editor hands its own TypeScript to the plugin, which needs types of it alone.
        .filter(({ to, typeOnly }) => !(typeOnly && Object.hasOwn(manifest.devDependencies, to)))
        .map(({ to }) => packageOf(to)),
    );
    // What the build of the addon uses is imported by no TypeScript.
    const building = ["node-addon-api", "node-gyp"];
    expect(Object.keys(manifest.dependencies).sort()).toEqual([...imported, ...building].sort());
  });

  it("ships files that are there", () => {
    const built = ["dist/"];
    expect(
      manifest.files.filter(
        (path) => !built.includes(path) && !files.some((file) => file === path || file.startsWith(path)),
      ),
    ).toEqual([]);
  });

  it("puts nothing at the top level that the plan of the house does not have", () => {
    const top = new Set(files.map((path) => path.split("/")[0]!));
    const plan = [
      ".ci",
      ".clang-format",
      ".editorconfig",
      ".git-blame-ignore-revs",
      ".github",
      ".gitignore",
      ".npmrc",
      "CHANGELOG.md",
      "CONTRIBUTING.md",
      "LICENSE",
      "README.md",
      "SECURITY.md",
      "binding.gyp",
      "biome.jsonc",
      "bpf-headers",
      "package-lock.json",
      "package.json",
      "runtime",
      "scripts",
      "sdk",
      "test",
      "tsconfig.json",
    ];
    expect([...top].filter((name) => !plan.includes(name))).toEqual([]);
  });
});
