import { describe, expect, it } from "vitest";
import { BatchRoom } from "../../../../runtime/session/bridge/batch-room.ts";

const records = new Uint8Array(300 * 1024).fill(1);

describe("BatchRoom", () => {
  it("is large when more than half of a batch was read, whoever writes it out", () => {
    const room = new BatchRoom();
    for (const written of [false, true]) {
      room.clear();
      room.addSection(1, 0, records.subarray(0, 200 * 1024), written);
      expect(room.isLarge).toBe(false);
      room.addSection(2, 0, records.subarray(0, 100 * 1024), written);
      expect(room.isLarge).toBe(true);
    }
  });

  it("passes on of written records only how many were lost", () => {
    const room = new BatchRoom();
    room.addSection(7, 3, records, true);
    const view = new DataView(room.finish().buffer);
    expect([0, 4, 8, 16].map((at) => view.getUint32(at, true))).toEqual([7, 3, 0, 0]);
  });
});
