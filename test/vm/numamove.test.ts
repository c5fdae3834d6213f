import { join } from "node:path";
import { expect, it } from "vitest";
import { root, runCli } from "../support/run-cli.ts";

/** The machine's memory is one node: the kernel makes two of it. */
const twoNodes = ["vm", "run", "--kernel", "6.1", "--append", "numa=fake=2"];

it("numamove counts the pages that the kernel moves to the node of a command", async () => {
  const command = `python3 ${join(root, "test/kernel/programs/numa.py")}`;
  const { status, stdout } = await runCli([...twoNodes, "-c", command, "scripts/tools/numamove.ts", "--", "300"]);
  expect(status).toBe(0);
  const [, told] = /^moved (\d+)$/m.exec(stdout)!;
  expect(Number(told)).toBeGreaterThanOrEqual(1000);
  const [, pages, ms] = /^\d\d:\d\d:\d\d +(\d+) +(\d+)$/m.exec(stdout)!;
  expect(pages).toBe(told);
  expect(Number(ms)).toBeGreaterThan(0);
});
