import type { TestContext } from "vitest";
import { findFeature, haveFeature, type FeatureName } from "../../runtime/kernel/machine/features.ts";
import type { KernelPort } from "../../runtime/kernel/door/port.ts";

/**
 * Skips a test on a kernel that lacks a feature, and says which. Where `BPFTS_REQUIRE` names the feature it must be there:
 * then the test goes on and fails by itself.
 */
export function needFeature(context: TestContext, port: KernelPort, name: FeatureName): void {
  if ((process.env["BPFTS_REQUIRE"] ?? "").split(",").includes(name)) return;
  if (haveFeature(port, name) === false) context.skip(`needs ${name}: this kernel has no ${findFeature(name)!.title}`);
}
