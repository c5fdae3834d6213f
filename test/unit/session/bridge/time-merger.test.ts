import { describe, expect, it } from "vitest";
import {
  HOLD_MS,
  openTimeMerger,
  packRecords,
  splitTimedRecords,
} from "../../../../runtime/session/bridge/time-merger.ts";

/** Records as the kernel's port hands them over, each with its time and one number. */
function makeRecords(...rows: readonly (readonly [time: bigint, cpu: number, n: number])[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(rows.length * 24));
  rows.forEach(([time, cpu, n], index) => {
    view.setUint32(index * 24, 12, true);
    view.setUint32(index * 24 + 4, cpu, true);
    view.setBigUint64(index * 24 + 8, time, true);
    view.setUint32(index * 24 + 16, n, true);
  });
  return new Uint8Array(view.buffer);
}

/** What came out: size, CPU and number of each record. */
function readRecords(bytes: Uint8Array): number[][] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const rows: number[][] = [];
  for (let at = 0; at < bytes.length; at += 16)
    rows.push([view.getUint32(at, true), view.getUint32(at + 4, true), view.getUint32(at + 8, true)]);
  return rows;
}

interface BytesMerger {
  add(records: Uint8Array): void;
  take(isDrained: boolean): Uint8Array;
  holdsRecords(): boolean;
}

function openAt(): {
  merger: BytesMerger;
  pass(ms?: number): void;
  numbers(isDrained?: boolean): number[];
} {
  let now = 0;
  const records = openTimeMerger<string>(() => now);
  const merger: BytesMerger = {
    ...records,
    add: (bytes) => records.add(splitTimedRecords("events", bytes)),
    take: (isDrained) => packRecords(records.take(isDrained)),
  };
  return {
    merger,
    pass: (ms = HOLD_MS) => void (now += ms),
    numbers: (isDrained = true) => readRecords(merger.take(isDrained)).map(([, , n]) => n!),
  };
}

describe("a merger by time", () => {
  it("puts records of several CPUs in order, without their times, once they have been waited for", () => {
    const { merger, pass } = openAt();
    merger.add(makeRecords([10n, 0, 1], [30n, 0, 3]));
    merger.add(makeRecords([20n, 1, 2], [40n, 1, 4]));
    expect(merger.take(true).length).toBe(0);
    pass();
    expect(merger.take(true).length).toBe(0);
    expect(merger.holdsRecords()).toBe(true);
    pass();
    expect(readRecords(merger.take(true))).toEqual([
      [4, 0, 1],
      [4, 1, 2],
      [4, 0, 3],
      [4, 1, 4],
    ]);
    expect(merger.holdsRecords()).toBe(false);
  });

  it("holds what came after the last look, since something earlier may follow", () => {
    const { merger, pass, numbers } = openAt();
    merger.add(makeRecords([10n, 0, 1], [20n, 0, 2]));
    pass();
    expect(numbers()).toEqual([]);
    merger.add(makeRecords([30n, 0, 4], [15n, 1, 9]));
    pass();
    expect(numbers()).toEqual([1, 9, 2]);
    merger.add(makeRecords([25n, 1, 3]));
    pass();
    expect(numbers()).toEqual([3, 4]);
  });

  it("does not let looks that follow at once pass for waiting, nor those that left something behind", () => {
    const { merger, pass, numbers } = openAt();
    merger.add(makeRecords([10n, 0, 1]));
    pass();
    for (let i = 0; i < 5; i++) expect(numbers()).toEqual([]);
    pass();
    expect(numbers(false)).toEqual([]);
    expect(numbers()).toEqual([1]);
  });

  it("keeps the order of one CPU where times are equal, and times beyond 2^53", () => {
    const { merger, pass, numbers } = openAt();
    const late = 1n << 60n;
    merger.add(makeRecords([late, 0, 1], [late, 0, 2], [late - (1n << 20n), 1, 0]));
    pass();
    numbers();
    pass();
    expect(numbers()).toEqual([0, 1, 2]);
  });

  it("gives order up for memory when its reader is far behind", () => {
    const { merger } = openAt();
    const size = 1024 * 1024;
    const record = new Uint8Array(8 + size);
    new DataView(record.buffer).setUint32(0, size, true);
    for (let i = 0; i < 17; i++) merger.add(record);
    expect(merger.take(false).length).toBe(17 * size);
    expect(merger.holdsRecords()).toBe(false);
  });
});

describe("a merger of several buffers", () => {
  it("has one order for all, and forgets those of a buffer that is closed", () => {
    let now = 0;
    const merger = openTimeMerger<string>(() => now);
    const take = (): string[] => {
      now += HOLD_MS;
      return merger.take(true).map(({ source, bytes }) => `${source} ${bytes[0]}`);
    };
    merger.add(splitTimedRecords("opens", makeRecords([10n, 0, 1], [30n, 1, 3])));
    merger.add(splitTimedRecords("closes", makeRecords([20n, 1, 2], [40n, 0, 4])));
    expect([...take(), ...take()]).toEqual(["opens 1", "closes 2", "opens 3", "closes 4"]);
    merger.add(splitTimedRecords("opens", makeRecords([50n, 0, 5])));
    merger.add(splitTimedRecords("closes", makeRecords([60n, 0, 6])));
    merger.drop("opens");
    expect([...take(), ...take(), merger.holdsRecords()]).toEqual(["closes 6", false]);
  });
});
