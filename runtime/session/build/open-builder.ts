import type { BuildTools } from "./build-tools.ts";
import { dirname, join, resolve } from "node:path";
import { ArgumentError, InterruptedError, ScriptError, UnsupportedFeatureError } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import type { CacheFolder } from "../../compile/cache-folder.ts";
import { headersFile, openKernelHeaders } from "../../compile/kernel-headers.ts";
import { macrosFile, openKernelMacros } from "../../compile/kernel-macros.ts";
import type { KernelTypes } from "../../compile/kernel-types.ts";
import { openPrelude, requireLibbpfHeaders } from "../../compile/prelude.ts";
import { findToolchain } from "../../compile/toolchain.ts";
import { renderMachineHeader } from "../../dialect/words/machine.ts";
import type { CSource } from "../../dialect/text/unit.ts";
import { readMachine, requireBtf } from "../../kernel/machine/machine.ts";
import type { Machine } from "../../kernel/machine/machine.ts";
import { btfFolder } from "../../kernel/machine/module-types.ts";
import { findModuleTypes } from "./find-module.ts";
import type { KernelPort, Status } from "../../kernel/door/port.ts";
import { listTracepoints, mountTracefs, readTracepointFormat } from "../../kernel/machine/tracefs.ts";
import { noGrants, openFileScope } from "../../script/file-scope.ts";
import type { FileScope } from "../../script/file-scope.ts";
import { placeText } from "../../script/place-text.ts";
import type { ScriptText } from "../../script/read-script.ts";
import { locateInPlace, makePlaceRuns, placeWhole } from "../../base/text-place.ts";
import type { PlacePosition, TextPlace } from "../../base/text-place.ts";
import type { SourceFile } from "../../script/place-text.ts";
import type { DialectEnv } from "../../dialect/text/env.ts";
import { describeDialectEnv } from "./dialect-env.ts";
import { findPackageFile } from "./package-files.ts";
import type { BuildRequest } from "./build-request.ts";
import { systemFiles } from "../../kernel/door/system-files.ts";

/** What building for this machine needs; opened at the first text that has anything in it. */
export interface Builder extends BuildTools {
  readonly machine: Machine;
}

/** The kernel that is compiled for. */
export interface KernelSource {
  readonly machine: Machine;
  /** The types of the kernel, `vmlinux`, and a file for each loaded module. */
  readonly btfFolder: string;
  readonly readTracepointFormat: DialectEnv["readTracepointFormat"];
  listTracepoints(): readonly string[];
}

export interface BuilderOptions {
  /** This machine's when absent. */
  readonly kernel?: KernelSource;
  readonly port: KernelPort;
  readonly cache: CacheFolder;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The files that texts may name: none when absent. */
  readonly files?: FileScope;
  readonly log: Log;
}

/**
 * Looks at the kernel that is compiled for. Whoever asks for clang, the kernel's types and our headers finds them ready: that may throw a ToolchainError.
 *
 * @throws UnsupportedFeatureError
 */
export function openBuilder(options: BuilderOptions): Builder {
  const { port, cache, log, files = openFileScope(undefined, noGrants) } = options;
  const kernel = options.kernel ?? openOwnKernel(port);
  const { machine } = kernel;
  const { readTracepointFormat } = kernel;
  let compiler: Compiler | undefined;
  const open = (): Compiler => (compiler ??= openCompiler(options, kernel));
  const dumpModule = (module: string): string =>
    requireDump(port, join(kernel.btfFolder, module), join(kernel.btfFolder, "vmlinux"));
  return {
    machine,
    machineIdentity: [machine.identity, machine.arch, machine.onlineCpus.length, machine.possibleCpus].join(" "),
    environment: options.environment,
    readTracepointFormat,
    findKernelConfig: machine.findConfig,
    get toolchain() {
      return open().toolchain;
    },
    get prelude() {
      return open().prelude;
    },
    get env() {
      return open().env;
    },
    listHeaderFolders: () => [findPackageFile("bpf-headers"), requireLibbpfHeaders()],
    cache,
    files,
    log,
    listTracepoints: () => kernel.listTracepoints(),
    modules: { findTypes: (names) => findModuleTypes(names, kernel.btfFolder), dumpC: dumpModule },
  };
}

type Compiler = Pick<BuildTools, "toolchain" | "prelude" | "env">;

/** @throws ToolchainError, UnsupportedFeatureError */
function openCompiler(
  { port, cache, log, environment, kernel: other }: BuilderOptions,
  kernel: KernelSource,
): Compiler {
  const { machine, readTracepointFormat } = kernel;
  const stopFd = port.signalFd();
  const toolchain = { ...findToolchain(environment), ...(stopFd >= 0 && { stopFd }) };
  if (other === undefined) requireBtf();
  const prelude = openPrelude({
    cache,
    toolchain,
    kernel: describeKernelTypes(port, machine.identity, join(kernel.btfFolder, "vmlinux")),
    headers: findPackageFile("bpf-headers"),
    arch: machine.arch,
    machineIdentity: `${machine.arch} ${machine.versionCode}`,
    // Since: Linux 6.6, on x86-64 and arm64.
    kernelDividesSigned: machine.versionCode >= 0x60600,
    renderMachineHeader: (names) => renderMachineHeader({ ...names, kernelVersionCode: machine.versionCode }),
    log,
    wait: (ms) => waitUnlessStopped(port, ms),
  });
  const macros = openKernelMacros(findPackageFile("bpf-headers", macrosFile), machine.arch);
  const headers = openKernelHeaders(findPackageFile("bpf-headers", headersFile));
  const env = describeDialectEnv({ machine, names: prelude, macros, headers, readTracepointFormat });
  return { toolchain, prelude, env };
}

/** @throws InterruptedError when a signal came */
function waitUnlessStopped(port: KernelPort, ms: number): void {
  if (port.signalPending() !== 0) throw new InterruptedError("A signal came while another run made the kernel's types");
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

function openOwnKernel(port: KernelPort): KernelSource {
  const machine = readMachine();
  // Without it no tracepoint is known; who may not mount it hears of that where a tracepoint is asked for.
  mountTracefs(port);
  return { machine, btfFolder, readTracepointFormat, listTracepoints };
}

function describeKernelTypes(port: KernelPort, identity: string, path: string): KernelTypes {
  return {
    identity,
    dumpC: () => requireDump(port, path),
    listNames: () => requireText(port.btfListNames(path), path),
    selectC: (names) => requireText(port.btfSelectC(path, names.join(" ")), path),
  };
}

function requireDump(port: KernelPort, path: string, base: string | null = null): string {
  return requireText(port.btfDumpC(path, base), path);
}

function requireText(text: string | Status, path: string): string {
  if (typeof text === "string") return text;
  throw new UnsupportedFeatureError("btf", `Cannot read the kernel's types from "${path}" (errno ${-text})`);
}

/** Where a script's C texts may stand. */
export interface SourceScope {
  /** Where relative names start from. */
  readonly folder: string;
  /** The script's own files. */
  readonly files: readonly string[];
  /** All that it may read. */
  readonly scope: FileScope;
  /** Where a place in the script comes from, for a script that was made from another text. */
  readonly findOrigin?: ScriptText["findOrigin"];
}

/**
 * Reads the C text that a script asks to build and finds where it stands.
 *
 * @throws ScriptError when `src_file` is not there or not the script's, ArgumentError when nothing or too much is given.
 */
export function readSource(request: BuildRequest, { folder, files, scope, findOrigin }: SourceScope): CSource {
  if ((request.text === undefined) === (request.srcFile === undefined)) {
    throw new ArgumentError("new BPF() needs exactly one of text and src_file", {
      hint: 'new BPF({ text: `…` }) or new BPF({ src_file: "tool.c" })',
    });
  }
  if (request.srcFile !== undefined) return describeSourceFile(findSourceFile(request.srcFile, folder, scope), scope);
  const text = request.text!;
  const placed = placeText(text, readSources(files, scope));
  if (placed === undefined) return { text, name: "<text>", folder };
  if (findOrigin !== undefined) {
    const locate = (offset: number): PlacePosition | undefined => {
      const place = locateInPlace(placed, offset);
      return place && findOrigin(place.line, place.column);
    };
    return { text, name: "<text>", place: describeOrigin(locate, text), folder };
  }
  return { text, name: placed.exact ? placed.file : "<text>", place: placed, folder };
}

/** The places of a text that was made from another one, by that one's name. */
function describeOrigin(locate: (offset: number) => PlacePosition | undefined, text: string): TextPlace {
  const end = text.length;
  const positions = Array.from({ length: end + 1 }, (_, offset) => locate(offset));
  const file = positions.find((position) => position !== undefined)?.file ?? "<text>";
  return { file, runs: makePlaceRuns(file, end, (offset) => positions[offset]), end };
}

/** What has been changed or removed since the script was read places nothing. */
function readSources(files: readonly string[], scope: FileScope): SourceFile[] {
  return files.flatMap((file) => {
    try {
      return [{ file, text: scope.readText(file) }];
    } catch {
      return [];
    }
  });
}

function findSourceFile(path: string, folder: string, scope: FileScope): string {
  const candidates = [resolve(path), resolve(folder, path)];
  const found = candidates.find((candidate) => scope.covers(candidate) && systemFiles.exists(candidate));
  if (found !== undefined) return found;
  const refused = candidates.find(
    (candidate) => !scope.covers(candidate) && (candidate === resolve(folder, path) || systemFiles.exists(candidate)),
  );
  if (refused !== undefined) throw scope.describeRefusal(refused, "Cannot read the C file");
  throw new ScriptError(`Cannot read the C file "${path}": no such file`, {
    hint: "src_file is taken from the current directory, then from beside the script",
  });
}

/** A whole file as a unit: every offset stands where it stands. @throws ScriptError */
export function describeSourceFile(path: string, scope: FileScope): CSource {
  const text = scope.readText(path);
  const file = resolve(path);
  return { text, name: path, place: placeWhole(file, text), folder: dirname(file) };
}
