import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { ToolchainError } from "../../../runtime/base/errors.ts";
import { listMissingVmTools, requireVmTools } from "../../../runtime/vm/vm-tools.ts";

const folder = mkdtempSync(join(tmpdir(), "bpfts-tools-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** A folder that has the given programs. */
function makeFolder(name: string, programs: Readonly<Record<string, string>>): string {
  mkdirSync(join(folder, name));
  for (const [program, text] of Object.entries(programs))
    writeFileSync(join(folder, name, program), text, { mode: 0o755 });
  return join(folder, name);
}

function findHint(act: () => void): readonly string[] {
  try {
    act();
  } catch (error) {
    if (error instanceof ToolchainError) return [error.message, error.hint ?? ""];
    throw error;
  }
  return [];
}

const names = ["qemu-system-x86_64", "setpriv", "apt-get", "dpkg-deb", "depmod", "xz", "zstd", "busybox"];
const whole = Object.fromEntries(names.map((name) => [name, ""]));

describe("what virtual machines need", () => {
  it("is asked for as a whole, before a kernel is fetched", () => {
    expect(findHint(() => requireVmTools("fetch", []))).toEqual([
      'Cannot start a virtual machine: "qemu-system-x86_64", "setpriv", "apt-get", "dpkg-deb", "depmod", "xz", "zstd", "busybox (static)" are missing',
      "apt-get install qemu-system-x86 util-linux apt dpkg kmod xz-utils zstd busybox-static",
    ]);
    expect(findHint(() => requireVmTools("fetch", [makeFolder("whole", whole)]))).toEqual([]);
  });

  it("is less for a kernel of the user's own", () => {
    const { depmod: _depmod, "apt-get": _apt, ...rest } = whole;
    const place = makeFolder("own", rest);
    expect(findHint(() => requireVmTools("boot", [place]))).toEqual([]);
    expect(findHint(() => requireVmTools("fetch", [place]))).toEqual([
      'Cannot start a virtual machine: "apt-get", "depmod" are missing',
      "apt-get install apt kmod",
    ]);
  });

  it("is a busybox that needs no library", () => {
    const place = makeFolder("dynamic", { ...whole, busybox: "\x7fELF /lib64/ld-linux-x86-64.so.2" });
    expect(listMissingVmTools([place])).toEqual([expect.objectContaining({ package: "busybox-static" })]);
  });
});
