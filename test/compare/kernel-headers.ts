import { cpSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { VmError } from "../../runtime/base/errors.ts";
import { openAptArchive } from "../../runtime/vm/apt-archive.ts";
import type { BootKernel } from "../../runtime/vm/kernel-store.ts";
import { requireKernelRows } from "../../runtime/vm/kernels.ts";
import { runCommand } from "../../runtime/vm/run-command.ts";
import type { VmFolder } from "../../runtime/vm/vm-folder.ts";

/** What BCC reads of a kernel's sources. */
const parts = ["include", "arch/x86/include"];

/**
 * Fetches the headers of a fetched kernel into the cache; nothing is installed. Debian has what depends on the architecture in one package and the
 * rest in another: here they lie in one folder, as BCC_KERNEL_SOURCE wants it.
 * @throws VmError
 */
export async function fetchKernelHeaders(folder: VmFolder, kernel: BootKernel): Promise<string> {
  const all = join(folder.path, "headers");
  const target = join(all, kernel.release);
  if (existsSync(join(target, parts[1]!))) return target;
  mkdirSync(all, { recursive: true });
  const work = mkdtempSync(join(all, `.${kernel.release}-`));
  try {
    const archive = await openAptArchive(requireKernelRows(kernel.name)[0]!.suites, join(work, "apt"));
    for (const name of [`${kernel.release.replace(/-amd64$/, "")}-common`, kernel.release]) {
      const file = await archive.downloadPackage(`linux-headers-${name}`, work);
      const answer = await runCommand("dpkg-deb", ["-x", file, join(work, "root")]);
      if (answer.status !== 0) throw new VmError(`Cannot unpack "${file}": ${answer.stderr.trim()}`);
      for (const part of parts) {
        const from = join(work, "root/usr/src", `linux-headers-${name}`, part);
        cpSync(from, join(work, "merged", part), { recursive: true, verbatimSymlinks: true });
      }
    }
    rmSync(target, { recursive: true, force: true });
    renameSync(join(work, "merged"), target);
    return target;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
