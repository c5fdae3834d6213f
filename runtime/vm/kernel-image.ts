import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { runCommand } from "./run-command.ts";
import type { VmFolder } from "./vm-folder.ts";

/** How a kernel is packed into its image, by the first bytes. Source: scripts/extract-vmlinux in the kernel's tree does the same by searching. */
const packings: readonly { readonly magic: Buffer; unpack(body: Buffer): Promise<Buffer | undefined> }[] = [
  { magic: Buffer.from("fd377a585a00", "hex"), unpack: (body) => unpackWith("xz", ["-dc", "--single-stream"], body) },
  { magic: Buffer.from("28b52ffd", "hex"), unpack: (body) => unpackWith("zstd", ["-dcq"], body) },
  { magic: Buffer.from("1f8b08", "hex"), unpack: (body) => Promise.resolve(gunzipSync(body)) },
];

/**
 * Unpacks a kernel here, once, instead of in every guest: under emulation the kernel takes longer to unpack itself than to
 * boot. qemu starts an ELF kernel through its PVH entry; such a kernel does not move its own addresses (no KASLR).
 * Answers the image itself when it cannot be unpacked or has no such entry.
 */
export async function prepareKernelImage(folder: VmFolder, vmlinuz: string): Promise<string> {
  const { size, mtimeMs } = statSync(vmlinuz);
  const key = createHash("sha256")
    .update(JSON.stringify([vmlinuz, size, mtimeMs]))
    .digest("hex")
    .slice(0, 24);
  const target = join(folder.path, "images", `${key}.elf`);
  if (existsSync(target)) return target;
  try {
    const image = await unpackKernel(readFileSync(vmlinuz));
    if (image === undefined || !hasPvhEntry(image)) return vmlinuz;
    mkdirSync(join(folder.path, "images"), { recursive: true });
    const temporary = `${target}.${process.pid}.tmp`;
    writeFileSync(temporary, image);
    renameSync(temporary, target);
    return target;
  } catch {
    // Slower, but it boots.
    return vmlinuz;
  }
}

/** Source: Documentation/arch/x86/boot.rst, payload_offset at 0x248 and payload_length at 0x24c; the payload ends with its unpacked size. */
async function unpackKernel(image: Buffer): Promise<Buffer | undefined> {
  const start = ((image[0x1f1] || 4) + 1) * 512 + image.readUInt32LE(0x248);
  const payload = image.subarray(start, start + image.readUInt32LE(0x24c));
  const packing = packings.find(({ magic }) => payload.subarray(0, magic.length).equals(magic));
  const unpacked = await packing?.unpack(payload.subarray(0, -4));
  return unpacked?.length === payload.readUInt32LE(payload.length - 4) ? unpacked : undefined;
}

async function unpackWith(command: string, args: readonly string[], body: Buffer): Promise<Buffer | undefined> {
  const answer = await runCommand(command, args, { input: body });
  return answer.status === 0 ? answer.stdout : undefined;
}

/** Whether an ELF note tells the PVH entry. Source: include/xen/interface/elfnote.h, XEN_ELFNOTE_PHYS32_ENTRY is 18. */
function hasPvhEntry(image: Buffer): boolean {
  const note = Buffer.alloc(16);
  note.writeUInt32LE(4, 0);
  note.writeUInt32LE(18, 8);
  note.write("Xen\0", 12);
  return [4, 8].some((descriptorSize) => {
    note.writeUInt32LE(descriptorSize, 4);
    return image.includes(note);
  });
}
