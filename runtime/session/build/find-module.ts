import type { UnloadedModule } from "../../dialect/text/env.ts";
import {
  btfFolder,
  listModuleFiles,
  listTypedModules,
  readModuleFile,
  readModuleTypes,
} from "../../kernel/machine/module-types.ts";
import { parseElf } from "../../object/elf.ts";
import { findDeclaredNames } from "../../object/split-btf.ts";

/** A loaded module and which of the names that were looked for its types declare. */
export interface ModuleMatch {
  readonly module: string;
  readonly names: readonly string[];
  /** Its types as they are in the kernel. */
  readonly bytes: Uint8Array;
}

/** Finds the loaded modules whose types declare any of some names. `folder` is the kernel's, or one with such files of another kernel. */
export function findModuleTypes(wanted: readonly string[], folder: string = btfFolder): ModuleMatch[] {
  const base = wanted.length === 0 ? undefined : readModuleTypes("vmlinux", folder);
  if (base === undefined) return [];
  return listTypedModules(folder).flatMap((module) => {
    const bytes = module === "vmlinux" ? undefined : readModuleTypes(module, folder);
    const names = bytes === undefined ? [] : findDeclaredNames(bytes, base, wanted);
    return names.length === 0 ? [] : [{ module, names, bytes: bytes! }];
  });
}

/**
 * Finds a module that is not loaded and has a type, among those whose name the type's name begins
 * with: reading every module's file would take seconds. Packed files are not read.
 */
export function findUnloadedModule(
  name: string,
  release: string,
  folder: string = btfFolder,
): UnloadedModule | undefined {
  const loaded = new Set(listTypedModules(folder));
  const candidates = listModuleFiles(release)
    .filter(({ module }) => isNamedAfter(name, module) && !loaded.has(module))
    .sort((a, b) => a.module.length - b.module.length);
  if (candidates.length === 0) return undefined;
  const base = readModuleTypes("vmlinux", folder);
  for (const { path, module, isPacked } of candidates) {
    const types = isPacked || base === undefined ? undefined : readTypes(path);
    if (types !== undefined && findDeclaredNames(types, base!, [name]).length > 0) return { module, isSure: true };
  }
  const likely = candidates.find(({ isPacked, module }) => isPacked && name.startsWith(module));
  return likely === undefined ? undefined : { module: likely.module, isSure: false };
}

/** `nfs_open_context` may be of `nfs`, `nfsd` or `nfsv4`: the first word is what they share. */
function isNamedAfter(name: string, module: string): boolean {
  const word = name.split("_")[0]!;
  return word.length >= 2 && (module.startsWith(word) || name.startsWith(`${module}_`));
}

function readTypes(path: string): Uint8Array | undefined {
  try {
    return parseElf(readModuleFile(path) ?? new Uint8Array()).sections.find((section) => section.name === ".BTF")?.data;
  } catch {
    // Not whole, or for another machine: as good as not there.
    return undefined;
  }
}
