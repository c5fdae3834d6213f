import { mkdirSync, readdirSync } from "node:fs";
import { openAddon } from "../../runtime/kernel/door/addon.ts";
import type { Handle, MapBatch } from "../../runtime/kernel/door/port.ts";
import { compileBpf } from "./compile-bpf.ts";

export const port = openAddon();

/** Opens and loads a program that traces the test's own process; the caller closes it with `objectClose`. */
export function loadBpf(text: string, pid = process.pid): Handle {
  const object = port.objectOpen(compileBpf(text), "test");
  if (object < 0) throw new Error(`open: ${object} ${port.lastLog()}`);
  const loaded = port.objectLoad(object, 0);
  if (loaded.status < 0) throw new Error(`load: ${loaded.status} ${loaded.log} ${JSON.stringify(loaded.programLogs)}`);
  setTarget(object, pid);
  return object;
}

/** Says whose calls the program counts. */
export function setTarget(object: Handle, pid: number): void {
  const name = port.objectMaps(object).find((map) => map.name.endsWith(".bss"))?.name;
  if (name === undefined) throw new Error("the program has no target: it never asks is_target()");
  const bss = port.mapHandle(object, name);
  const value = requireBytes(port.mapLookup(bss, u32(0), 0));
  value.set(u32(pid));
  if (port.mapUpdate(bss, u32(0), value, 0) !== 0) throw new Error("the target cannot be set");
}

/** Enters mkdir(2) as often as wanted and makes no directory. */
export function callMkdir(times: number): void {
  for (let i = 0; i < times; i++) {
    try {
      mkdirSync("/proc/self/nowhere/nothing");
    } catch {
      // That it fails is the point.
    }
  }
}

export function u32(...values: readonly number[]): Uint8Array {
  return new Uint8Array(Uint32Array.from(values).buffer);
}

export function u64(...values: readonly (number | bigint)[]): Uint8Array {
  return new Uint8Array(BigUint64Array.from(values, BigInt).buffer);
}

export function readU64(bytes: Uint8Array, index = 0): bigint {
  return new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(index * 8, true);
}

export function requireBytes(answer: Uint8Array | number): Uint8Array {
  if (typeof answer === "number") throw new Error(`answered ${answer}`);
  return answer;
}

export function requireBatch(answer: MapBatch | number): MapBatch {
  if (typeof answer === "number") throw new Error(`answered ${answer}`);
  return answer;
}

/** Reads records of a ring, as much of them as fits into `roomBytes`. */
export function readRing(handle: number, roomBytes: number): RingRecord[] {
  const room = new Uint8Array(roomBytes);
  const size = port.ringRead(handle, room, false);
  if (size < 0) throw new Error(`answered ${size}`);
  return splitRecords(room.subarray(0, size));
}

export interface RingRecord {
  readonly cpu: number;
  readonly bytes: Uint8Array;
}

/** Takes a batch of records apart, as the port describes it. */
export function splitRecords(batch: Uint8Array): RingRecord[] {
  const view = new DataView(batch.buffer, batch.byteOffset, batch.byteLength);
  const records: RingRecord[] = [];
  for (let at = 0; at < batch.length; ) {
    const size = view.getUint32(at, true);
    records.push({ cpu: view.getUint32(at + 4, true), bytes: batch.subarray(at + 8, at + 8 + size) });
    at += 8 + Math.ceil(size / 8) * 8;
  }
  return records;
}

/** How many file descriptors this process has open. */
export function countFds(): number {
  return readdirSync("/proc/self/fd").length;
}
