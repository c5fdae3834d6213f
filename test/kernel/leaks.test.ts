import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { findLeaks, runMark, takeStock } from "../leaks.mjs";
import { root } from "../support/run-cli.ts";

const mark = `leaks-test-${process.pid}`;

describe("the search for what tests leave behind", () => {
  it("finds nothing when nothing happened", async () => {
    expect(await findLeaks(takeStock(), mark)).toEqual([]);
  });

  it("finds a process that still runs, and its children", async () => {
    const child = spawn("sh", ["-c", "sleep 60 & echo; wait"], {
      env: { ...process.env, [runMark]: mark },
      stdio: ["ignore", "pipe", "ignore"],
      detached: true,
    });
    await once(child.stdout, "data");
    try {
      const listProcesses = async () =>
        (await findLeaks(takeStock(), mark, 0))
          .filter((leak) => leak.startsWith("process"))
          .map((leak) => leak.replace(/\d+/, "N"));
      // The shell may print before its child has become a sleep.
      await expect
        .poll(listProcesses, { timeout: 5000 })
        .toEqual(["process N sh -c sleep 60 & echo; wait", "process N sleep 60"]);
    } finally {
      process.kill(-child.pid!, "SIGKILL");
      await once(child, "exit");
    }
    expect(await findLeaks(takeStock(), mark)).toEqual([]);
  });

  it("finds a file beside the checkout's own, also one that git does not name", async () => {
    const before = takeStock(false);
    const path = join(root, `${mark}.log`);
    writeFileSync(path, "");
    try {
      expect(await findLeaks(before, mark, 0)).toEqual([`file ${path}`]);
    } finally {
      rmSync(path);
    }
  });

  it("finds a network namespace", async () => {
    const before = takeStock();
    const name = `bpfts-${mark}`;
    expect(spawnSync("ip", ["netns", "add", name]).status).toBe(0);
    try {
      expect(await findLeaks(before, mark, 0)).toContain(`network namespace /run/netns/${name}`);
    } finally {
      spawnSync("ip", ["netns", "delete", name]);
    }
  });

  it("does not take for ours what others make and remove meanwhile", async () => {
    const before = takeStock();
    const [first, second] = [`bpfts-${mark}-1`, `bpfts-${mark}-2`];
    expect(spawnSync("ip", ["netns", "add", first]).status).toBe(0);
    try {
      const found = findLeaks(before, mark);
      await delay(500);
      expect(spawnSync("ip", ["netns", "add", second]).status).toBe(0);
      expect(spawnSync("ip", ["netns", "delete", first]).status).toBe(0);
      expect(await found).toEqual([]);
    } finally {
      for (const name of [first, second]) spawnSync("ip", ["netns", "delete", name]);
    }
  });
});
