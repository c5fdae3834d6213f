import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { encodeCpio } from "../../../runtime/vm/cpio-archive.ts";
import { kernelRows, requireKernelRows } from "../../../runtime/vm/kernels.ts";
import { renderQemuArguments } from "../../../runtime/vm/qemu-command.ts";
import { readKernelRelease } from "../../../runtime/vm/vmlinuz.ts";

const folder = mkdtempSync(join(tmpdir(), "bpfts-boot-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** A boot header as a kernel has it, with nothing behind it. */
function makeImage(sizeBytes: number): string {
  const image = Buffer.alloc(sizeBytes);
  image[0x1f1] = 1;
  image.writeUInt32LE(64, 0x1f4);
  image.write("HdrS", 0x202);
  image.writeUInt16LE(0x100, 0x20e);
  image.write("6.1.0-9-amd64 (somebody@somewhere) #1\0", 0x300);
  const path = join(folder, `vmlinuz-${sizeBytes}`);
  writeFileSync(path, image);
  return path;
}

describe("kernel images", () => {
  it("tell their release", () => {
    expect(readKernelRelease(makeImage(2048))).toBe("6.1.0-9-amd64");
  });

  it("that are cut off are named with their sizes", () => {
    expect(() => readKernelRelease(makeImage(1600))).toThrow(/is cut off: it has 1600 bytes of 2048/);
  });

  it("that are none are refused, as is what cannot be read", () => {
    const path = join(folder, "text");
    writeFileSync(path, "no kernel");
    expect(() => readKernelRelease(path)).toThrow(/is not a kernel image/);
    expect(() => readKernelRelease(join(folder, "absent"))).toThrow(/ENOENT/);
  });
});

describe("the initramfs", () => {
  it("is an archive that cpio reads, with modes, links and devices", () => {
    const archive = encodeCpio([
      { path: "bin", kind: "folder" },
      { path: "bin/tool", kind: "file", body: Buffer.from("12345"), isExecutable: true },
      { path: "bin/sh", kind: "link", target: "tool" },
      { path: "console", kind: "device", major: 5, minor: 1 },
    ]);
    const listed = spawnSync("cpio", ["-tv", "--quiet"], { input: archive, encoding: "utf8" });
    const lines = listed.stdout
      .trimEnd()
      .split("\n")
      .map((line) => line.replace(/ +/g, " "));
    expect(lines.map((line) => line.split(" ")[0])).toEqual(["drwxr-xr-x", "-rwxr-xr-x", "lrwxrwxrwx", "crw-------"]);
    expect(lines[1]).toMatch(/ 5 .* bin\/tool$/);
    expect(lines[2]).toMatch(/bin\/sh -> tool$/);
  });
});

describe("qemu's arguments", () => {
  it("double the commas of a folder's name, and share only the root read-only", () => {
    const args = renderQemuArguments({
      kernelImage: "k",
      initramfs: "i",
      accelerator: "tcg",
      memoryMb: 512,
      cpus: 1,
      shares: [
        { path: "/a,b", hasOwnOwners: false },
        { path: "/c", hasOwnOwners: true },
      ],
      append: ["word"],
      scratch: "50%",
    });
    const shared = args.filter((arg) => arg.startsWith("local,"));
    expect(shared).toEqual([
      "local,id=root,path=/,multidevs=remap,security_model=none,readonly=on",
      "local,id=share0,path=/a,,b,multidevs=remap,security_model=none",
      "local,id=share1,path=/c,multidevs=remap,security_model=mapped-xattr",
    ]);
    expect(args[args.indexOf("-append") + 1]).toMatch(/ bpfts\.scratch=50% word$/);
  });
});

describe("the table of kernels", () => {
  it("is asked by name, and knows what was meant", () => {
    expect(requireKernelRows("6.1").map(({ name }) => name)).toEqual(["6.1"]);
    expect(requireKernelRows("all")).toEqual(kernelRows);
    expect(() => requireKernelRows("6.13")).toThrow('No kernel is called "6.13"');
  });

  it("takes plain kernels only, none for clouds, real time or backports", () => {
    const names = [
      "linux-image-6.1.0-56-amd64",
      "linux-image-6.1.0-56-cloud-amd64",
      "linux-image-6.1.0-56-rt-amd64",
      "linux-image-6.1.0-0.deb11.52-amd64",
      "linux-image-6.12.117+deb12-amd64",
      "linux-image-6.12.117+deb12-rt-amd64",
    ];
    const take = (kernel: string): string[] =>
      names.filter((name) => requireKernelRows(kernel)[0]!.packages[0]!.test(name));
    expect(take("6.1")).toEqual(["linux-image-6.1.0-56-amd64"]);
    expect(take("6.12")).toEqual(["linux-image-6.12.117+deb12-amd64"]);
  });
});
