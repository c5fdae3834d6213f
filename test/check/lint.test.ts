import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { root } from "./source-files.ts";

describe("lint", () => {
  it("finds every file formatted and free of the linter's faults", () => {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [
        `${root}node_modules/@biomejs/biome/bin/biome`,
        "ci",
        "--colors=off",
        "--vcs-enabled=false",
        "--max-diagnostics=20",
        "runtime",
        "sdk",
        "scripts",
        "test",
      ],
      { cwd: root, encoding: "utf8" },
    );
    expect(status === 0 ? "" : `${stdout}${stderr}`).toBe("");
  });
});
