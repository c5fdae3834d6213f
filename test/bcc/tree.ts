import { execFile } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** BCC's Python tools, unpacked somewhere: nothing of them is installed. */
export interface ToolTree {
  readonly name: string;
  readonly version: string;
  /** Tool name (`opensnoop`, `lib/ugc`) to the path of its script. */
  readonly scripts: ReadonlyMap<string, string>;
  /** The folder of the real Python package `bcc`. */
  readonly pythonFolder: string;
  /** Files that the tools read from an installed place, and where they are here. */
  readonly dataFolder?: string;
}

/** $BPFTS_CACHE, or a folder below the user's cache. */
export function findCacheFolder(): string {
  const folder = process.env["BPFTS_CACHE"] ?? path.join(homedir(), ".cache", "bpfts");
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** Downloads Debian's packages once and unpacks them into the cache. */
export async function fetchDebianTree(): Promise<ToolTree> {
  const folder = path.join(findCacheFolder(), "bcc");
  const root = path.join(folder, "root");
  mkdirSync(folder, { recursive: true });
  const packages = ["bpfcc-tools", "python3-bpfcc"];
  const findPackage = (name: string): string | undefined =>
    readdirSync(folder).find((file) => file.startsWith(`${name}_`) && file.endsWith(".deb"));
  for (const name of packages.filter((name) => findPackage(name) === undefined)) {
    await run("apt-get", ["download", name], { cwd: folder }).catch(async () => {
      await run("apt-get", ["update"]);
      await run("apt-get", ["download", name], { cwd: folder });
    });
  }
  if (!existsSync(path.join(root, "usr", "sbin"))) {
    for (const name of packages) await run("dpkg", ["-x", path.join(folder, findPackage(name) ?? name), root]);
  }
  return readDebianTree(root, findPackage("bpfcc-tools") ?? "");
}

function readDebianTree(root: string, packageFile: string): ToolTree {
  const folder = path.join(root, "usr", "sbin");
  const scripts = new Map<string, string>();
  for (const file of readdirSync(folder)) {
    const script = path.join(folder, file);
    if (!readFileSync(script, "utf8").split("\n", 1)[0]?.includes("python")) continue;
    const tool = file.replace(/-bpfcc$/, "");
    scripts.set(tool.match(/^(ucalls|uflow|ugc|uobjnew|ustat|uthreads)$/) ? `lib/${tool}` : tool, script);
  }
  return {
    name: "debian",
    version: packageFile.split("_")[1] ?? "?",
    scripts,
    pythonFolder: path.join(root, "usr", "lib", "python3", "dist-packages", "bcc"),
    dataFolder: path.join(root, "usr", "share", "bpfcc-tools"),
  };
}

/** The tools of a BCC source folder. */
export function readSourceTree(folder: string): ToolTree {
  const scripts = new Map<string, string>();
  for (const prefix of ["", "lib/"]) {
    const toolFolder = path.join(folder, "tools", prefix);
    for (const file of readdirSync(toolFolder).filter((file) => file.endsWith(".py"))) {
      scripts.set(prefix + file.slice(0, -".py".length), path.join(toolFolder, file));
    }
  }
  return {
    name: "source",
    version: path.basename(folder),
    scripts,
    pythonFolder: path.join(folder, "src", "python", "bcc"),
  };
}
