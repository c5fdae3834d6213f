import { describe, expect, it } from "vitest";
import { openColumnCalls } from "../../../runtime/session/bridge/split-columns.ts";

const { split_columns: split } = openColumnCalls();
const bytes = Uint8Array.from({ length: 24 }, (_, index) => index);

describe("the host's split of rows into columns", () => {
  it.each([
    { size: 12, spans: [[0, 4]], columns: [[0, 1, 2, 3, 12, 13, 14, 15]] },
    { size: 12, spans: [[4, 8]], columns: [[4, 5, 6, 7, 8, 9, 10, 11, 16, 17, 18, 19, 20, 21, 22, 23]] },
    {
      size: 12,
      spans: [
        [1, 3],
        [2, 2],
      ],
      columns: [
        [1, 2, 3, 13, 14, 15, 0, 0],
        [2, 3, 14, 15, 0, 0, 0, 0],
      ],
    },
    { size: 12, spans: [], columns: [] },
    { size: 12, spans: [[3, 0]], columns: [] },
  ])("takes $spans of rows of $size bytes", ({ size, spans, columns }) => {
    const part = { at: 0, rows: 2, size, spans: spans as unknown as [number, number][] };
    expect([...split({ parts: [part] }, bytes)!]).toEqual(columns.flat());
  });

  it("reads bytes that lie anywhere in a larger buffer, and keeps the bits of a NaN", () => {
    const room = new Uint8Array(64);
    const signalling = [1, 0, 0, 0, 0, 0, 0xf0, 0x7f];
    for (const start of [0, 1, 2, 4, 8]) {
      room.fill(0).set(signalling, start + 8);
      const part = { at: 0, rows: 2, size: 8, spans: [[0, 8]] as const };
      expect([...split({ parts: [part] }, room.subarray(start, start + 16))!.slice(8)], `at ${start}`).toEqual(
        signalling,
      );
    }
  });

  it.each([
    [{ at: 0, rows: 3, size: 12, spans: [] }],
    [{ at: 8, rows: 2, size: 12, spans: [] }],
    [{ at: -12, rows: 2, size: 12, spans: [] }],
    [{ at: 0, rows: 2.5, size: 4, spans: [] }],
    [{ at: 0, rows: 2 ** 53, size: 2 ** 53, spans: [] }],
    [{ at: 0, rows: 2, size: 12, spans: [[8, 8]] }],
    [{ at: 0, rows: 2, size: 12, spans: [[-4, 4]] }],
    [{ at: 0, rows: 2, size: 12, spans: [["0", 4]] }],
  ])("refuses %j, which leaves the bytes", (part) => {
    expect(() => split({ parts: [part as never] }, bytes)).toThrow(/^Cannot make columns of/);
  });

  it("refuses columns of more bytes than any script has", () => {
    const spans = Array.from({ length: 2 ** 20 }, () => [0, 1024] as const);
    expect(() => split({ parts: [{ at: 0, rows: 2, size: 1024, spans }] }, new Uint8Array(2048))).toThrow(
      "the limit is",
    );
  });
});
