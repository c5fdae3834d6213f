import { btfKind, parseBtf } from "./btf.ts";
import type { BtfType } from "./btf.ts";
import { openElf } from "./elf.ts";
import { renderDefinition, renderPrototype } from "./render-c.ts";

const definitions = new Set<number>([btfKind.struct, btfKind.union, btfKind.enum, btfKind.enum64, btfKind.typedef]);

/** Renders the type information of an object as C: the named types with the places of their members, then the functions. Empty for an object without any. */
export function renderObjectTypes(object: Uint8Array): string {
  const btf = openElf(object).sections.find(({ name }) => name === ".BTF")?.data;
  if (btf === undefined) return "";
  const types = parseBtf(btf);
  const all: readonly BtfType[] = Array.from({ length: types.count - 1 }, (_, index) => types.require(index + 1));
  return [
    ...all
      .filter(({ kind, name }) => name !== "" && definitions.has(kind))
      .map((type) => renderDefinition(types, type)),
    ...all
      .filter(({ kind }) => kind === btfKind.function)
      .map(({ sizeOrType, name }) => `${renderPrototype(types, types.require(sizeOrType), name)};\n`),
  ].join("");
}
