import type { Binary } from "../../kernel/user/binary.ts";
import { readCgroupId, readNamespace } from "../../kernel/machine/cgroups.ts";
import { openContainerNames } from "../../kernel/machine/container-names.ts";
import type { ContainerNames } from "../../kernel/machine/container-names.ts";
import { haveFeature } from "../../kernel/machine/features.ts";
import { findExecutable, findLibrary } from "../../kernel/user/find-library.ts";
import { listUserFunctions, requireBinary } from "../../kernel/user/function-place.ts";
import { findKernelAddress, findSyscallPrefix, listKernelFunctions } from "../../kernel/machine/kallsyms.ts";
import { openKernelSymbols } from "../../kernel/machine/kernel-symbols.ts";
import { vmlinuxBtf } from "../../kernel/machine/machine.ts";
import type { KernelPort } from "../../kernel/door/port.ts";
import { listTracepoints } from "../../kernel/machine/tracefs.ts";
import { listUsdtProbes, requireUsdtProbes } from "../../kernel/hooks/usdt-probes.ts";
import { splitUsdtArguments } from "../../kernel/hooks/usdt-arguments.ts";
import { findProcessUser } from "../../kernel/user/process-user.ts";
import { openUserSpace } from "../../kernel/user/user-space.ts";
import type { UserSpace } from "../../kernel/user/user-space.ts";
import { openStructFields } from "../../object/find-struct-field.ts";
import type { StructFields } from "../../object/find-struct-field.ts";
import type { KernelLookups, SymbolPlace } from "./lookups.ts";
import { systemFiles } from "../../kernel/door/system-files.ts";

/** Looks things up in /proc/kallsyms, tracefs, BTF and binaries, each at the first question. `findEnded` knows whose the processes were that are gone. Owner: closing it closes the user space, too. */
export function openLookups(
  port: KernelPort,
  userSpace: UserSpace = openUserSpace(port),
  findEnded: (pid: number) => { readonly cgroup: bigint; readonly uid: number } | undefined = () => undefined,
): KernelLookups {
  const kernelSymbols = openKernelSymbols();
  let fields: StructFields | undefined;
  let tracepoints: readonly string[] | undefined;
  let containers: ContainerNames | undefined;
  return {
    findKprobeFunctions: (pattern) => listKernelFunctions(pattern),
    listTracepoints: () => (tracepoints ??= listTracepoints()),
    haveStructField(struct, field) {
      try {
        fields ??= openStructFields(systemFiles.readBytes(vmlinuxBtf));
      } catch {
        return -1;
      }
      return fields.haveField(struct, field);
    },
    haveKfunc: () => haveFeature(port, "fentry") === true,
    findSyscallPrefix: () => findSyscallPrefix(),
    findKernelSymbol: (address) => kernelSymbols.find(address),
    findKernelAddress: (name) => findKernelAddress(name),
    findUserSymbol: (address, pid, demangle) => userSpace.symbols.find(address, pid, demangle),
    findBuildIdSymbol(buildId, offset, pid, demangle) {
      // Most stacks are of processes that were seen before.
      if (pid > 0 && userSpace.binaries.findByBuildId(buildId) === undefined) userSpace.symbols.notice(pid);
      return nameByBuildId(port, userSpace.binaries.findByBuildId(buildId), offset, demangle);
    },
    addModule: (path) => void requireBinary(userSpace, "Cannot add a module", path, 0),
    findUserFunctions: (name, pattern, pid) =>
      listUserFunctions(requireBinary(userSpace, "Cannot list functions", name, pid), pattern),
    findLibrary: (name, pid) => findLibrary(name, pid)?.path,
    findExecutable: (name) => findExecutable(name)?.path,
    findCgroup: readCgroupId,
    findNamespace: readNamespace,
    findContainer(of) {
      containers ??= openContainerNames();
      if ("cgroup" in of) return containers.findByCgroup(of.cgroup);
      const found = containers.findByProcess(of.pid);
      if (found !== undefined) return found ?? undefined;
      const ended = findEnded(of.pid);
      return ended && containers.findByCgroup(ended.cgroup);
    },
    findProcessUser: (pid) => findProcessUser(pid) ?? findEnded(pid)?.uid,
    findUsdtProbes(probe, path, pid) {
      const found =
        probe === ""
          ? listUsdtProbes(port, userSpace, { path, pid })
          : requireUsdtProbes(port, userSpace, { path, pid }, probe);
      return found.map(({ provider, name, file, semaphore, locations }) => ({
        provider,
        name,
        path: file.path,
        semaphore,
        locations: locations.map(({ address, arguments: list }) => ({ address, arguments: splitUsdtArguments(list) })),
      }));
    },
    close: () => userSpace.close(),
  };
}

/** Names a place in a file. A file without a name for it still says which file it is. */
function nameByBuildId(
  port: KernelPort,
  binary: Binary | undefined,
  offset: number,
  demangle: boolean,
): SymbolPlace | undefined {
  const address = binary?.findAddress(offset);
  if (binary === undefined) return undefined;
  const symbol = address === undefined ? undefined : binary.symbols.find(address);
  if (symbol === undefined || address === undefined) return { name: "[unknown]", offset: 0, module: binary.path };
  return {
    name: demangle ? port.demangle(symbol.name) : symbol.name,
    offset: address - symbol.start,
    module: binary.path,
  };
}
