import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ESLint } from "eslint";
import tseslint from "typescript-eslint";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { root } from "./source-files.ts";

describe("the packed package", () => {
  let folder: string;
  let tarball: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "bpfts-pack-"));
    execFileSync("npm", ["pack", "--ignore-scripts", "--silent", "--pack-destination", folder], { cwd: root });
    tarball = join(folder, readdirSync(folder)[0]!);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each([
    ["publint", ["publint/src/cli.js", "--strict"]],
    // bpfts is an ES module: `require` of it is nothing that is promised.
    ["attw", ["@arethetypeswrong/cli/dist/index.js", "--profile", "esm-only", "--no-emoji"]],
  ])("has nothing for %s to say", (_, [cli, ...args]) => {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [join(root, "node_modules", cli!), ...args, tarball],
      { cwd: root, encoding: "utf8" },
    );
    expect(status === 0 ? "" : `${stdout}${stderr}`).toBe("");
  });
});

describe("the shipped scripts", () => {
  it("are clean under the strict rules of typescript-eslint", async () => {
    const eslint = new ESLint({
      cwd: root,
      overrideConfigFile: true,
      overrideConfig: [
        { files: ["scripts/**/*.ts"] },
        ...tseslint.configs.strict,
        {
          rules: {
            // As in the rest of the house: noUncheckedIndexedAccess asks for it where a check stands just before.
            "@typescript-eslint/no-non-null-assertion": "off",
            // A loop that only waits has a variable that nothing reads.
            "@typescript-eslint/no-unused-vars": ["error", { varsIgnorePattern: "^_$", argsIgnorePattern: "^_$" }],
          },
        },
      ],
    });
    const results = await eslint.lintFiles(["scripts"]);
    expect(results.length).toBeGreaterThan(10);
    expect(
      results.flatMap(({ filePath, messages }) =>
        messages.map(({ line, ruleId, message }) => `${filePath}:${line}: ${ruleId ?? ""} ${message}`),
      ),
    ).toEqual([]);
  });
});
