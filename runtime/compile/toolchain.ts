import { accessSync, constants, realpathSync } from "node:fs";
import { resolve } from "node:path";
import { ToolchainError } from "../base/errors.ts";
import { listFolder } from "../base/list-folder.ts";
import { runConfined } from "../confine/confine.ts";
import { describeInstalled } from "../confine/installed-program.ts";
import { requireLauncher } from "../confine/launcher.ts";
import { describeInput } from "./input-state.ts";

/** The clang that a run uses. Found once and passed on. */
export interface Toolchain {
  /** Its absolute path. */
  readonly clang: string;
  /** The same without links. */
  readonly path: string;
  /** Major version. */
  readonly version: number;
  /** Changes when the binary behind the path does; part of every cache key. */
  readonly identity: string;
  /** Becomes readable when a signal asks for the end: a clang that runs is ended then. */
  readonly stopFd?: number;
}

/** The oldest clang whose bpf back end has what the headers need (BTF, CO-RE). */
export const oldestClang = 12;

const installHint = "install it: apt-get install clang (or set BPFTS_CLANG to a clang with the bpf target)";

/**
 * Finds the newest clang on the path, `clang` and `clang-NN` alike, without
 * starting any of them when the version shows in a name.
 *
 * @throws ToolchainError when there is none, or only ones that are too old.
 */
export function findToolchain(environment: Readonly<Record<string, string | undefined>>): Toolchain {
  const chosen = environment["BPFTS_CLANG"];
  if (chosen) {
    const clang = findProgram(chosen, environment);
    const version = clang === undefined ? undefined : readVersion(clang);
    if (clang === undefined || version === undefined)
      throw new ToolchainError(`Cannot run the clang that BPFTS_CLANG names: "${chosen}"`, { hint: installHint });
    return describeToolchain(clang, version);
  }
  const found = listClangs(environment).sort((a, b) => b.version - a.version);
  const best = found[0];
  if (best === undefined) throw new ToolchainError("Cannot find clang on the PATH", { hint: installHint });
  if (best.version < oldestClang) {
    throw new ToolchainError(
      `clang ${best.version} at "${best.clang}" is too old: version ${oldestClang} or newer is needed`,
      { hint: installHint },
    );
  }
  return describeToolchain(best.clang, best.version);
}

/** The clang that the user names, by its own path; undefined when none is named or there is none of that name. */
export function findNamedClang(environment: Readonly<Record<string, string | undefined>>): string | undefined {
  const chosen = environment["BPFTS_CLANG"];
  const clang = chosen ? findProgram(chosen, environment) : undefined;
  return clang !== undefined && isExecutable(clang) ? resolveLink(clang) : undefined;
}

/** Lists every clang on the path with its major version, one entry for each name. */
export function listClangs(
  environment: Readonly<Record<string, string | undefined>>,
): { clang: string; version: number }[] {
  const found: { clang: string; version: number }[] = [];
  for (const directory of (environment["PATH"] ?? "").split(":")) {
    if (directory === "") continue;
    for (const name of listNames(directory)) {
      const clang = resolve(directory, name);
      const version = findVersionInName(name) ?? findVersionInName(resolveLink(clang)) ?? readVersion(clang);
      if (version !== undefined && isExecutable(clang)) found.push({ clang, version });
    }
  }
  return found;
}

function describeToolchain(clang: string, version: number): Toolchain {
  const path = resolveLink(clang);
  return { clang, path, version, identity: `${path} ${describeInput(path)}` };
}

function listNames(directory: string): string[] {
  return listFolder(directory).filter((name) => /^clang(-\d+)?$/.test(name));
}

/** `clang-19` and `/usr/lib/llvm-19/bin/clang` both tell their version. */
function findVersionInName(name: string): number | undefined {
  const match = /(?:^|\/)clang-(\d+)$|\/llvm-(\d+)\//.exec(name);
  return match === null ? undefined : Number(match[1] ?? match[2]);
}

/** A program by its path, or by a name that the PATH has, as a shell takes it. */
function findProgram(name: string, environment: Readonly<Record<string, string | undefined>>): string | undefined {
  if (name.includes("/")) return resolve(name);
  const folders = (environment["PATH"] ?? "").split(":").filter((folder) => folder !== "");
  return folders.map((folder) => resolve(folder, name)).find(isExecutable);
}

function readVersion(clang: string): number | undefined {
  requireLauncher();
  try {
    const { stdout } = runConfined({ argv: [clang, "--version"], ...describeInstalled(clang) });
    const match = /version (\d+)\./.exec(stdout.toString("utf8"));
    return match === null ? undefined : Number(match[1]);
  } catch (error) {
    // It is there and does not start.
    if (error instanceof ToolchainError) return undefined;
    throw error;
  }
}

function resolveLink(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
