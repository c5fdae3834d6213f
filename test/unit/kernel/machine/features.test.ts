import { describe, expect, it } from "vitest";
import { haveFeature } from "../../../../runtime/kernel/machine/features.ts";
import { openFakeKernel } from "../../../support/fake-kernel.ts";

describe("a feature", () => {
  it.each([
    [1, true],
    [0, false],
    [-95, undefined],
  ])("whose probe answers %i is %s", (answer, expected) => {
    const kernel = openFakeKernel({ probeMapType: () => answer });
    expect(haveFeature(kernel.port, "ringbuf")).toBe(expected);
    expect(kernel.argsOf("probeMapType")).toEqual([[27]]);
  });
});
