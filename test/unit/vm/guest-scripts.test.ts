import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { agentScript, guestFolder, initScript, renderGuestJob } from "../../../runtime/vm/guest-scripts.ts";

const folder = mkdtempSync(join(tmpdir(), "bpfts-job-"));
afterAll(() => rmSync(folder, { recursive: true }));

describe("guest scripts", () => {
  it.each([
    ["init", initScript],
    ["agent", agentScript],
  ])("%s is a script that a shell can read", (_, text) => {
    expect(spawnSync("sh", ["-n"], { input: text, encoding: "utf8" })).toMatchObject({ status: 0, stderr: "" });
  });

  it("a job keeps every byte of the command, the environment and the working folder", () => {
    const odd = `a 'quoted' "word" $HOME \`id\` \\ \n* ünï`;
    const job = renderGuestJob({
      command: ["printf", "%s|%s|%s", odd, "", "-n"],
      workingFolder: "/",
      environment: { ODD: odd, "BAD-NAME": "x" },
      shares: [],
      release: "1",
    });
    const made = spawnSync("sh", ["-c", job], { cwd: folder, encoding: "utf8" });
    expect(made).toMatchObject({ status: 0, stderr: "" });
    const command = readFileSync(join(folder, "command"), "utf8").replace(`>${guestFolder}/pid`, ">/dev/null");
    expect(spawnSync("sh", ["-c", command], { encoding: "utf8" }).stdout).toBe(`${odd}||-n`);
    const printed = renderGuestJob({
      command: ["printenv", "ODD"],
      workingFolder: "/",
      environment: { ODD: odd },
      shares: [],
      release: "1",
    });
    spawnSync("sh", ["-c", printed], { cwd: folder });
    expect(
      spawnSync(
        "sh",
        ["-c", readFileSync(join(folder, "command"), "utf8").replace(`>${guestFolder}/pid`, ">/dev/null")],
        { encoding: "utf8" },
      ).stdout,
    ).toBe(`${odd}\n`);
  });
});
