import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { VmError } from "../base/errors.ts";
import type { CpioEntry } from "./cpio-archive.ts";
import { encodeCpio } from "./cpio-archive.ts";
import { agentScript, initScript } from "./guest-scripts.ts";
import { bootModules, orderModules, readModule, readModuleIndex } from "./kernel-modules.ts";
import type { BootKernel } from "./kernel-store.ts";
import type { VmFolder } from "./vm-folder.ts";
import { requireBusybox } from "./vm-tools.ts";

/** Busybox's commands that the initramfs's script calls by name. */
const applets = ["sh", "cat", "cp", "insmod", "mkdir", "mount", "reboot", "switch_root"];

/**
 * Answers the initramfs for a kernel with some modules, from the cache when it has been made before.
 * @throws VmError, ToolchainError when busybox or an unpacker is missing
 */
export async function prepareInitramfs(
  folder: VmFolder,
  kernel: BootKernel,
  extraModules: readonly string[],
): Promise<string> {
  const busybox = requireBusybox();
  const modules = kernel.modules === undefined ? undefined : await readModuleIndex(kernel.modules);
  const files = modules === undefined ? [] : orderModules(modules, [...bootModules, ...extraModules]);
  const stamp = statSync(busybox);
  const key = createHash("sha256")
    .update(
      JSON.stringify([
        initScript,
        agentScript,
        kernel.release,
        files,
        stamp.size,
        stamp.mtimeMs,
        files.map((file) => statSync(join(modules!.folder, file)).mtimeMs),
      ]),
    )
    .digest("hex");
  const target = join(folder.path, "initramfs", `${kernel.release}-${key.slice(0, 16)}.cpio`);
  if (existsSync(target)) return target;

  const loadable = await Promise.all(files.map((file) => readModule(modules!, file)));
  const entries: CpioEntry[] = [
    ...["bin", "dev", "proc", "lower", "over", "root", "modules"].map((path) => ({ path, kind: "folder" }) as const),
    // The kernel opens it for /init before anything is mounted.
    { path: "dev/console", kind: "device", major: 5, minor: 1 },
    { path: "bin/busybox", kind: "file", body: readFileSync(busybox), isExecutable: true },
    ...applets.map((name) => ({ path: `bin/${name}`, kind: "link", target: "busybox" }) as const),
    ...loadable.map((module) => ({ path: `modules/${module.name}`, kind: "file", body: module.body }) as const),
    { path: "modules/order", kind: "file", body: Buffer.from(loadable.map((module) => `${module.name}\n`).join("")) },
    { path: "agent", kind: "file", body: Buffer.from(agentScript) },
    { path: "init", kind: "file", body: Buffer.from(initScript), isExecutable: true },
  ];
  try {
    mkdirSync(join(folder.path, "initramfs"), { recursive: true });
    const temporary = `${target}.${process.pid}.tmp`;
    writeFileSync(temporary, encodeCpio(entries));
    renameSync(temporary, target);
  } catch (cause) {
    throw new VmError(`Cannot write "${target}": ${(cause as NodeJS.ErrnoException).code ?? String(cause)}`, {
      cause,
      hint: "set BPFTS_CACHE to a folder that this user can write to",
    });
  }
  return target;
}
