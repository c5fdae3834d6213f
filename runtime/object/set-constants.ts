import { openElf, readString } from "./elf.ts";

const symbolTable = 2;
const symbolBytes = 24;
const symbolTypeObject = 1;

/**
 * Writes numbers into the constant variables of an object. Returns a copy, or undefined when the object lacks one of the variables.
 *
 * Source: elf(5); libbpf's section `.rodata`.
 */
export function setConstants(
  object: Uint8Array,
  constants: readonly { readonly name: string; readonly value: bigint; readonly size: number }[],
): Uint8Array | undefined {
  // Of a Buffer, slice() would be the same memory.
  const bytes = new Uint8Array(object);
  const { view, headers, sections } = openElf(bytes);
  const symbols = headers.find(({ type }) => type === symbolTable);
  if (symbols === undefined) return undefined;
  const names = sections[symbols.link]!.data;
  const left = new Map(constants.map((constant) => [constant.name, constant]));
  for (let at = symbols.offset; at < symbols.offset + symbols.size; at += symbolBytes) {
    const constant = left.get(readString(names, view.getUint32(at, true)));
    const section = view.getUint16(at + 6, true);
    if (constant === undefined || (bytes[at + 4]! & 0xf) !== symbolTypeObject) continue;
    const { name, value, size } = constant;
    if (sections[section]?.name !== ".rodata" || Number(view.getBigUint64(at + 16, true)) !== size) return undefined;
    const place = headers[section]!.offset + Number(view.getBigUint64(at + 8, true));
    if (size === 4) view.setUint32(place, Number(value), true);
    else view.setBigUint64(place, value, true);
    left.delete(name);
  }
  return left.size === 0 ? bytes : undefined;
}
