import { release } from "node:os";
import { describe, expect, it } from "vitest";

describe("outcomes", () => {
  it("passes", () => expect(process.getuid?.()).toBe(0));
  it("fails", () => expect(release()).toBe("another kernel"));
  it("skips what the kernel lacks", (context) => context.skip("needs netkit: no such device"));
  it("skips what the kernel must have", (context) => context.skip("needs kprobe: none here"));
  it.skip("skips without a reason", () => {});
  it("is told what must be there", () => expect(process.env["BPFTS_REQUIRE"]).toBe("kprobe,btf"));
});
