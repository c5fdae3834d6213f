import { existsSync } from "node:fs";
import { join } from "node:path";
import { ToolchainError } from "../base/errors.ts";
import { hashKey, replaceFile } from "./cache.ts";
import { openKernelNames, renderKernelNames } from "./kernel-names.ts";
import type { KernelNames } from "./kernel-names.ts";

/** A module's own types, ready to be included before a unit. */
export interface ModuleHeader {
  /** What `#include "…"` takes: it lies where the prelude's flags look. */
  readonly file: string;
  /** Its names alone. */
  readonly names: KernelNames;
}

export interface ModuleHeaderRequest {
  /** The folder of the kernel's types in the cache. */
  readonly folder: string;
  readonly module: string;
  /** The module's BTF: the header is made anew when it changes. */
  readonly bytes: Uint8Array;
  /** Headers of other modules that stand before it. */
  readonly before: readonly string[];
  /** The names of the kernel itself and of those headers. */
  readonly names: KernelNames;
  /** The module's types and all that they need as C, as libbpf prints them. */
  readonly dumpC: () => string;
}

/** Writes the types of a module, without those of the kernel itself, into the cache. @throws ToolchainError */
export function openModuleHeader(request: ModuleHeaderRequest): ModuleHeader {
  const { folder, module } = request;
  const stem = `module_${module}_${hashKey("2", request.bytes, ...request.before).slice(0, 12)}`;
  const path = join(folder, `${stem}.h`);
  const namesPath = join(folder, `${stem}.names`);
  if (!existsSync(path) || !existsSync(namesPath)) {
    const text = renderModuleHeader(request.dumpC(), request.names);
    if (!replaceFile(path, text) || !replaceFile(namesPath, renderKernelNames(text))) {
      throw new ToolchainError(`Cannot write the types of module "${module}" to "${folder}"`, {
        hint: "set BPFTS_CACHE to a folder that this user can write to",
      });
    }
  }
  return { file: `${stem}.h`, names: openKernelNames(namesPath) };
}

/**
 * Leaves of a module's dump what is not declared already: C accepts a
 * struct only once. Every record gets relocations.
 */
export function renderModuleHeader(dump: string, known: KernelNames): string {
  const kept = splitDeclarations(dump).filter((declaration) => !isKnown(declaration, known));
  return [
    "#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)",
    ...kept,
    "#pragma clang attribute pop",
    "",
  ].join("\n");
}

/** Cuts libbpf's dump into its declarations: each ends in a line that begins with `}` or in a `;` at its first line. */
function splitDeclarations(dump: string): string[] {
  const found: string[] = [];
  let open: string[] | undefined;
  for (const line of dump.split("\n")) {
    if (open !== undefined) {
      open.push(line);
      if (!line.startsWith("}")) continue;
      found.push(open.join("\n"));
      open = undefined;
    } else if (/^(struct|union|enum|typedef)\b/.test(line)) {
      if (line.endsWith("{")) open = [line];
      else found.push(line);
    }
  }
  return found;
}

function isKnown(declaration: string, known: KernelNames): boolean {
  const names = renderKernelNames(declaration).split("\n");
  const forward = /^(struct|union|enum) (\w+);$/.exec(declaration);
  if (forward !== null) return known.haveType(forward[1] as "struct", forward[2]!);
  for (const line of names) {
    const [kind, name] = line.split(" ");
    if (
      name !== undefined &&
      (kind === "struct" || kind === "union" || kind === "enum" || kind === "typedef") &&
      known.haveType(kind, name)
    )
      return true;
    if (
      name !== undefined &&
      kind === "value" &&
      declaration.startsWith("enum") &&
      known.findEnumValue(name) !== undefined
    )
      return true;
  }
  return false;
}

/** Names of the kernel and of some modules together. */
export function joinKernelNames(all: readonly KernelNames[]): KernelNames {
  return {
    haveType: (kind, name) => all.some((names) => names.haveType(kind, name)),
    isBitField: (record, member) => all.some((names) => names.isBitField(record, member)),
    findEnumValue: (name) => all.map((names) => names.findEnumValue(name)).find((value) => value !== undefined),
  };
}
