#!/usr/bin/env node
/**
 * Writes `kernel-headers.txt`: the names of the kernel's own headers, for a word about mistyped ones. They are read from
 * a tree of the kernel's headers, such as the package linux-headers-*-common of Debian unpacks to (usr/src/linux-headers-*),
 * and from the installed ones, which have what only a build makes (linux/version.h, asm/unistd_64.h).
 *
 *     node bpf-headers/generate-headers.mjs FOLDER... /usr/include /usr/include/x86_64-linux-gnu
 */
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** What C for BPF includes: not the names of devices, boards and file formats. */
const roots = [
  "linux",
  "net",
  "asm",
  "asm-generic",
  "trace",
  "crypto",
  "vdso",
  "keys",
  "kvm",
  "scsi",
  "xen",
  "ras",
  "misc",
];

function listHeaders(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true }).filter(
    (name) => name.endsWith(".h") && roots.includes(name.split("/")[0]),
  );
}

const folders = process.argv.slice(2);
if (folders.length === 0) throw new Error("usage: node bpf-headers/generate-headers.mjs FOLDER...");
const parts = [
  "",
  "include",
  "include/uapi",
  ...["x86", "arm64"].flatMap((arch) => [`arch/${arch}/include`, `arch/${arch}/include/uapi`]),
];
const names = new Set(folders.flatMap((folder) => parts.flatMap((part) => listHeaders(join(folder, part)))));
writeFileSync(
  new URL("kernel-headers.txt", import.meta.url),
  `# Made by bpf-headers/generate-headers.mjs: do not edit.\n${[...names].sort().join("\n")}\n`,
);
