import { readClock } from "../base/clock.ts";
import { closeSync, constants, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InternalError, ToolchainError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import { once } from "../base/once.ts";
import { signedDivisionClang } from "./backend-refusals.ts";
import { buildOnce } from "./build-lock.ts";
import { hashKey, touchFile } from "./cache.ts";
import type { CacheFolder } from "./cache-folder.ts";
import { runClang } from "./clang.ts";
import { hideNames } from "./hide-names.ts";
import { describeInput } from "./input-state.ts";
import type { KernelNames } from "./kernel-names.ts";
import { openNames, selectTypes, typesFile, writeAllTypes, writeKernelTypes } from "./kernel-types.ts";
import type { KernelTypes, SelectedTypes } from "./kernel-types.ts";
import { readLibraryHeaders } from "./own-headers.ts";
import type { Toolchain } from "./toolchain.ts";

/**
 * Everything that stands before the user's text, compiled into a precompiled header: a unit on top of it takes 0.02 s to
 * parse. The header has those of the kernel's types that the text names. With all types clang takes a second to make the
 * header, and up to five times as long for each object, since clang describes every type that another one points to.
 */
export interface Prelude extends KernelNames {
  readonly identity: string;
  /** Made ready when they are first asked for. */
  readonly flags: readonly string[];
  /** The folders that its headers come from. */
  readonly folders: readonly string[];
  /** Where the kernel's types lie as C, and those of modules may be put: clang looks there. */
  readonly typesFolder: string;
  /** Answers the prelude for one text, with the types that the text names. A complete prelude answers itself. */
  select(text: string): Prelude;
  /** Answers the prelude with all of the kernel's types, for any text; undefined when this one has them. */
  complete(): Prelude | undefined;
  /** The same without some enumerators and typedefs of the kernel's, whose names a text wants for itself; undefined when there is none of them to hide. */
  hide(names: readonly string[]): Prelude | undefined;
  /** The same for the instruction set that divides signed numbers; undefined when clang or the kernel lacks it, or this is it. */
  divideSigned(): Prelude | undefined;
  /** Makes it anew from the kernel's types on, for a cache that was damaged. */
  rebuild(): void;
}

export interface PreludeRequest {
  readonly cache: CacheFolder;
  readonly toolchain: Toolchain;
  readonly kernel: KernelTypes;
  /** The folder `bpf-headers/`, whose `prelude.h` includes the rest. */
  readonly headers: string;
  /** `__TARGET_ARCH_…` as libbpf's headers name it. */
  readonly arch: string;
  /** Definitions that depend on this machine; `undefined` types are left to the kernel's. */
  readonly renderMachineHeader: (names: KernelNames) => string;
  readonly machineIdentity: string;
  /** Whether the kernel knows version 4 of the instruction set. */
  readonly kernelDividesSigned: boolean;
  readonly log: Log;
  /** Passes a moment while another run makes the same prelude. @throws InterruptedError when a signal came */
  readonly wait: (ms: number) => void;
}

/** A version of the instruction set. The fourth divides signed numbers; kernels have it since 6.6. */
type BpfCpu = "v3" | "v4";

/** What one prelude of a kernel differs in from another. */
interface Variant {
  readonly cpu: BpfCpu;
  /** Names of the kernel's that it shall not have. */
  readonly hidden: readonly string[];
  /** Whether every text is to have all types. */
  readonly isComplete: boolean;
  /** Those of a text: all when absent. */
  readonly types?: SelectedTypes;
  /** The library's headers that the text includes. Compiled with the rest, they are not parsed with each text, and not described in its AST. */
  readonly headers: readonly string[];
}

/** Flags of every clang run on a unit. */
export function listTargetFlags(arch: string, cpu: BpfCpu = "v3"): string[] {
  return [
    "-target",
    "bpf",
    `-mcpu=${cpu}`,
    "-g",
    "-O2",
    `-D__TARGET_ARCH_${arch}`,
    "-fms-extensions",
    "-fno-stack-protector",
    "-fno-caret-diagnostics",
    "-fno-color-diagnostics",
  ];
}

/** Opens the prelude of this kernel. Nothing is made before its flags are asked for. */
export function openPrelude(request: PreludeRequest): Prelude {
  return openVariant(request, { cpu: "v3", hidden: [], isComplete: false, headers: [] });
}

function openVariant(request: PreludeRequest, variant: Variant): Prelude {
  const { cache, toolchain, kernel, arch, log } = request;
  const { cpu, hidden, types, isComplete, headers } = variant;
  const ownFolders = [request.headers, requireLibbpfHeaders()];
  const sources = hashKey(
    kernel.identity,
    request.machineIdentity,
    ...ownFolders.map((headers) => `${headers} ${describeInput(headers)}`),
  );
  const identity = hashKey(
    "prelude 4",
    sources,
    toolchain.identity,
    arch,
    cpu,
    types?.hash ?? "",
    ...headers,
    ...hidden,
  );
  const kernelFolder = join(cache.path, "kernel", hashKey(kernel.identity).slice(0, 16));
  // A precompiled header holds the paths of what it was made from: one of a cache that was copied or moved is another cache's.
  const folder = join(cache.path, "prelude", hashKey(identity, kernelFolder));
  const pch = join(folder, "prelude.pch");
  // Where the folder has kernel's types of its own, those come first.
  const flags = [
    ...listTargetFlags(arch, cpu),
    "-I",
    request.headers,
    ...(hidden.length === 0 && types === undefined
      ? ["-I", kernelFolder, "-I", folder]
      : ["-I", folder, "-I", kernelFolder]),
  ];
  const folders = [request.headers, kernelFolder, folder];
  const names = once(() => openNames(kernelFolder, kernel, log, request.wait));
  const writeTypes = (): void => {
    if (types !== undefined) return writeKernelTypes(join(folder, typesFile), hideNames(types.render(), hidden));
    log.progress?.("first text on this kernel that needs all of its types: reading them (1 of 2)");
    writeAllTypes(kernelFolder, kernel, log);
    if (hidden.length > 0)
      writeKernelTypes(join(folder, typesFile), hideNames(readFileSync(join(kernelFolder, typesFile), "utf8"), hidden));
    log.progress?.("first text on this kernel that needs all of its types: compiling them (2 of 2)");
  };
  const build = (): void => {
    try {
      writeTypes();
      buildPch({ ...request, folder, pch, flags, folders, names: names(), included: headers });
    } finally {
      log.progress?.(undefined);
    }
  };
  const ready = once(() => {
    buildOnce(folder, () => existsSync(pch), build, request.wait);
    touchFile(pch);
    return ["-include-pch", pch, ...flags];
  });
  const reopen = (change: Partial<Variant>): Prelude => openVariant(request, { ...variant, ...change });
  return {
    identity,
    get flags() {
      return ready();
    },
    folders,
    typesFolder: kernelFolder,
    haveType: (kind, name) => names().haveType(kind, name),
    isBitField: (record, member) => names().isBitField(record, member),
    findEnumValue: (name) => names().findEnumValue(name),
    select(text) {
      if (isComplete) return this;
      const readHeaders = (): string[] => [...readHeaderTexts(ownFolders), request.renderMachineHeader(names())];
      const readLibrary = (name: string): string => readFileSync(join(request.headers, name), "utf8");
      const library = readLibraryHeaders(text, readLibrary);
      const texts = [text, ...library.values()].join("\n");
      return reopen({
        types: selectTypes(texts, { cache, kernel, readHeaders, identity: sources }),
        headers: [...library.keys()].filter(isPlain).sort(),
      });
    },
    complete() {
      if (isComplete) return undefined;
      const { types: _types, ...rest } = variant;
      return openVariant(request, { ...rest, isComplete: true });
    },
    hide(wanted) {
      const more = wanted.filter(
        (name) =>
          !hidden.includes(name) && (names().findEnumValue(name) !== undefined || names().haveType("typedef", name)),
      );
      if (more.length === 0) return undefined;
      try {
        const without = reopen({ hidden: [...hidden, ...more].sort() });
        void without.flags;
        return without;
      } catch (error) {
        // Our own headers, or libbpf's, cannot do without it: `u64`.
        if (error instanceof InternalError) return undefined;
        throw error;
      }
    },
    divideSigned: () =>
      cpu === "v3" && request.kernelDividesSigned && toolchain.version >= signedDivisionClang
        ? reopen({ cpu: "v4" })
        : undefined,
    rebuild: () => {
      log.info("the cached kernel types were damaged");
      for (const path of [kernelFolder, folder]) rmSync(path, { recursive: true, force: true });
      openNames(kernelFolder, kernel, log, request.wait);
      build();
    },
  };
}

/** Whether a header of the library has types and functions alone. The others define tables, which belong into the text's own part of an object. */
function isPlain(name: string): boolean {
  return name.startsWith("bpfts_");
}

/** Helpers take pointers: the records that their declarations name need be no more than declared. */
const helperDeclarations = "bpf_helper_defs.h";

/** Reads the headers that stand before each text: those that `prelude.h` includes, out of our folder and libbpf's. */
function readHeaderTexts(folders: readonly string[]): string[] {
  const prelude = readFileSync(join(folders[0]!, "prelude.h"), "utf8");
  const names = [...prelude.matchAll(/^#include [<"](?:bpf\/)?([\w.]+)[>"]/gm)].map((match) => match[1]!);
  const paths = [...names, helperDeclarations].flatMap((name) => folders.map((folder) => join(folder, name)));
  return paths
    .filter((path) => existsSync(path))
    .map((path) => {
      const text = readFileSync(path, "utf8");
      return path.endsWith(helperDeclarations) ? text.replace(/\bstruct \w+/g, "") : text;
    });
}

function buildPch(
  request: PreludeRequest & {
    readonly folder: string;
    readonly pch: string;
    readonly flags: readonly string[];
    readonly folders: readonly string[];
    readonly names: KernelNames;
    /** The library's headers that go with it. */
    readonly included: readonly string[];
  },
): void {
  const { folder, pch, included } = request;
  const started = readClock();
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const machine = join(folder, "bpfts_machine.h");
  // A precompiled header remembers its inputs by time and size: another run's copy must not be replaced.
  if (!existsSync(machine)) writeKernelTypes(machine, request.renderMachineHeader(request.names));
  const source = included.length === 0 ? join(request.headers, "prelude.h") : join(folder, "with-library.h");
  if (included.length > 0 && !existsSync(source))
    writeKernelTypes(source, ["prelude.h", ...included].map((name) => `#include "${name}"\n`).join(""));
  // clang writes nothing into the cache: what it made is taken from a folder of its own.
  const output = mkdtempSync(join(tmpdir(), "bpfts-clang-"));
  try {
    const made = join(output, "prelude.pch");
    // Two first runs may write the same headers at once: what they hold counts, not when they were written.
    const result = runClang(
      request.toolchain,
      ["-x", "c-header", "-Xclang", "-fno-pch-timestamp", ...request.flags, "-Wno-everything", source, "-o", made],
      "",
      { readable: request.folders, writable: output },
    );
    if (!result.ok) {
      throw new InternalError(
        `Cannot compile bpf-headers/prelude.h for this kernel: ${result.stderr.split("\n")[0] ?? ""}`,
        { detail: result.stderr },
      );
    }
    writeKernelTypes(pch, readMade(made));
  } finally {
    rmSync(output, { recursive: true, force: true });
  }
  request.log.info(`compiled the kernel's types and our headers in ${Math.round(readClock() - started)} ms`);
}

/** Reads a file out of clang's own folder: only a file, and never what a link leads to. */
function readMade(path: string): Buffer {
  const file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    return readFileSync(file);
  } finally {
    closeSync(file);
  }
}

/** @throws ToolchainError when the headers of libbpf are not installed. */
export function requireLibbpfHeaders(): string {
  for (const folder of ["/usr/local/include/bpf", "/usr/include/bpf"])
    if (existsSync(join(folder, "bpf_helpers.h"))) return folder;
  throw new ToolchainError("Cannot find libbpf's headers (bpf/bpf_helpers.h)", {
    hint: "install them: apt-get install libbpf-dev",
  });
}
