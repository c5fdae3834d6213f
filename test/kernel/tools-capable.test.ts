import { release } from "node:os";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { makeFolder, runCli } from "../support/run-cli.ts";
import { split } from "../support/run-tool.ts";

const folder = makeFolder();
const file = join(folder, "file");
writeFileSync(file, "");

/** Changing a file's owner asks for CAP_CHOWN, once in this command; what else is asked for is the kernel's own affair. */
const run = async (...args: readonly string[]): Promise<string[]> => {
  const result = await runCli(["-c", `/bin/chown 7 ${file}`, "capable", ...args], { cwd: folder });
  expect(result.status).toBe(0);
  expect(result.stderr).toMatch(/^(?:capable: this kernel's tracepoint does not tell [^\n]*\n)?$/);
  return result.stdout.trimEnd().split("\n");
};

describe("capable", () => {
  it("prints the check of a capability that a command needs", async () => {
    const rows = split(await run("-x"));
    expect(rows[0]).toEqual(["TIME", "UID", "PID", "TID", "COMM", "CAP", "NAME", "AUDIT", "INSETID"]);
    const found = rows.filter((row) => row[6] === "CAP_CHOWN");
    // Linux 6.1 asks twice.
    expect(found).toHaveLength(release().startsWith("6.1.") ? 2 : 1);
    const [time, uid, pid, tid, comm, number, , audit, insetid] = found[0]!;
    expect(time).toMatch(/^\d\d:\d\d:\d\d$/);
    expect([uid, pid === tid, comm, number]).toEqual(["0", true, "chown", "0"]);
    // A tracepoint does not tell them.
    expect(["1 0", "N/A N/A"]).toContain(`${audit} ${insetid}`);
  });

  it("prints the kernel's stack of a check, and each once on request", async () => {
    const rows = await run("-K", "--unique", "-v");
    const at = rows.findIndex((row) => row.includes("CAP_CHOWN"));
    const end = rows.findIndex((row, index) => index > at && !row.startsWith("        "));
    expect(rows.slice(at + 1, end < 0 ? undefined : end).join("\n")).toMatch(
      / {8}notify_change\+0x[0-9a-f]+ \[kernel\]\n/,
    );
    const objects = (await run("--unique", "-v", "--json")).map(
      (row) => JSON.parse(row) as { cap: number; pid: number },
    );
    const seen = objects.map(({ cap, pid }) => `${pid} ${cap}`);
    expect(seen).toEqual([...new Set(seen)]);
    expect(objects.filter(({ cap }) => cap === 0)).toMatchObject([{ comm: "chown", name: "CAP_CHOWN" }]);
  });
});
