import { closeSync, existsSync, openSync, readSync } from "node:fs";
import { release } from "node:os";
import { haveBpfTarget } from "../compile/bpf-target.ts";
import { requireCacheFolder } from "../compile/cache-folder.ts";
import { requireLibbpfHeaders } from "../compile/prelude.ts";
import { findToolchain } from "../compile/toolchain.ts";
import { probeWalls } from "../confine/launcher.ts";
import { openAddon } from "../kernel/door/addon.ts";
import { readCapabilities } from "../kernel/machine/capabilities.ts";
import { readMachine } from "../kernel/machine/machine.ts";
import { haveOwnPids } from "../kernel/machine/pid-namespace.ts";
import { listMissingVmTools } from "../vm/vm-tools.ts";
import type { DoctorOutside } from "./doctor-row.ts";

const enoughBytes = 1 << 20;

/** Opens the real machine to the doctor. Nothing is looked at before a row asks. */
export function openDoctorOutside(environment: Readonly<Record<string, string | undefined>>): DoctorOutside {
  return {
    nodeVersion: process.versions.node,
    readsCertificates: Boolean(environment.NODE_EXTRA_CA_CERTS),
    release: release(),
    userId: process.getuid?.() ?? 0,
    haveOwnPids: haveOwnPids(),
    readText: readStart,
    exists: existsSync,
    findToolchain: () => findToolchain(environment),
    haveBpfTarget,
    probeWalls,
    requireLibbpfHeaders,
    openPort: openAddon,
    probeFeature: (feature) => feature.probe(openAddon()),
    readCapabilities,
    findConfig: (name) => readMachine().findConfig(name),
    openCache: () => requireCacheFolder(environment).path,
    listMissingVmTools,
  };
}

/** Reads the start of a file: /proc/kallsyms alone has a dozen megabytes. */
function readStart(path: string): string | undefined {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(path, "r");
    const buffer = Buffer.alloc(enoughBytes);
    let length = 0;
    // Files in /proc are read in pieces of at most a page.
    for (let read = 1; read > 0 && length < enoughBytes; length += read)
      read = readSync(descriptor, buffer, length, enoughBytes - length, null);
    return buffer.toString("utf8", 0, length);
  } catch {
    return undefined;
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}
