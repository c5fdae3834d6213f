import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { VmError } from "../base/errors.ts";
import { runCommand } from "./run-command.ts";

/** The modules that a kernel can load, from `modules.dep` and `modules.builtin`. */
export interface ModuleIndex {
  /** The folder `lib/modules/RELEASE`. */
  readonly folder: string;
  /** By name with underscores: the file, and the files that it needs, the deepest last. */
  readonly files: ReadonlyMap<string, readonly string[]>;
  readonly builtin: ReadonlySet<string>;
}

/** A module with its bytes unpacked, ready for insmod. */
export interface LoadableModule {
  readonly name: string;
  readonly body: Buffer;
}

/** What a guest needs to reach its disk and its ports; a kernel that has them built in needs no file. */
export const bootModules: readonly string[] = ["virtio_pci", "9pnet_virtio", "9p", "overlay", "virtio_console"];

/** Reads a modules folder. @throws VmError */
export async function readModuleIndex(folder: string): Promise<ModuleIndex> {
  const dependencies = readText(join(folder, "modules.dep"));
  if (dependencies === undefined)
    throw new VmError(`Cannot read the module index "${join(folder, "modules.dep")}"`, {
      hint: "make it with depmod, or fetch the kernel again: bpfts vm clean",
    });
  const builtin = readText(join(folder, "modules.builtin")) ?? "";
  return {
    folder,
    files: parseModulesDep(dependencies),
    builtin: new Set(builtin.split("\n").filter(Boolean).map(nameModule)),
  };
}

/** Parses `modules.dep`. Source: modules.dep(5). */
export function parseModulesDep(text: string): Map<string, readonly string[]> {
  const files = new Map<string, readonly string[]>();
  for (const line of text.split("\n")) {
    const colon = line.indexOf(":");
    if (colon < 0) continue;
    const path = line.slice(0, colon);
    files.set(nameModule(path), [
      path,
      ...line
        .slice(colon + 1)
        .split(" ")
        .filter(Boolean),
    ]);
  }
  return files;
}

/** The files to load for some modules, each after what it needs, each once. @throws VmError for a name that the kernel does not have */
export function orderModules(index: ModuleIndex, names: readonly string[]): string[] {
  const ordered = new Set<string>();
  for (const name of names) {
    const plain = nameModule(name);
    const files = index.files.get(plain);
    if (files === undefined) {
      if (index.builtin.has(plain)) continue;
      throw new VmError(`The kernel has no module "${name}"`, { hint: `its modules stand in "${index.folder}"` });
    }
    for (const file of [...files].reverse()) ordered.add(file);
  }
  return [...ordered];
}

/** Reads a module and unpacks it. @throws VmError when the unpacker is missing */
export async function readModule(index: ModuleIndex, file: string): Promise<LoadableModule> {
  const packed = readFileSync(join(index.folder, file));
  const unpacker = unpackers[/\.ko(\.\w+)?$/.exec(file)?.[1] ?? ""];
  const name = `${nameModule(file)}.ko`;
  if (unpacker === undefined) return { name, body: packed };
  const answer = await runCommand(unpacker, ["-dc"], { input: packed });
  if (answer.status !== 0) {
    throw new VmError(
      `Cannot unpack the module "${file}" with ${unpacker}: ${answer.stderr.trim().split("\n")[0] ?? ""}`,
      { hint: `apt-get install ${unpacker === "xz" ? "xz-utils" : unpacker}` },
    );
  }
  return { name, body: answer.stdout };
}

const unpackers: Readonly<Record<string, string>> = { ".xz": "xz", ".zst": "zstd", ".gz": "gzip" };

function nameModule(path: string): string {
  return basename(path)
    .replace(/\.ko(\.\w+)?$/, "")
    .replaceAll("-", "_");
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
