import { openElf, readString } from "./elf.ts";

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
const RELOCATION_BYTES = 16;
const SYMBOL_BYTES = 24;
/** Source: SHT_PROGBITS, SHT_REL and SHF_EXECINSTR of elf.h. */
const sectionType = { contents: 1, relocations: 9 } as const;
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
    if (type !== sectionType.contents || (flags & EXECUTABLE) === 0) return [];
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
function findOutsideNames(elf: ReturnType<typeof openElf>, section: number): ReadonlyMap<number, string> {
  const { view, headers, sections } = elf;
  const names = new Map<number, string>();
  for (const { type, info, link, offset, size } of headers) {
    const symbols = headers[link];
    const strings = sections[symbols?.link ?? 0]?.data;
    if (type !== sectionType.relocations || info !== section || symbols === undefined || strings === undefined)
      continue;
    for (let at = offset; at + RELOCATION_BYTES <= offset + size; at += RELOCATION_BYTES) {
      const symbol = symbols.offset + view.getUint32(at + 12, true) * SYMBOL_BYTES;
      if (view.getUint16(symbol + 6, true) !== 0) continue;
      names.set(Number(view.getBigUint64(at, true)), readString(strings, view.getUint32(symbol, true)));
    }
  }
  return names;
}
