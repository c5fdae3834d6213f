import { openElf } from "./elf.ts";

/** An instruction that older kernels do not know. */
export interface InstructionNeed {
  readonly since: string;
  readonly what: string;
  readonly section: string;
  /** Units: instructions from the start of the section. */
  readonly instruction: number;
}

const INSTRUCTION_BYTES = 8;
const EXECUTABLE = 4;
const WIDE_IMMEDIATE = 0x18;
/** BPF_ATOMIC | BPF_STX of either size, BPF_ADD without BPF_FETCH: what kernels always had. */
const atomicOpcodes = [0xc3, 0xdb];
const atomicAdd = 0x00;
const loadAcquire = 0x100;
const storeRelease = 0x110;

/**
 * Lists the first instruction of each section that needs a newer kernel, kind by kind.
 *
 * Source: Documentation/bpf/standardization/instruction-set.rst, and the kernels that brought its groups: fetching atomics 5.12, the fourth
 * version of the instruction set 6.6, may_goto 6.9, acquire and release 6.15.
 */
export function listInstructionNeeds(object: Uint8Array): readonly InstructionNeed[] {
  const { sections, headers } = openElf(object);
  return sections.flatMap(({ name, data }, index) => {
    if (((headers[index]?.flags ?? 0) & EXECUTABLE) === 0) return [];
    const found = new Map<string, InstructionNeed>();
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    for (let at = 0; at + INSTRUCTION_BYTES <= data.length; at += INSTRUCTION_BYTES) {
      const need = findNeed(view, at);
      if (need !== undefined && !found.has(need[1]))
        found.set(need[1], { since: need[0], what: need[1], section: name, instruction: at / INSTRUCTION_BYTES });
      if (view.getUint8(at) === WIDE_IMMEDIATE) at += INSTRUCTION_BYTES;
    }
    return [...found.values()];
  });
}

function findNeed(view: DataView, at: number): readonly [since: string, what: string] | undefined {
  const opcode = view.getUint8(at);
  const offset = view.getInt16(at + 2, true);
  const immediate = view.getInt32(at + 4, true);
  const [group, operation] = [opcode & 7, opcode & 0xf0];
  const isArithmetic = group === 4 || group === 7;
  if (atomicOpcodes.includes(opcode) && immediate !== atomicAdd) {
    return immediate === loadAcquire || immediate === storeRelease
      ? ["6.15", "loads with acquire and stores with release"]
      : ["5.12", "atomic operations that give the old value, or are no addition"];
  }
  if (opcode === 0xe5) return ["6.9", "may_goto"];
  if (opcode === 0x06) return ["6.6", "long jumps"];
  if (group === 1 && opcode >> 5 === 4) return ["6.6", "loads that extend the sign"];
  if (isArithmetic && operation === 0xb0 && (opcode & 8) !== 0 && offset !== 0)
    return ["6.6", "moves that extend the sign"];
  if (isArithmetic && (operation === 0x30 || operation === 0x90) && offset === 1) return ["6.6", "signed division"];
  if (opcode === 0xd7) return ["6.6", "unconditional byte swaps"];
  return undefined;
}
