import { openElf } from "./elf.ts";

/** Source: struct btf_ext_header of libbpf. Units: bytes from its start. */
const relocationsLength = 28;
const headerLength = 4;

/** Whether programs read members of the kernel's structs, whose places libbpf looks up where it loads them. */
export function readsKernelMembers(object: Uint8Array): boolean {
  const data = openElf(object).sections.find(({ name }) => name === ".BTF.ext")?.data;
  if (data === undefined) return false;
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  return view.getUint32(headerLength, true) > relocationsLength && view.getUint32(relocationsLength, true) > 0;
}
