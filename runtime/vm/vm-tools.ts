import { accessSync, constants, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { ToolchainError } from "../base/errors.ts";

/** A program of this machine that virtual machines need. */
interface VmTool {
  readonly name: string;
  /** What Debian calls the package. */
  readonly package: string;
  /** Answers its path, or undefined. */
  find(folders: readonly string[]): string | undefined;
}

const qemu = "qemu-system-x86_64";

/** What must be there before a kernel is fetched or started: after 70 MB of download it is too late to ask for one more. */
const tools: readonly VmTool[] = [
  ...(
    [
      [qemu, "qemu-system-x86"],
      ["setpriv", "util-linux"],
      ["apt-get", "apt"],
      ["dpkg-deb", "dpkg"],
      ["depmod", "kmod"],
      ["xz", "xz-utils"],
      ["zstd", "zstd"],
    ] as const
  ).map(([name, owner]): VmTool => ({ name, package: owner, find: (folders) => findProgram(name, folders) })),
  { name: "busybox (static)", package: "busybox-static", find: findBusybox },
];

/** The tools that only fetching needs: a kernel of the user's own comes without them. */
const fetching = new Set(["apt-get", "dpkg-deb", "depmod"]);

/** The folders that a search looks in. depmod and friends lie in sbin, which a user's PATH often lacks. */
export function listToolFolders(): readonly string[] {
  const more = ["/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/bin", "/bin"];
  return [...(process.env["PATH"] ?? "").split(delimiter), ...more].filter(Boolean);
}

/** Lists what virtual machines lack here, as program and package. */
export function listMissingVmTools(
  folders = listToolFolders(),
): readonly { readonly name: string; readonly package: string }[] {
  return tools.filter((tool) => tool.find(folders) === undefined);
}

/**
 * Asks for all that a virtual machine needs.
 *
 * @throws ToolchainError that names everything that is missing, and how to install it
 */
export function requireVmTools(purpose: "fetch" | "boot", folders = listToolFolders()): void {
  const missing = listMissingVmTools(folders).filter(({ name }) => purpose === "fetch" || !fetching.has(name));
  if (missing.length === 0) return;
  const names = missing.map(({ name }) => `"${name}"`).join(", ");
  throw new ToolchainError(`Cannot start a virtual machine: ${names} ${missing.length === 1 ? "is" : "are"} missing`, {
    hint: `apt-get install ${missing.map((tool) => tool.package).join(" ")}`,
  });
}

/** Finds qemu. @throws ToolchainError when it, or something else that a start needs, is missing */
export function requireQemu(): string {
  requireVmTools("boot");
  return findProgram(qemu, listToolFolders())!;
}

function findProgram(name: string, folders: readonly string[]): string | undefined {
  return folders.map((folder) => join(folder, name)).find((path) => isAccessible(path, constants.X_OK));
}

/** Finds busybox, which must need no library: the guest's first file system has none. @throws ToolchainError when it is missing */
export function requireBusybox(): string {
  requireVmTools("boot");
  return findBusybox(listToolFolders())!;
}

function findBusybox(folders: readonly string[]): string | undefined {
  const paths = folders.flatMap((folder) => [join(folder, "busybox"), join(folder, "busybox.static")]);
  // An interpreter's path in the header's first page is what a dynamic program has and a static one has not.
  return paths.find(
    (path) => isAccessible(path, constants.R_OK) && !readFileSync(path).subarray(0, 4096).includes("/ld-"),
  );
}

function isAccessible(path: string, mode: number): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}
