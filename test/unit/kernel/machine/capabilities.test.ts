import { describe, expect, it } from "vitest";
import { isInUserNamespace, readCapabilities } from "../../../../runtime/kernel/machine/capabilities.ts";
import { readLockdown } from "../../../../runtime/kernel/machine/machine.ts";
import { openFakeFiles } from "../../../support/fake-files.ts";

describe("what this process may do", () => {
  it("is told by the bits of its effective set", () => {
    const files = openFakeFiles({ "/proc/self/status": "CapPrm:\tffffffffffffffff\nCapEff:\t000000c000201000\n" });
    expect([...readCapabilities(files)]).toEqual(["CAP_NET_ADMIN", "CAP_SYS_ADMIN", "CAP_PERFMON", "CAP_BPF"]);
    expect(readCapabilities(openFakeFiles({ "/proc/self/status": "CapEff:\t0000000000000000\n" })).size).toBe(0);
  });

  it.each([
    ["         0          0 4294967295\n", false],
    ["         0       1000          1\n", true],
    ["         0          0      65536\n", true],
  ])("is little in a user namespace: %j", (text, inside) => {
    expect(isInUserNamespace(openFakeFiles({ "/proc/self/uid_map": text }))).toBe(inside);
  });

  it.each([
    ["[none] integrity confidentiality\n", "none"],
    ["none [integrity] confidentiality\n", "integrity"],
    ["none integrity [confidentiality]\n", "confidentiality"],
  ])("is limited by lockdown: %j", (text, mode) => {
    expect(readLockdown(openFakeFiles({ "/sys/kernel/security/lockdown": text }))).toBe(mode);
  });

  it("says nothing of lockdown where the kernel has none", () => {
    expect(readLockdown(openFakeFiles({}))).toBeUndefined();
  });
});
