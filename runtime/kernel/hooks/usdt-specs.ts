import { AttachError } from "../../base/errors.ts";
import type { Machine } from "../machine/machine.ts";
import type { Handle, KernelPort } from "../door/port.ts";
import { parseUsdtArguments } from "./usdt-arguments.ts";
import type { UsdtArgument } from "./usdt-arguments.ts";

/** The tables of a program in which its functions look up where the arguments of the probe are that was hit. */
export interface UsdtSpecs {
  /**
   * Says how to read arguments: answers the number by which the program knows them, 0 when the program reads none.
   *
   * @throws AttachError when there are too many different ones
   */
  describe(argumentsText: string): number;
  /** For kernels that cannot hand a number to a probe: what is read when it is hit at an address. @throws AttachError */
  placeAt(address: bigint, spec: number): void;
}

/** Names and sizes as in bpf-headers/bcc_usdt.h. */
const specMap = "__bpfts_usdt_specs";
const addressMap = "__bpfts_usdt_addresses";
const ARGUMENTS = 12;
const ARGUMENT_BYTES = 16;
const SPEC_BYTES = ARGUMENTS * ARGUMENT_BYTES + 8;
const NO_REGISTER = 0xffff;
const operandCodes = { unreadable: 0, constant: 1, register: 2, memory: 3, thread: 4 } as const;

/** Opens the tables of one program. */
export function openUsdtSpecs(
  port: KernelPort,
  arch: Machine["arch"],
  findMap: (name: string) => Handle | undefined,
): UsdtSpecs {
  const known = new Map<string, number>();
  return {
    describe(text) {
      const map = findMap(specMap);
      if (map === undefined) return 0;
      const existing = known.get(text);
      if (existing !== undefined) return existing;
      const spec = known.size + 1;
      requireRoom(port.mapUpdate(map, encodeKey(spec), encodeSpec(parseUsdtArguments(text, arch)), 0));
      known.set(text, spec);
      return spec;
    },
    placeAt(address, spec) {
      const map = findMap(addressMap);
      if (map === undefined || spec === 0) return;
      requireRoom(port.mapUpdate(map, new Uint8Array(BigUint64Array.of(address).buffer), encodeKey(spec), 0));
    },
  };
}

function requireRoom(status: number): void {
  if (status < 0)
    throw new AttachError(
      "Cannot attach to a USDT probe: one program reads the arguments of too many different probes",
      { hint: "use a second BPF program for some of them" },
    );
}

function encodeKey(spec: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(spec).buffer);
}

/** Source: struct __bpfts_usdt_spec */
function encodeSpec(list: readonly UsdtArgument[]): Uint8Array {
  const bytes = new Uint8Array(SPEC_BYTES);
  const view = new DataView(bytes.buffer);
  for (const [index, { operand, size, signed }] of list.slice(0, ARGUMENTS).entries()) {
    const at = index * ARGUMENT_BYTES;
    const memory = operand.kind === "memory" || operand.kind === "thread" ? operand : undefined;
    const register = operand.kind === "register" ? operand.register : memory?.base;
    const value = operand.kind === "constant" ? operand.value : (memory?.offset ?? 0n);
    view.setBigInt64(at, BigInt.asIntN(64, value), true);
    view.setUint16(at + 8, register ?? NO_REGISTER, true);
    view.setUint16(at + 10, memory?.index ?? NO_REGISTER, true);
    view.setUint8(at + 12, operandCodes[operand.kind]);
    view.setUint8(at + 13, memory?.shift ?? 0);
    view.setUint8(at + 14, size);
    view.setUint8(at + 15, signed ? 1 : 0);
  }
  view.setUint32(ARGUMENTS * ARGUMENT_BYTES, Math.min(list.length, ARGUMENTS), true);
  return bytes;
}
