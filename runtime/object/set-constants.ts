import { listSymbols, openElf, symbolType } from "./elf.ts";

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
  const elf = openElf(bytes);
  const left = new Map(constants.map((constant) => [constant.name, constant]));
  for (const symbol of listSymbols(elf)) {
    const constant = left.get(symbol.name);
    if (constant === undefined || symbol.type !== symbolType.object) continue;
    const { name, value, size } = constant;
    if (elf.sections[symbol.section]?.name !== ".rodata" || symbol.size !== size) return undefined;
    const place = elf.headers[symbol.section]!.offset + symbol.offset;
    if (size === 4) elf.view.setUint32(place, Number(value), true);
    else elf.view.setBigUint64(place, value, true);
    left.delete(name);
  }
  return left.size === 0 ? bytes : undefined;
}
