import { expect, it } from "vitest";
import { openProgress } from "../../../../runtime/session/load/progress.ts";

it("shows a bar when work takes more than a second, and takes it away at the end", () => {
  let now = 0;
  const lines: (string | undefined)[] = [];
  const log = { warn() {}, info() {}, progress: (line: string | undefined) => lines.push(line) };
  const progress = openProgress(log, "attaching", 4, () => now);
  for (const time of [400, 1000, 1050, 1600]) {
    now = time;
    progress.step();
  }
  progress.close();
  expect(lines).toEqual([
    `attaching: 2 of 4 [${"#".repeat(15)}${" ".repeat(15)}]`,
    `attaching: 4 of 4 [${"#".repeat(30)}]`,
    undefined,
  ]);
});

it("says nothing of work that is over soon", () => {
  const lines: (string | undefined)[] = [];
  const log = { warn() {}, info() {}, progress: (line: string | undefined) => lines.push(line) };
  const progress = openProgress(log, "attaching", 2, () => 0);
  progress.step();
  progress.step();
  progress.close();
  expect(lines).toEqual([]);
});
