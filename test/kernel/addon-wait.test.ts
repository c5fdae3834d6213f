import { spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { countFds, port, requireBytes } from "../support/live-object.ts";

const text = (answer: Uint8Array | number): string => Buffer.from(requireBytes(answer)).toString();

describe("a wait", () => {
  it("lasts as long as it should when nothing happens", () => {
    for (const timeoutMs of [0, 1, 50]) {
      const start = performance.now();
      expect(port.wait(timeoutMs)).toBe(0);
      const took = performance.now() - start;
      expect(took).toBeGreaterThanOrEqual(timeoutMs - 1);
      expect(took).toBeLessThan(timeoutMs + 1000);
    }
  });
});

describe("a file", () => {
  it("is read without blocking, and wakes a wait that asks for files", () => {
    const folder = mkdtempSync(join(tmpdir(), "bpfts-test-"));
    const path = join(folder, "fifo");
    expect(spawnSync("mkfifo", [path]).status).toBe(0);
    const reader = port.fileOpen(path);
    const writer = openSync(path, "w");
    expect([text(port.fileRead(reader, 100)), port.wait(0)]).toEqual(["", 0]);
    writeSync(writer, "first and second");
    expect([port.wait(5000), port.wait(5000, 2), port.wait(0, 1)]).toEqual([1, 1, 0]);
    expect([
      text(port.fileRead(reader, 5)),
      text(port.fileRead(reader, 0)),
      text(port.fileRead(reader, 1 << 20)),
    ]).toEqual(["first", "", " and second"]);
    expect(port.wait(0)).toBe(0);
    closeSync(writer);
    expect([port.fileClose(reader), port.fileClose(reader), port.fileRead(reader, 1), port.wait(0)]).toEqual([
      0, 0, -9, 0,
    ]);
    rmSync(folder, { recursive: true });
  });

  it("that is a plain one is read whole and wakes nobody", () => {
    const folder = mkdtempSync(join(tmpdir(), "bpfts-test-"));
    const path = join(folder, "plain");
    writeFileSync(path, "x".repeat(200_000));
    const before = countFds();
    const file = port.fileOpen(path);
    expect([port.wait(0), text(port.fileRead(file, 0xffffffff)).length, text(port.fileRead(file, 10))]).toEqual([
      0,
      200_000,
      "",
    ]);
    port.fileClose(file);
    expect(countFds()).toBe(before);
    rmSync(folder, { recursive: true });
  });

  it("that is not there answers why", () => {
    expect([port.fileOpen("/nowhere/nothing"), text(port.fileRead(port.fileOpen("/dev/null"), 1))]).toEqual([-2, ""]);
    const folder = port.fileOpen("/");
    expect(port.fileRead(folder, 10)).toBe(-21);
    port.fileClose(folder);
  });
});
