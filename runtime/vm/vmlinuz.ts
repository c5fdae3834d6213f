import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { VmError } from "../base/errors.ts";

/**
 * Reads the release (`uname -r`) out of a kernel image and checks that the image is whole, which qemu does not.
 * Source: Documentation/arch/x86/boot.rst: setup_sects at 0x1f1, syssize at 0x1f4, "HdrS" at 0x202, kernel_version at 0x20e.
 * @throws VmError when the file is no kernel image, or cut off
 */
export function readKernelRelease(path: string): string {
  const header = Buffer.alloc(0x8000);
  let sizeBytes: number;
  try {
    const file = openSync(path, "r");
    try {
      readSync(file, header, 0, header.length, 0);
      sizeBytes = fstatSync(file).size;
    } finally {
      closeSync(file);
    }
  } catch (cause) {
    throw new VmError(
      `Cannot read the kernel image "${path}": ${(cause as NodeJS.ErrnoException).code ?? String(cause)}`,
      { cause },
    );
  }
  if (header.toString("latin1", 0x202, 0x206) !== "HdrS") {
    throw new VmError(`"${path}" is not a kernel image for x86_64 (no boot header)`, {
      hint: "it should be a bzImage, as in /boot/vmlinuz-*; an uncompressed vmlinux cannot be booted",
    });
  }
  const setupSectors = header[0x1f1] || 4;
  const wantedBytes = (setupSectors + 1) * 512 + header.readUInt32LE(0x1f4) * 16;
  if (sizeBytes < wantedBytes) {
    throw new VmError(`The kernel image "${path}" is cut off: it has ${sizeBytes} bytes of ${wantedBytes}`, {
      hint: "copy it again, or remove it and fetch it again: bpfts vm clean",
    });
  }
  const start = header.readUInt16LE(0x20e) + 0x200;
  const end = header.indexOf(0, start);
  return header.toString("latin1", start, end).split(" ")[0] ?? "";
}
