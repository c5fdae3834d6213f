import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { listFolder } from "../base/list-folder.ts";
import { VmError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import { openAptArchive } from "./apt-archive.ts";
import type { KernelRow } from "./kernels.ts";
import { runCommand } from "./run-command.ts";
import type { VmFolder } from "./vm-folder.ts";
import { requireVmTools } from "./vm-tools.ts";
import { readKernelRelease } from "./vmlinuz.ts";

/** A kernel that can be booted. */
export interface BootKernel {
  /** The name for messages: a row's name, or the image's path. */
  readonly name: string;
  /** What `uname -r` will say. */
  readonly release: string;
  readonly vmlinuz: string;
  /** `lib/modules/RELEASE`; without it all that the guest needs must be built in. */
  readonly modules?: string;
  /** The kernel's `.config`, shown to the guest as /boot/config-RELEASE. */
  readonly config?: string;
}

/** Finds a fetched kernel, undefined when it is not in the cache. */
export function findFetchedKernel(folder: VmFolder, row: KernelRow): BootKernel | undefined {
  return findUnpacked(join(folder.path, "kernels", row.name), row.name);
}

/**
 * Downloads a kernel's packages and unpacks them into the cache; nothing is installed. A kernel that is there is left alone.
 * @throws ToolchainError before it downloads anything, when something is missing that fetching or starting needs
 * @throws VmError
 */
export async function fetchKernel(folder: VmFolder, row: KernelRow, log: Log): Promise<BootKernel> {
  const there = findFetchedKernel(folder, row);
  if (there !== undefined) return there;
  requireVmTools("fetch");
  const kernels = join(folder.path, "kernels");
  mkdirSync(kernels, { recursive: true });
  // The name of its own lets two fetches race; the rename at the end makes the kernel appear whole or not at all.
  const work = mkdtempSync(join(kernels, `.${row.name}-`));
  try {
    log.warn(`kernel ${row.name} is not in the cache: fetching it from the distribution (70 MB or more)`);
    log.progress?.(`reading the package lists of ${row.suites.join(" and ")}`);
    const archive = await openAptArchive(row.suites, join(work, "apt"));
    const packages = await Promise.all(row.packages.map((pattern) => archive.findPackages(pattern)));
    const release = findNewestRelease(row.packages, packages);
    if (release === undefined)
      throw new VmError(`The suites ${row.suites.join(" and ")} have no package for kernel ${row.name}`, {
        hint: "the mirror may have dropped it; give a kernel with --vmlinuz",
      });
    for (const [at, names] of packages.entries()) {
      const name = names.find((candidate) => row.packages[at]!.exec(candidate)?.[1] === release)!;
      log.info(`fetching ${name}`);
      const file = await archive.downloadPackage(name, work, (bytes, total) =>
        log.progress?.(`fetching ${name}: ${toMegabytes(bytes)} of ${toMegabytes(total)} MB`),
      );
      log.progress?.(`unpacking ${name}`);
      await unpackPackage(file, join(work, "root"));
    }
    rmSync(join(work, "apt"), { recursive: true, force: true });
    const unpacked = findUnpacked(work, row.name);
    if (unpacked === undefined) throw new VmError(`The packages of kernel ${row.name} hold no kernel image`);
    if (unpacked.modules !== undefined) await indexModules(join(work, "root"), unpacked);
    const target = join(kernels, row.name);
    try {
      renameSync(work, target);
    } catch {
      // Somebody else was first: theirs is as good.
    }
    const fetched = findUnpacked(target, row.name);
    if (fetched === undefined)
      throw new VmError(`Cannot put kernel ${row.name} into "${target}"`, {
        hint: `remove what stands there: bpfts vm clean ${row.name}`,
      });
    return fetched;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOSPC")
      throw new VmError(`No space left for kernel ${row.name} in "${kernels}"`, {
        cause: error,
        hint: "it takes about 500 MB; set BPFTS_CACHE to a folder with more space",
      });
    throw error;
  } finally {
    log.progress?.(undefined);
    rmSync(work, { recursive: true, force: true });
  }
}

function toMegabytes(bytes: number): number {
  return Math.round(bytes / 1e6);
}

/** Describes a kernel image of the user's; its modules are looked for around it and on this machine. @throws VmError */
export function describeOwnKernel(vmlinuz: string): BootKernel {
  const release = readKernelRelease(vmlinuz);
  const folder = dirname(vmlinuz);
  const places = [
    folder,
    join(folder, "lib/modules", release),
    join(folder, "../lib/modules", release),
    join("/lib/modules", release),
  ];
  const modules = places.find((place) => existsSync(join(place, "modules.dep")));
  const config = [join(folder, `config-${release}`), join(folder, "config")].find(existsSync);
  return {
    name: vmlinuz,
    release,
    vmlinuz,
    ...(modules === undefined ? {} : { modules }),
    ...(config === undefined ? {} : { config }),
  };
}

/** Removes fetched kernels, all or those named, and everything made from them. Answers the names of what was there. */
export function removeKernels(folder: VmFolder, rows: readonly KernelRow[] | undefined): string[] {
  if (rows === undefined) {
    const names = listFolder(join(folder.path, "kernels")).filter((name) => !name.startsWith("."));
    rmSync(folder.path, { recursive: true, force: true });
    return names;
  }
  const there = rows.filter((row) => findFetchedKernel(folder, row) !== undefined);
  for (const row of rows) rmSync(join(folder.path, "kernels", row.name), { recursive: true, force: true });
  return there.map((row) => row.name);
}

async function unpackPackage(file: string, target: string): Promise<void> {
  const answer = await runCommand("dpkg-deb", ["-x", file, target]);
  rmSync(file, { force: true });
  if (answer.status === 0) return;
  if (/No space left/.test(answer.stderr))
    throw new VmError(`No space left to unpack a kernel in "${target}"`, {
      hint: "it takes about 500 MB; set BPFTS_CACHE to a folder with more space",
    });
  throw new VmError(`Cannot unpack "${file}": ${answer.stderr.trim().split("\n")[0] ?? `status ${answer.status}`}`);
}

async function indexModules(root: string, kernel: BootKernel): Promise<void> {
  const base = kernel.modules!.includes("/usr/lib/modules/") ? join(root, "usr") : root;
  const answer = await runCommand("depmod", ["-b", base, kernel.release]);
  if (answer.status !== 0)
    throw new VmError(
      `Cannot index the modules of kernel ${kernel.name}: ${answer.stderr.trim().split("\n")[0] ?? ""}`,
      { hint: "apt-get install kmod" },
    );
}

/** Where packages put things: `/boot` and `/lib` for a long time, all under `/usr/lib/modules` in new ones. */
function findUnpacked(folder: string, name: string): BootKernel | undefined {
  const root = join(folder, "root");
  const boot = join(root, "boot");
  const image = listFolder(boot).find((file) => file.startsWith("vmlinuz-"));
  const release = image?.slice("vmlinuz-".length) ?? listFolder(join(root, "usr/lib/modules"))[0];
  if (release === undefined) return undefined;
  const modules = [join(root, "lib/modules", release), join(root, "usr/lib/modules", release)].find(
    (place) => listFolder(place).length > 0,
  );
  const vmlinuz = [join(boot, `vmlinuz-${release}`), ...(modules === undefined ? [] : [join(modules, "vmlinuz")])].find(
    existsSync,
  );
  if (vmlinuz === undefined) return undefined;
  const config = [join(boot, `config-${release}`), ...(modules === undefined ? [] : [join(modules, "config")])].find(
    existsSync,
  );
  return {
    name,
    release,
    vmlinuz,
    ...(modules === undefined ? {} : { modules }),
    ...(config === undefined ? {} : { config }),
  };
}

function findNewestRelease(patterns: readonly RegExp[], packages: readonly (readonly string[])[]): string | undefined {
  const releases = patterns.map((pattern, at) => new Set(packages[at]!.map((name) => pattern.exec(name)?.[1] ?? "")));
  const shared = [...(releases[0] ?? [])].filter((release) => releases.every((set) => set.has(release)));
  return shared.sort((a, b) => a.localeCompare(b, "en", { numeric: true })).at(-1);
}
