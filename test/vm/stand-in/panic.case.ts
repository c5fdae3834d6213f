import { writeFileSync } from "node:fs";
import { it } from "vitest";
import { setTimeout as sleep } from "node:timers/promises";

it("comes first", () => {});
it("ends the kernel", async () => {
  if (process.env["BPFTS_PANIC"] === undefined) return;
  await sleep(1000);
  writeFileSync("/proc/sysrq-trigger", "c");
  await sleep(60_000);
}, 100_000);
