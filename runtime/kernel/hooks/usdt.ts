import { renderErrno } from "../door/errno.ts";
import { haveFeature } from "../machine/features.ts";
import type { FoundFile } from "../user/find-library.ts";
import type { FunctionPlace } from "../user/function-place.ts";
import type { UsdtSpecs } from "./usdt-specs.ts";
import type { AttachTarget } from "./attach.ts";
import { explainUprobe } from "./uprobe.ts";
import { noCookie } from "./attach.ts";

/** One place of a USDT probe, and how its arguments are read there. */
export interface UsdtPlace extends FunctionPlace {
  /** Units: bytes from the start of the file, 0 for none. */
  readonly semaphoreOffset: number;
  /** Units: bytes of memory, where the probe lies in the one process that it is for; undefined when that is not known. */
  readonly address: bigint | undefined;
  readonly arguments: string;
}

/** A USDT probe's place: a uprobe that counts its semaphore up and hands the program the number of its arguments' row. Since: Linux 4.20 for semaphores. */
export function describeUsdt(file: FoundFile, place: UsdtPlace, specs: UsdtSpecs, pid: number): AttachTarget {
  return {
    key: `${file.path}:${place.offset}:${pid}`,
    label: `${file.path}:${place.name}`,
    name: place.name,
    place: {
      kind: "uprobe",
      path: file.open,
      pid,
      retprobe: false,
      offset: BigInt(place.offset),
      refCtrOffset: BigInt(place.semaphoreOffset),
      ownCookie: () => BigInt(specs.describe(place.arguments)),
    },
    open(port, program, name) {
      const spec = specs.describe(place.arguments);
      const haveCookie = haveFeature(port, "bpf_cookie") !== false;
      if (!haveCookie && spec !== 0) {
        if (place.address === undefined) return noCookie;
        specs.placeAt(place.address, spec);
      }
      return port.attachUprobe(program, {
        path: file.open,
        offset: BigInt(place.offset),
        retprobe: false,
        pid,
        refCtrOffset: BigInt(place.semaphoreOffset),
        // A program that reads no arguments gets the number of the name.
        cookie: haveCookie ? BigInt(spec) || name : 0n,
      });
    },
    explain: (port, status) =>
      status === noCookie
        ? {
            reason: "this kernel cannot tell the places of a probe apart by itself",
            hint: "name the one process: new USDT({ pid })",
            unsupported: "bpf_cookie",
          }
        : explainUprobe(port, status, pid),
  };
}

/** A USDT probe for a program that reads its arguments with libbpf's own words. Source: bpf_program__attach_usdt. */
export function describeLibbpfUsdt(file: FoundFile, provider: string, name: string, pid: number): AttachTarget {
  return {
    key: `${file.path}:${provider}:${name}:${pid}`,
    label: `${file.path}:${provider}:${name}`,
    open: (port, program) => port.attachUsdt(program, pid, file.open, provider, name, 0n),
    explain: (port, status) =>
      explainUprobe(port, status, pid) ?? {
        reason: port.lastLog().trim().split("\n").at(-1) || renderErrno(status),
        hint: "bpf_usdt_readarg reads arguments that libbpf's words cannot",
      },
  };
}
