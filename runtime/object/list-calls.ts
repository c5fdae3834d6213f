import { listRelocations, openElf } from "./elf.ts";
import type { ElfParts } from "./elf.ts";

/** One instruction of a compiled object that calls into the kernel. */
export interface KernelCall {
  /** The section that the instruction stands in. Functions that other programs call stand in `.text`. */
  readonly section: string;
  /** Units: instructions from the start of the section. */
  readonly instruction: number;
  /** The helper's number. Source: enum bpf_func_id of linux/bpf.h. Absent for a kernel function. */
  readonly helper?: number;
  /** The kernel function's name (a kfunc), `""` when the instruction names it by a number of the kernel's types alone. */
  readonly kernelFunction?: string;
}

const INSTRUCTION_BYTES = 8;
/** Source: SHT_PROGBITS and SHF_EXECINSTR of elf.h. */
const CONTENTS = 1;
const EXECUTABLE = 4;
/** Source: BPF_PSEUDO_CALL and BPF_PSEUDO_KFUNC_CALL of linux/bpf.h. */
const callKind = { subprogram: 1, kernelFunction: 2 } as const;

/**
 * Lists every call of a helper or a kernel function in an object, whatever the C text calls it by: in programs, in functions that
 * they call or tail-call, and in functions that nothing loads yet. libbpf loads instructions from executable sections only.
 *
 * Source: Documentation/bpf/standardization/instruction-set.rst and llvm_reloc.rst in the kernel's tree.
 */
export function listKernelCalls(object: Uint8Array): KernelCall[] {
  const elf = openElf(object);
  return elf.sections.flatMap((section, index) => {
    const { type, flags } = elf.headers[index]!;
    if (type !== CONTENTS || (flags & EXECUTABLE) === 0) return [];
    const outside = findOutsideNames(elf, index);
    const { data } = section;
    const calls: KernelCall[] = [];
    for (let at = 0; at + INSTRUCTION_BYTES <= data.length; at += INSTRUCTION_BYTES) {
      if (!isCall(data[at]!)) continue;
      const call = { section: section.name, instruction: at / INSTRUCTION_BYTES };
      const kind = data[at + 1]! >> 4;
      const name = outside.get(at);
      if (name !== undefined || kind === callKind.kernelFunction) calls.push({ ...call, kernelFunction: name ?? "" });
      else if (kind !== callKind.subprogram)
        calls.push({ ...call, helper: new DataView(data.buffer, data.byteOffset + at + 4, 4).getInt32(0, true) });
    }
    return calls;
  });
}

/** BPF_CALL in either jump class, with an operand of either kind. */
function isCall(opcode: number): boolean {
  return (opcode & 0xf0) === 0x80 && ((opcode & 0x07) === 5 || (opcode & 0x07) === 6);
}

/** The names that the instructions of a section refer to and that the object does not define, by the instruction's place. Units: bytes. */
function findOutsideNames(elf: ElfParts, section: number): ReadonlyMap<number, string> {
  const outside = listRelocations(elf, section).filter(({ symbol }) => symbol.section === 0);
  return new Map(outside.map(({ offset, symbol }) => [offset, symbol.name]));
}
