import { describe, expect, it } from "vitest";
import { renderValue } from "../../../../sdk/print/render-value.ts";

describe("renderValue", () => {
  it("shows the bytes of a view and of a buffer", () => {
    const { buffer } = Uint8Array.of(1, 2, 3, 4);
    expect(renderValue(new DataView(buffer, 1, 2))).toBe("DataView [2, 3]");
    expect(renderValue({ buffer })).toBe("{ buffer: ArrayBuffer [1, 2, 3, 4] }");
    expect(renderValue(new Uint16Array(2))).toBe("Uint16Array [0, 0]");
  });
});
