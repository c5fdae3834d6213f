import { describe, expect, it } from "vitest";
import { UnsupportedFeatureError } from "../../../../runtime/base/errors.ts";
import { haveFeature, requireFeature } from "../../../../runtime/kernel/machine/features.ts";
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

  it("that is missing stops with what it needs and what to do instead", () => {
    const { port } = openFakeKernel({ probeProgramType: () => 0 });
    const attempt = (): void => requireFeature(port, "fentry", 'Cannot attach "on_open"');
    expect(attempt).toThrow(UnsupportedFeatureError);
    expect(attempt).toThrow(
      'Cannot attach "on_open": this kernel has no fentry and fexit programs (KFUNC_PROBE) (Linux 5.5 or later with CONFIG_FUNCTION_TRACER)',
    );
    expect(captureError(attempt)).toMatchObject({
      feature: "fentry",
      since: "5.5",
      hint: "use a kprobe or a tracepoint",
      exitCode: 3,
    });
  });

  it("that is there, or of which nothing is known, is let through", () => {
    for (const answer of [1, -1])
      requireFeature(openFakeKernel({ probeMapType: () => answer }).port, "ringbuf", "Cannot load");
  });
});

function captureError(action: () => void): unknown {
  try {
    return action();
  } catch (error) {
    return error;
  }
}
