import { readClock } from "../base/clock.ts";
import { closeSync, constants, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { InternalError, ToolchainError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import { signedDivisionClang } from "./backend-refusals.ts";
import { buildOnce } from "./build-lock.ts";
import { hashKey, touchFile, writeFileWhole } from "./cache.ts";
import type { CacheFolder } from "./cache-folder.ts";
import { runClang } from "./clang.ts";
import { hideNames } from "./hide-names.ts";
import { describeInput } from "./input-state.ts";
import { openKernelNames, renderKernelNames } from "./kernel-names.ts";
import type { KernelNames } from "./kernel-names.ts";
import type { Toolchain } from "./toolchain.ts";

/** The kernel whose types units are compiled against. */
export interface KernelTypes {
  /** Changes whenever the kernel's BTF does. */
  readonly identity: string;
  /** All types of the kernel as C; slow, asked for once per kernel. */
  readonly dumpC: () => string;
}

/**
 * Everything that stands before the user's text, compiled once per kernel,
 * clang and version of our headers into a precompiled header: 0.02 s for a unit
 * on top of it, where parsing the kernel's types each time costs 0.4 s.
 */
export interface Prelude extends KernelNames {
  readonly pch: string;
  readonly identity: string;
  readonly flags: readonly string[];
  /** The folders that its headers come from. */
  readonly folders: readonly string[];
  /** Where the kernel's types lie as C, and those of modules may be put: clang looks there. */
  readonly typesFolder: string;
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

/** Opens the prelude of this kernel, building it when this is the first run. `hidden` are names of the kernel's that it shall not have. */
export function openPrelude(request: PreludeRequest, hidden: readonly string[] = [], cpu: BpfCpu = "v3"): Prelude {
  const { cache, toolchain, kernel, arch } = request;
  const identity = hashKey(
    "prelude 3",
    kernel.identity,
    toolchain.identity,
    arch,
    request.machineIdentity,
    ...[request.headers, requireLibbpfHeaders()].map((headers) => `${headers} ${describeInput(headers)}`),
    ...hidden,
    ...(cpu === "v3" ? [] : [`-mcpu=${cpu}`]),
  );
  const kernelFolder = join(cache.path, "kernel", hashKey(kernel.identity).slice(0, 16));
  // A precompiled header holds the paths of what it was made from: one of a cache that was copied or moved is another cache's.
  const folder = join(cache.path, "prelude", hashKey(identity, kernelFolder));
  const pch = join(folder, "prelude.pch");
  // Where names are hidden the folder has kernel's types of its own, which come first.
  const flags = [
    ...listTargetFlags(arch, cpu),
    "-I",
    request.headers,
    ...(hidden.length === 0 ? ["-I", kernelFolder, "-I", folder] : ["-I", folder, "-I", kernelFolder]),
  ];
  const folders = [request.headers, kernelFolder, folder];
  const build = (): KernelNames => {
    try {
      request.log.progress?.("first run on this kernel with this clang: reading the kernel's types (1 of 2)");
      const names = openNames(kernelFolder, kernel, request.log);
      if (hidden.length > 0)
        writeKernelTypes(
          join(folder, typesFile),
          hideNames(readFileSync(join(kernelFolder, typesFile), "utf8"), hidden),
        );
      request.log.progress?.("first run on this kernel with this clang: compiling the kernel's types (2 of 2)");
      buildPch({ ...request, folder, pch, flags, folders, names });
      return names;
    } finally {
      request.log.progress?.(undefined);
    }
  };
  buildOnce(folder, () => existsSync(pch) && haveNames(kernelFolder), build, request.wait);
  touchFile(pch);
  let names = openNames(kernelFolder, kernel, request.log);
  return {
    pch,
    identity,
    flags: ["-include-pch", pch, ...flags],
    folders,
    typesFolder: kernelFolder,
    ...names,
    hide(wanted) {
      const more = wanted.filter(
        (name) =>
          !hidden.includes(name) && (names.findEnumValue(name) !== undefined || names.haveType("typedef", name)),
      );
      if (more.length === 0) return undefined;
      try {
        return openPrelude(request, [...hidden, ...more].sort(), cpu);
      } catch (error) {
        // Our own headers, or libbpf's, cannot do without it: `u64`.
        if (error instanceof InternalError) return undefined;
        throw error;
      }
    },
    divideSigned: () =>
      cpu === "v3" && request.kernelDividesSigned && toolchain.version >= signedDivisionClang
        ? openPrelude(request, hidden, "v4")
        : undefined,
    rebuild: () => {
      request.log.info("the cached kernel types were damaged");
      for (const path of [kernelFolder, folder]) rmSync(path, { recursive: true, force: true });
      names = build();
    },
  };
}

function buildPch(
  request: PreludeRequest & {
    readonly folder: string;
    readonly pch: string;
    readonly flags: readonly string[];
    readonly folders: readonly string[];
    readonly names: KernelNames;
  },
): void {
  const { folder, pch } = request;
  const started = readClock();
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const machine = join(folder, "bpfts_machine.h");
  // A precompiled header remembers its inputs by time and size: another run's copy must not be replaced.
  if (!existsSync(machine)) writeKernelTypes(machine, request.renderMachineHeader(request.names));
  // clang writes nothing into the cache: what it made is taken from a folder of its own.
  const output = mkdtempSync(join(tmpdir(), "bpfts-clang-"));
  try {
    const made = join(output, "prelude.pch");
    // Two first runs may write the same headers at once: what they hold counts, not when they were written.
    const result = runClang(
      request.toolchain,
      [
        "-x",
        "c-header",
        "-Xclang",
        "-fno-pch-timestamp",
        ...request.flags,
        "-Wno-everything",
        join(request.headers, "prelude.h"),
        "-o",
        made,
      ],
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
  request.log.info(`compiled the kernel's types in ${Math.round(readClock() - started)} ms`);
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

/** @throws ToolchainError when that cannot be */
function writeKernelTypes(path: string, body: Uint8Array | string): void {
  try {
    writeFileWhole(path, body);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const isFull = code === "ENOSPC" || code === "EDQUOT";
    throw new ToolchainError(`Cannot write the kernel's types to "${dirname(path)}": ${message}`, {
      cause,
      hint: isFull
        ? "make room there, or set BPFTS_CACHE to a folder with room for 40 MiB"
        : "set BPFTS_CACHE to a folder that this user can write to",
    });
  }
}

const typesFile = "vmlinux.h";
const namesFile = "names-4";

function haveNames(folder: string): boolean {
  return existsSync(join(folder, namesFile)) && existsSync(join(folder, typesFile));
}

/** The kernel's types as C, and their names alone in a file that is quick to search. */
function openNames(folder: string, kernel: KernelTypes, log: Log): KernelNames {
  const header = join(folder, typesFile);
  const namesPath = join(folder, namesFile);
  if (!haveNames(folder)) {
    const started = readClock();
    // Writing the header again would make every prelude on top of it stale.
    const text = existsSync(header) ? readFileSync(header, "utf8") : kernel.dumpC();
    if (!existsSync(header)) writeKernelTypes(header, text);
    writeKernelTypes(namesPath, renderKernelNames(text));
    log.info(`wrote the kernel's types in ${Math.round(readClock() - started)} ms`);
  }
  touchFile(namesPath);
  return openKernelNames(namesPath);
}

/** @throws ToolchainError when the headers of libbpf are not installed. */
export function requireLibbpfHeaders(): string {
  for (const folder of ["/usr/local/include/bpf", "/usr/include/bpf"])
    if (existsSync(join(folder, "bpf_helpers.h"))) return folder;
  throw new ToolchainError("Cannot find libbpf's headers (bpf/bpf_helpers.h)", {
    hint: "install them: apt-get install libbpf-dev",
  });
}
