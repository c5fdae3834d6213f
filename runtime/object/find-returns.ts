import { parseElf } from "./elf.ts";

const INSTRUCTION_BYTES = 8;
const EXIT = 0x95;
/** `r0 = K` and `w0 = K`. Source: BPF_ALU64 | BPF_MOV | BPF_K and BPF_ALU | BPF_MOV | BPF_K. */
const setsToNumber = new Set([0xb7, 0xb4]);

/**
 * Whether a program answers 0 on every way through it: each `exit` follows `r0 = 0` at once, and no jump leads in between.
 * False also means that this cannot be seen.
 */
export function alwaysReturnsZero(object: Uint8Array, program: string): boolean {
  const { sections, functions } = parseElf(object);
  const found = functions.find(({ name }) => name === program);
  const data = sections.find(({ name }) => name === found?.section)?.data;
  if (found === undefined || data === undefined) return false;
  const [first, end] = [found.offset / INSTRUCTION_BYTES, (found.offset + found.size) / INSTRUCTION_BYTES];
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const targets = new Set<number>();
  const exits: number[] = [];
  for (let at = first; at < end; at++) {
    const opcode = data[at * INSTRUCTION_BYTES]!;
    if (opcode === EXIT) exits.push(at);
    else if (isJump(opcode))
      targets.add(
        at +
          1 +
          (opcode === 0x06
            ? view.getInt32(at * INSTRUCTION_BYTES + 4, true)
            : view.getInt16(at * INSTRUCTION_BYTES + 2, true)),
      );
  }
  return exits.length > 0 && exits.every((at) => at > first && !targets.has(at) && setsReturnToZero(view, at - 1));
}

/** Every opcode of the two jump classes but calls. */
function isJump(opcode: number): boolean {
  return ((opcode & 0x07) === 5 || (opcode & 0x07) === 6) && (opcode & 0xf0) !== 0x80;
}

function setsReturnToZero(view: DataView, instruction: number): boolean {
  const at = instruction * INSTRUCTION_BYTES;
  return (
    setsToNumber.has(view.getUint8(at)) &&
    (view.getUint8(at + 1) & 0x0f) === 0 &&
    view.getInt16(at + 2, true) === 0 &&
    view.getInt32(at + 4, true) === 0
  );
}
