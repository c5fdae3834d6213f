import { expect, it } from "vitest";
import { parseCliError, runCli } from "../support/run-cli.ts";

it("a kernel that is locked down says so, and what to do", async () => {
  const result = await runCli([
    "vm",
    "run",
    "--kernel",
    "6.1",
    "--append",
    "lockdown=confidentiality",
    "--json-errors",
    "scripts/counts.ts",
  ]);
  const error = parseCliError(result);
  expect(error).toMatchObject({ code: "BPFTS_UNSUPPORTED", exitCode: 3 });
  expect(error.message).toContain("locked down (confidentiality)");
  expect(result.status).toBe(3);
});
