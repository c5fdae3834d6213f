import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { findScriptTree } from "../../../runtime/script/script-tree.ts";

let base: string;
beforeEach(() => {
  base = realpathSync(mkdtempSync(join(tmpdir(), "bpfts-tree-")));
});
afterEach(() => rmSync(base, { recursive: true }));

function write(files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(base, name)), { recursive: true });
    writeFileSync(join(base, name), text);
  }
}

/** The tree as seen from the test's folder. */
function find(script: string): string {
  return findScriptTree(join(base, script)).slice(base.length);
}

describe("findScriptTree", () => {
  it("is the script's own folder where there is no project", () => {
    write({ "a/b/script.ts": "" });
    expect(find("a/b/script.ts")).toBe("/a/b");
  });

  it("is the folder of the nearest package.json", () => {
    write({ "package.json": "{}", "project/package.json": "{}", "project/tools/deep/script.ts": "" });
    expect(find("project/tools/deep/script.ts")).toBe("/project");
    expect(find("project/script.ts")).toBe("/project");
  });

  it.each([
    ["a list", { workspaces: ["packages/*"] }],
    ["a list with dots and slashes", { workspaces: ["./packages/*/"] }],
    ["any depth", { workspaces: ["**"] }],
    ["yarn's object", { workspaces: { packages: ["packages/tool"] } }],
  ])("is the whole workspace of a package in it: %s", (_name, root) => {
    write({
      "package.json": JSON.stringify(root),
      "packages/tool/package.json": "{}",
      "packages/tool/src/script.ts": "",
    });
    expect(find("packages/tool/src/script.ts")).toBe("");
  });

  it("is the whole workspace of pnpm", () => {
    write({
      "package.json": "{}",
      "pnpm-workspace.yaml": "packages:\n  - '*'\n",
      "tool/package.json": "{}",
      "tool/script.ts": "",
    });
    expect(find("tool/script.ts")).toBe("");
  });

  it.each([
    ["that does not name the package", { workspaces: ["other/*"] }],
    ["that names its folder only", { workspaces: ["packages"] }],
    ["that leaves it out", { workspaces: ["packages/*", "!packages/tool"] }],
    ["whose names only look like the package's", { workspaces: ["package./*", "packages/too"] }],
    ["that is none", { workspaces: "packages/*" }],
  ])("is the package alone below a workspace %s", (_name, root) => {
    write({ "package.json": JSON.stringify(root), "packages/tool/package.json": "{}", "packages/tool/script.ts": "" });
    expect(find("packages/tool/script.ts")).toBe("/packages/tool");
  });

  it("is the package alone below a package.json that cannot be read", () => {
    write({ "package.json": "{", "tool/package.json": "{}", "tool/script.ts": "" });
    expect(find("tool/script.ts")).toBe("/tool");
  });

  it.each([
    "node_modules/tools/script.ts",
    "node_modules/.pnpm/tools@1/node_modules/tools/src/script.ts",
    "node_modules/@scope/tools/script.ts",
  ])("is the packages around an installed script: %s", (script) => {
    write({ "package.json": "{}", [script]: "", [join(dirname(script), "package.json")]: "{}" });
    expect(find(script)).toBe("/node_modules");
  });

  it("takes no package.json of a folder that everybody may write to", () => {
    write({ "package.json": "{}", "a/script.ts": "" });
    chmodSync(base, 0o1777);
    expect(find("a/script.ts")).toBe("/a");
  });

  it("takes no package.json that is no file", () => {
    mkdirSync(join(base, "package.json"));
    write({ "a/script.ts": "" });
    expect(find("a/script.ts")).toBe("/a");
  });

  it("takes no package.json of a home folder or of /", () => {
    expect(findScriptTree(join(homedir(), "downloads/script.ts"))).toBe(join(homedir(), "downloads"));
    expect(findScriptTree("/script.ts")).toBe("/");
    expect(findScriptTree("/srv/none/script.ts")).toBe("/srv/none");
  });
});
