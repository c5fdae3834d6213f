/** One entry of an initramfs. Parents come before what they hold. */
export type CpioEntry =
  | { readonly path: string; readonly kind: "folder" }
  | { readonly path: string; readonly kind: "file"; readonly body: Uint8Array; readonly isExecutable?: boolean }
  | { readonly path: string; readonly kind: "link"; readonly target: string }
  | { readonly path: string; readonly kind: "device"; readonly major: number; readonly minor: number };

/**
 * Encodes entries as a cpio archive, owned by root. Written here because `cpio` can store a device node only when it finds one,
 * which takes root to make.
 * Source: Documentation/driver-api/early-userspace/buffer-format.rst.
 */
export function encodeCpio(entries: readonly CpioEntry[]): Buffer {
  const parts: Buffer[] = [];
  entries.forEach((entry, index) => parts.push(...encodeEntry(entry, index + 1)));
  parts.push(...encodeEntry({ path: "TRAILER!!!", kind: "file", body: new Uint8Array(0) }, 0));
  return Buffer.concat(parts);
}

function encodeEntry(entry: CpioEntry, inode: number): Buffer[] {
  const body =
    entry.kind === "file"
      ? Buffer.from(entry.body)
      : entry.kind === "link"
        ? Buffer.from(entry.target)
        : Buffer.alloc(0);
  const name = Buffer.from(`${entry.path}\0`);
  const device = entry.kind === "device" ? [entry.major, entry.minor] : [0, 0];
  const fields = [inode, readMode(entry), 0, 0, 1, 0, body.length, 0, 0, ...device, name.length, 0];
  const header = Buffer.from(`070701${fields.map((field) => field.toString(16).padStart(8, "0")).join("")}`);
  return [header, name, padTo4(header.length + name.length), body, padTo4(body.length)];
}

function readMode(entry: CpioEntry): number {
  switch (entry.kind) {
    case "folder":
      return 0o040755;
    case "file":
      return entry.isExecutable ? 0o100755 : 0o100644;
    case "link":
      return 0o120777;
    case "device":
      return 0o020600;
  }
}

function padTo4(length: number): Buffer {
  return Buffer.alloc((4 - (length % 4)) % 4);
}
