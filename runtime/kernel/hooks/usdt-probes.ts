import { AttachError } from "../../base/errors.ts";
import { findSimilar } from "../../base/similar.ts";
import type { Binary } from "../user/binary.ts";
import { listMappedFiles } from "../user/find-library.ts";
import type { FoundFile } from "../user/find-library.ts";
import { requireProcess } from "../user/require-process.ts";
import { requireBinary } from "../user/function-place.ts";
import type { UsdtPlace } from "./usdt.ts";
import type { KernelPort } from "../door/port.ts";
import { settleUsdtSymbols } from "./usdt-arguments.ts";
import { readMappings } from "../user/process-maps.ts";
import type { UserSpace } from "../user/user-space.ts";

/** A USDT probe of a binary: one name, and every place where it stands. */
export interface UsdtProbe {
  readonly provider: string;
  readonly name: string;
  readonly file: FoundFile;
  readonly binary: Binary;
  /** The address of the counter that switches the probe on, 0n for none. */
  readonly semaphore: bigint;
  readonly locations: readonly UsdtLocation[];
}

/** One place of a probe. */
export interface UsdtLocation {
  /** In the binary's own numbering. */
  readonly address: bigint;
  /** `"-4@%edi 8@-24(%rbp)"` */
  readonly arguments: string;
}

/** Where probes are looked for: in a binary, in everything that a process has loaded, or in a binary as a process sees it. */
export interface UsdtScope {
  readonly path?: string;
  readonly pid?: number;
}

/**
 * Lists the USDT probes in a scope.
 *
 * @throws AttachError when there is no such process or binary
 */
export function listUsdtProbes(port: KernelPort, userSpace: UserSpace, scope: UsdtScope): UsdtProbe[] {
  const pid = scope.pid ?? 0;
  const action = "Cannot look for USDT probes";
  if (scope.path !== undefined && scope.path !== "") {
    const { binary, open, path } = requireBinary(userSpace, action, scope.path, pid);
    return readProbes(port, { open, path }, binary);
  }
  requireProcess(action, pid);
  const files = listMappedFiles(pid);
  if (files.length === 0)
    throw new AttachError(`${action}: there is no process ${pid} with code of its own`, { reason: "no_such_process" });
  return files.flatMap((file) => {
    const binary = userSpace.binaries.find(file.open, file.path, [`/proc/${pid}/root`, ""]);
    return binary === undefined ? [] : readProbes(port, file, binary);
  });
}

function readProbes(port: KernelPort, file: FoundFile, binary: Binary): UsdtProbe[] {
  const notes = port.elfUsdtNotes(file.open);
  if (typeof notes === "number") return [];
  const probes = new Map<string, UsdtProbe & { readonly locations: UsdtLocation[] }>();
  for (const { provider, name, semaphore, location, arguments: list } of notes) {
    const key = `${provider}:${name}`;
    const probe = probes.get(key) ?? { provider, name, file, binary, semaphore, locations: [] };
    probes.set(key, probe);
    probe.locations.push({ address: location, arguments: list });
  }
  return [...probes.values()];
}

/**
 * Finds the probes that a script names `"provider:probe"` or, where only one provider has it, `"probe"`.
 *
 * @throws AttachError
 */
export function requireUsdtProbes(
  port: KernelPort,
  userSpace: UserSpace,
  scope: UsdtScope,
  wanted: string,
): UsdtProbe[] {
  const all = listUsdtProbes(port, userSpace, scope);
  const where = scope.path === undefined || scope.path === "" ? `process ${scope.pid}` : `"${scope.path}"`;
  const at = wanted.indexOf(":");
  const fits = all.filter(({ provider, name }) => (at < 0 ? name === wanted : `${provider}:${name}` === wanted));
  if (fits.length === 0)
    throw new AttachError(`Cannot enable the USDT probe "${wanted}": ${where} has no such probe`, {
      reason: "no_such_place",
      hint: advise(wanted, all, at >= 0),
    });
  const providers = [...new Set(fits.map(({ provider }) => provider))];
  if (providers.length > 1) {
    throw new AttachError(`Cannot enable the USDT probe "${wanted}": ${where} has several of that name`, {
      reason: "ambiguous",
      hint: `say which: ${providers.map((provider) => `"${provider}:${wanted}"`).join(", ")}`,
    });
  }
  return fits;
}

/**
 * Says where a probe's places and its semaphore lie in the file, and where in the one process that it is for.
 *
 * @throws AttachError when the notes do not fit the binary
 */
export function placeUsdtProbe(probe: UsdtProbe, pid: number): UsdtPlace[] {
  const name = `${probe.provider}:${probe.name}`;
  const requireOffset = (address: bigint): number => {
    const offset = probe.binary.findOffset(Number(address));
    if (offset === undefined)
      throw new AttachError(
        `Cannot attach to the USDT probe "${name}": its note speaks of the address 0x${address.toString(16)}, which "${probe.file.path}" does not load`,
      );
    return offset;
  };
  const semaphoreOffset = probe.semaphore === 0n ? 0 : requireOffset(probe.semaphore);
  return probe.locations.map((location) => {
    const offset = requireOffset(location.address);
    return {
      name,
      offset,
      semaphoreOffset,
      address: findRuntimeAddress(probe, location.address, offset, pid),
      arguments: settleArguments(probe, location),
    };
  });
}

/** Source: EM_X86_64 of elf.h. */
const x86Machine = 62;

/** Source: ET_EXEC of elf.h. */
const fixedType = 2;

function settleArguments({ binary }: UsdtProbe, { address, arguments: list }: UsdtLocation): string {
  if (binary.info.machine !== x86Machine) return list;
  return settleUsdtSymbols(list, {
    findDistance(symbol) {
      const variable = binary.findObject(symbol);
      return variable === undefined ? undefined : variable - Number(address);
    },
    findAddress: (symbol) => (binary.info.type === fixedType ? binary.findObject(symbol) : undefined),
    findThreadOffset: (symbol) => binary.findThreadOffset(symbol),
  });
}

/** Only a program that is not position independent, or one that runs, has its addresses settled. */
function findRuntimeAddress(
  { binary, file }: UsdtProbe,
  address: bigint,
  offset: number,
  pid: number,
): bigint | undefined {
  if (binary.info.type === fixedType) return address;
  const mapping = (pid > 0 ? readMappings(pid) : []).find(
    ({ path, offset: from, start, end }) => path === file.path && offset >= from && offset < from + end - start,
  );
  return mapping === undefined ? undefined : BigInt(mapping.start + offset - mapping.offset);
}

function advise(wanted: string, all: readonly UsdtProbe[], full: boolean): string {
  if (all.length === 0) return "it has no USDT probes at all: it may have been built without sys/sdt.h";
  const names = all.map(({ provider, name }) => (full ? `${provider}:${name}` : name));
  const similar = findSimilar(wanted, names);
  if (similar !== undefined) return `did you mean "${similar}"?`;
  const shown = [...new Set(names)].slice(0, 8);
  return `there are: ${shown.join(", ")}${names.length > shown.length ? ", …" : ""}`;
}
