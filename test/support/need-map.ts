import type { TestContext } from "vitest";
import type { KernelPort } from "../../runtime/kernel/door/port.ts";

/** Skips a test on a kernel older than a kind of map, and says which. Source: enum bpf_map_type. */
export function needMap(context: TestContext, port: KernelPort, type: number, name: string): void {
  if (port.probeMapType(type) !== 1) context.skip(`needs ${name}: this kernel has no such map`);
}
