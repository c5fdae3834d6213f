import { beforeAll, expect, it } from "vitest";
import { runCli } from "../support/run-cli.ts";

// A run that has to fetch its kernel says so on stderr.
beforeAll(async () => {
  expect(await runCli(["vm", "fetch", "6.1"])).toMatchObject({ status: 0 });
});

it("hello_fields.ts prints its fields on a kernel with kprobes", async () => {
  const result = await runCli([
    "vm",
    "run",
    "--kernel",
    "6.1",
    "-c",
    "mkdir /tmp/one /tmp/two",
    "scripts/hello_fields.ts",
  ]);
  expect(result.stderr).toBe("");
  expect(result.stdout).toMatch(/^TIME\(s\) +COMM +PID +MESSAGE\n(?:\d+\.\d{9} +mkdir +\d+ +Hello, World!\n){2}$/);
  expect(result.status).toBe(0);
});
