import { describe, expect, it } from "vitest";
import { renderValue } from "../../../../sdk/print/render-value.ts";

describe("renderValue", () => {
  it("shows dates, those that are none too", () => {
    expect(renderValue({ since: new Date(0), until: new Date(Number.NaN) })).toBe(
      "{ since: 1970-01-01T00:00:00.000Z, until: Invalid Date }",
    );
  });

  it("shows the bytes of a view and of a buffer", () => {
    const { buffer } = Uint8Array.of(1, 2, 3, 4);
    expect(renderValue(new DataView(buffer, 1, 2))).toBe("DataView [2, 3]");
    expect(renderValue({ buffer })).toBe("{ buffer: ArrayBuffer [1, 2, 3, 4] }");
    expect(renderValue(new Uint16Array(2))).toBe("Uint16Array [0, 0]");
  });
});
