import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { runCli } from "../../support/run-cli.ts";

const folder = fileURLToPath(new URL("error-text/", import.meta.url));
const scripts = readdirSync(folder).filter((name) => name.endsWith(".ts"));

// What a person reads, whole: the sentence, the place, the line, the hint. One script a case, the text beside it.
describe("the text of an error", () => {
  it.each(scripts)("of %s is as it was, and names the script's line", async (name) => {
    const result = await runCli(["check", "--no-load", name], { cwd: folder });
    expect(result.stdout).toBe("");
    expect(result.stderr).toMatch(new RegExp(`^  --> ${name}:\\d+:\\d+\\n \\d+ \\| `, "m"));
    await expect(`${result.stderr}exit status ${result.status}\n`).toMatchFileSnapshot(
      `${folder}${name.replace(/\.ts$/, ".txt")}`,
    );
  });
});
