// Runs in a guest: loads an object that was compiled on another kernel and compares what it reads with what is true here.
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { expect, it } from "vitest";
import { callMkdir, port, requireBytes, u32 } from "../../support/live-object.ts";

it("an object of another kernel loads and reads the right values", () => {
  const object = port.objectOpen(readFileSync(process.env["BPFTS_OBJECT"]!), "portable");
  expect(object, port.lastLog()).toBeGreaterThan(0);
  const loaded = port.objectLoad(object, 0);
  expect(loaded.status, `${loaded.log}\n${JSON.stringify(loaded.programLogs)}`).toBe(0);
  const link = port.attachTracepoint(
    port.programHandle(object, port.objectPrograms(object)[0]!.name),
    "syscalls",
    "sys_enter_mkdir",
    0n,
  );
  expect(link).toBeGreaterThan(0);
  callMkdir(3);
  const seen = Buffer.from(requireBytes(port.mapLookup(port.mapHandle(object, "seen"), u32(process.pid), 0)));
  expect({
    calls: seen.readUInt32LE(0),
    pid: seen.readUInt32LE(4),
    parent: seen.readUInt32LE(8),
    node: seen.toString("latin1", 16, seen.indexOf(0, 16)),
    executable: seen.toString("latin1", 48, seen.indexOf(0, 48)),
  }).toEqual({ calls: 3, pid: process.pid, parent: process.ppid, node: hostname(), executable: "node" });
  port.objectClose(object);
});
