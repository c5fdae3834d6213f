import { parseElf } from "./elf.ts";
import { listKernelCalls } from "./list-calls.ts";

const INSTRUCTION_BYTES = 8;
/** `r0 = K` and `w0 = K`. Source: BPF_ALU64 | BPF_MOV | BPF_K and BPF_ALU | BPF_MOV | BPF_K. */
const setsToNumber = new Set([0xb7, 0xb4]);
/** Source: XDP_TX of linux/bpf.h. */
const XDP_TX = 3;
/** Source: bpf_redirect, bpf_redirect_map of enum bpf_func_id. */
const redirects: ReadonlySet<number | undefined> = new Set([23, 51]);

/** Whether an XDP program sends frames out again: it redirects them, or sets its answer to XDP_TX. */
export function mayTransmit(object: Uint8Array, program: string): boolean {
  const { sections, functions } = parseElf(object);
  const found = functions.find(({ name }) => name === program);
  const data = sections.find(({ name }) => name === found?.section)?.data;
  if (found === undefined || data === undefined) return false;
  const [first, end] = [found.offset, found.offset + found.size];
  const isWithin = (place: number): boolean => place >= first && place < end;
  const calls = listKernelCalls(object).filter(
    ({ section, instruction }) => section === found.section && isWithin(instruction * INSTRUCTION_BYTES),
  );
  if (calls.some(({ helper }) => redirects.has(helper))) return true;
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  for (let at = first; at + INSTRUCTION_BYTES <= end; at += INSTRUCTION_BYTES)
    if (setsToNumber.has(data[at]!) && (data[at + 1]! & 0x0f) === 0 && view.getInt32(at + 4, true) === XDP_TX)
      return true;
  return false;
}
