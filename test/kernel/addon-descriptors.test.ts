import { mkdtempSync, readFileSync, readlinkSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { openAddon } from "../../runtime/kernel/door/addon.ts";

const port = openAddon();
const folder = mkdtempSync(join(tmpdir(), "bpfts-descriptors-"));
const file = join(folder, "file");
writeFileSync(file, "text");
symlinkSync(file, join(folder, "link"));
afterAll(() => rmSync(folder, { recursive: true }));

const EBADF = -9;

describe("a descriptor", () => {
  it("leads to what was opened, also when its path leads elsewhere, until it is closed", () => {
    const opened = port.descriptorOpen(join(folder, "link"), false);
    const path = String(port.descriptorPath(opened));
    expect([readlinkSync(path), readFileSync(path, "utf8")]).toEqual([file, "text"]);
    expect([port.descriptorClose(opened), port.descriptorClose(opened), port.descriptorPath(opened)]).toEqual([
      0,
      0,
      EBADF,
    ]);
    // The slot has a new owner: the old handle must not find it.
    const next = port.descriptorOpen(file, false);
    expect([next === opened, port.descriptorPath(opened)]).toEqual([false, EBADF]);
    port.descriptorClose(next);
  });

  it("of a path only follows no link and reads nothing", () => {
    const opened = port.descriptorOpen(join(folder, "link"), true);
    expect(readlinkSync(String(port.descriptorPath(opened)))).toBe(join(folder, "link"));
    port.descriptorClose(opened);
    const plain = port.descriptorOpen(file, true);
    const bytes = new Uint8Array(4);
    expect(port.descriptorPut(plain, bytes, 0)).toBe(0);
    const flags = readFileSync(`/proc/self/fdinfo/${new Int32Array(bytes.buffer)[0]}`, "latin1");
    expect(/^flags:\s+(\d+)$/m.exec(flags)?.[1]).toMatch(/^012?[0-9]{6}$/);
    port.descriptorClose(plain);
  });

  it("that is not there, or no descriptor, answers an errno", () => {
    expect(port.descriptorOpen(join(folder, "nothing"), false)).toBe(-2);
    const bytes = new Uint8Array([1, 2, 3, 4]);
    expect([port.descriptorPath(0), port.descriptorPut(0, bytes, 0), port.descriptorPut(-1, bytes, 0)]).toEqual([
      EBADF,
      EBADF,
      EBADF,
    ]);
    expect([...bytes]).toEqual([1, 2, 3, 4]);
  });

  it("is written within the bytes only", () => {
    const opened = port.descriptorOpen(file, false);
    const bytes = new Uint8Array(10).fill(255);
    expect([7, 8, 0xffffffff].map((at) => port.descriptorPut(opened, bytes, at))).toEqual([-22, -22, -22]);
    expect(port.descriptorPut(opened, new Uint8Array(3), 0)).toBe(-22);
    expect(port.descriptorPut(opened, bytes, 6)).toBe(0);
    const number = new DataView(bytes.buffer).getInt32(6, true);
    expect([port.descriptorPath(opened), ...bytes.subarray(0, 6)]).toEqual([
      `/proc/self/fd/${number}`,
      ...new Array<number>(6).fill(255),
    ]);
    port.descriptorClose(opened);
  });

  it("of a process takes signals, and copies what the process has open", () => {
    const own = port.pidfdOpen(process.pid);
    expect([port.pidfdSignal(own, 0), port.descriptorClose(own), port.pidfdSignal(own, 0)]).toEqual([0, 0, EBADF]);
    const opened = port.descriptorOpen(file, false);
    const number = Number(/\d+$/.exec(String(port.descriptorPath(opened)))?.[0]);
    const copy = port.pidfdCopy(process.pid, number);
    port.descriptorClose(opened);
    expect(statSync(String(port.descriptorPath(copy))).ino).toBe(statSync(file).ino);
    port.descriptorClose(copy);
    expect(port.pidfdCopy(process.pid, 1_000_000)).toBe(EBADF);
  });

  it("that is closed is no network namespace, whatever has its number by now", () => {
    const netns = port.descriptorOpen("/proc/self/ns/net", false);
    const request = new Uint8Array(16);
    expect(port.netlinkDump(netns, 18, request)).toBeInstanceOf(Uint8Array);
    port.descriptorClose(netns);
    expect([port.netlinkDump(netns, 18, request), port.programQuery(netns, 1, 37)]).toEqual([EBADF, EBADF]);
    expect(port.programQueryOf(netns, 37)).toBe(EBADF);
  });
});
